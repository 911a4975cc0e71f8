"""The import folder (docs/import.md): checked as a whole, then handed out as rows.

Nothing downstream reads the CSV files itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from node_api.domain.importing import parse
from node_api.domain.importing.acts import ACTS, ActRow
from node_api.domain.importing.cells import Columns
from node_api.domain.importing.faults import Fault
from node_api.domain.importing.parse_redemption import REDEMPTIONS, redemption
from node_api.domain.importing.rows import (
    BatchRow,
    BudgetLineRow,
    CategoryRow,
    IssueRow,
    MerchantRow,
    ProgrammeRow,
    RedemptionRow,
    RollRow,
)
from node_api.services.importing.acts import ActCheck
from node_api.services.importing.catalogue import (
    read_batches,
    read_budget_lines,
    read_categories,
    read_merchants,
    read_programmes,
)
from node_api.services.importing.redemptions import checked_redemptions
from node_api.services.importing.register import Known
from node_api.services.importing.report import FaultReport, Faults
from node_api.services.importing.rolls import read_holders, read_issues
from node_api.services.importing.table import Checksum, Progress, Table, no_progress

__all__ = ["FaultReport", "ImportFolder", "RedemptionsChanged", "check_folder"]


class RedemptionsChanged(Exception):
    """redemptions.csv is no longer the file that was checked."""


@dataclass(frozen=True, slots=True)
class ImportFolder:
    """A folder without faults. Rows stand in the order of their files.

    Attributes:
        rolls: in the order of holders.csv; a place costs about as many bytes as its text.
        redemption_count: rows of redemptions.csv, which `redemptions` streams.
        acts: what is done between the redemptions.
    """

    path: Path
    categories: tuple[CategoryRow, ...]
    programmes: tuple[ProgrammeRow, ...]
    budget_lines: tuple[BudgetLineRow, ...]
    merchants: tuple[MerchantRow, ...]
    batches: tuple[BatchRow, ...]
    rolls: tuple[RollRow, ...]
    issues: tuple[IssueRow, ...]
    redemption_count: int
    acts: tuple[ActRow, ...] = ()

    @property
    def voucher_count(self) -> int:
        """Vouchers that the issues make: one for every place of each roll issued to."""
        places = {roll.ref: roll.places for roll in self.rolls}
        return sum(places[issue.roll] for issue in self.issues)

    def redemptions(self) -> Iterator[RedemptionRow]:
        """The rows of redemptions.csv, read from the file again; `by_code` puts those of a code together.

        Raises:
            RedemptionsChanged: the file was changed since the check, so that a row no longer reads.
        """
        if self.redemption_count == 0:
            return
        faults = Faults()
        table = Table(self.path, REDEMPTIONS, faults)
        for cells in table.rows():
            row = redemption(cells)
            if row is None:
                raise RedemptionsChanged(str(cells.faults[0]))
            yield row
        if faults.total:
            raise RedemptionsChanged(str(faults.report().faults[0]))


def check_folder(
    path: Path, *, progress: Progress = no_progress, checksum: Checksum | None = None
) -> ImportFolder | FaultReport:
    """Reads and checks a whole folder: the folder as rows, or every fault of all its files.

    Nothing is written. Files are streamed; a fault of one row hides no fault of another.

    Args:
        path: the folder.
        progress: told file name, bytes read and bytes in all, now and then.
        checksum: whether a mixed-case address is a right EIP-55 one; without it the letters' case is not looked at.
    """
    if not path.is_dir():
        faults = Faults()
        faults.add([Fault("", 0, "", str(path), "the import folder does not exist", "give the path of a folder")])
        return faults.report()
    return _Checker(path, progress, checksum).run()


class _Checker:
    def __init__(self, path: Path, progress: Progress, checksum: Checksum | None) -> None:
        self._path = path
        self._progress = progress
        self._checksum = checksum
        self._faults = Faults()
        self._known = Known()

    def run(self) -> ImportFolder | FaultReport:
        known, faults = self._known, self._faults
        categories = read_categories(self._table(parse.CATEGORIES)) if self._has(parse.CATEGORIES.file) else ()
        read_programmes(self._table(parse.PROGRAMMES), known)
        read_budget_lines(self._table(parse.BUDGET_LINES), known, faults)
        read_merchants(self._table(parse.MERCHANTS), known)
        read_batches(self._table(parse.BATCHES), known)
        read_holders(self._table(parse.HOLDERS), known)
        issues = read_issues(self._table(parse.ISSUES), known, faults)
        acts = ActCheck(known)
        if self._has(ACTS.file):
            acts.read(self._table(ACTS))
        redemptions, wanted, codes = 0, acts.codes(), set[int]()
        if self._has(REDEMPTIONS.file):
            for row in checked_redemptions(self._table(REDEMPTIONS), known):
                redemptions += 1
                codes |= wanted & {row.code}
        acts.settle_codes(codes, faults)
        if faults.total:
            return faults.report()
        return ImportFolder(
            path=self._path,
            categories=categories,
            programmes=known.programmes.sound(),
            budget_lines=known.lines.sound(),
            merchants=known.merchants.sound(),
            batches=known.batches.sound(),
            rolls=known.rolls.sound(),
            issues=issues,
            redemption_count=redemptions,
            acts=acts.rows(),
        )

    def _has(self, file: str) -> bool:
        return (self._path / file).exists()

    def _table(self, columns: Columns) -> Table:
        return Table(self._path, columns, self._faults, self._progress, self._checksum)
