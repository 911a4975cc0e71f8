"""Checks of acts.csv: in the order of their times, about things that the folder has."""

from collections.abc import Iterable

from node_api.domain.importing.acts import ACTS, ActRow, act
from node_api.domain.importing.cells import Cells
from node_api.domain.importing.faults import Fault
from node_api.services.importing.register import Known, Register, read_all
from node_api.services.importing.report import Faults
from node_api.services.importing.table import Table


class ActCheck:
    """Holds the rows read, each by its number."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._acts: Register[str, ActRow] = Register("act", ACTS.file)
        self._before: ActRow | None = None

    def read(self, table: Table) -> None:
        """Reads acts.csv."""
        read_all(table, act, self._take)

    def rows(self) -> tuple[ActRow, ...]:
        """The sound rows in the order of the file."""
        return self._acts.sound()

    def codes(self) -> set[int]:
        """The codes they are about."""
        return {row.code for row in self.rows() if row.code is not None}

    def settle_codes(self, there: Iterable[int], faults: Faults) -> None:
        """Hands in acts about codes that redemptions.csv does not have."""
        missing = self.codes() - set(there)
        faults.add(
            Fault(
                file=ACTS.file,
                line=self._acts.lines[str(row.number)],
                column="code",
                value=str(row.code),
                rule="no such code in redemptions.csv",
                remedy="add it to redemptions.csv, or correct the number",
            )
            for row in self.rows()
            if row.code in missing
        )

    def _take(self, cells: Cells, row: ActRow | None) -> None:
        if row is not None:
            self._check_order(cells, row)
            self._check_references(cells, row)
        self._acts.put(cells, "act", cells.text("act"), row)

    def _check_order(self, cells: Cells, row: ActRow) -> None:
        if row.until is not None and row.until <= row.at and row.expected is None:
            cells.note("until", "until lies after at", "give the first second that no longer counts")
        before, self._before = self._before, row
        if before is None:
            return
        if row.number <= before.number:
            cells.note("act", "act numbers rise", f"the act before has {before.number}")
        if row.at < before.at:
            cells.note("at", "acts stand in the order of their times", "sort the file by at")

    def _check_references(self, cells: Cells, row: ActRow) -> None:
        known = self._known
        if row.programme is not None:
            known.programmes.find(cells, "programme", row.programme)
        if row.batch is not None:
            known.batches.find(cells, "batch", row.batch)
        if row.merchant is not None:
            known.merchants.find(cells, "merchant", row.merchant)
        roll = known.rolls.find(cells, "roll", row.roll) if row.roll is not None else None
        if roll is not None and row.place is not None and row.place >= roll.places:
            cells.note("place", f"the roll has {roll.places} places", "give a place of the roll")
