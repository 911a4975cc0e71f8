"""A file of holders: one wallet a line, or a CSV with a column `holder` (and, where wanted, `again`)."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from node_api.domain.ids import MAX_PLACES
from node_api.domain.importing.faults import BadValue, Fault, shortened
from node_api.domain.importing.rows import Ref, RollRow
from node_api.domain.importing.wallets import Custody, Wallet, custody, wallet
from node_api.services.importing.report import FaultReport, Faults
from node_api.services.importing.table import WRONG_CHECKSUM, Checksum, is_sound
from node_api.services.people_file import HEADERS

_COLUMN, _AGAIN = "holder", "again"


class _Unreadable(Exception):
    """From here on nothing can be said of the file's lines; carries why."""

    def __init__(self, line: int, value: str, rule: str, remedy: str) -> None:
        super().__init__(rule)
        self.line, self.value, self.rule, self.remedy = line, value, rule, remedy


@dataclass(frozen=True, slots=True)
class Holders:
    """Wallets in the order of the file, by who keeps their keys."""

    kept_by_node: tuple[Wallet, ...]
    own_devices: tuple[Wallet, ...]

    def __len__(self) -> int:
        return len(self.kept_by_node) + len(self.own_devices)


def read_holders_file(path: Path, checksum: Checksum) -> Holders | FaultReport:
    """Reads the file: the holders, or every fault in it. Nobody stands in it twice unless marked `again`.

    Args:
        path: the file.
        checksum: whether a mixed-case address is a right EIP-55 one.
    """
    faults = Faults()
    found: dict[bool, list[Wallet]] = {True: [], False: []}
    lines: dict[Wallet, int] = {}
    try:
        for line, text, again in _cells(path):
            try:
                holder = wallet(text)
                if not is_sound(text, checksum):
                    raise BadValue(*WRONG_CHECKSUM)
                _check_again(again, lines.get(holder))
            except BadValue as bad:
                faults.add([Fault(path.name, line, _COLUMN, shortened(text), bad.rule, bad.remedy)])
                continue
            lines.setdefault(holder, line)
            found[custody(holder) is Custody.NODE].append(holder)
    except _Unreadable as bad:
        faults.add([Fault(path.name, bad.line, "", shortened(bad.value), bad.rule, bad.remedy)])
    except (OSError, UnicodeDecodeError) as error:
        rule, remedy = "the file is UTF-8 text", "save it as UTF-8, one holder a line"
        faults.add([Fault(path.name, 0, "", str(error), rule, remedy)])
    if not faults.total and not lines:
        faults.add([Fault(path.name, 0, "", "", "the file names at least one holder", "add a line")])
    return faults.report() if faults.total else Holders(tuple(found[True]), tuple(found[False]))


def rolls_of(holders: Holders, programme: Ref, ref: str) -> tuple[RollRow, ...]:
    """The rolls the holders fill: `REF.node.1` … for the node's wallet, `REF.own.1` … for own devices."""
    return tuple(
        RollRow(Ref(f"{ref}.{kind}.{number}"), programme, custodial, len(part), RollRow.pack(part))
        for kind, custodial, wallets in (("node", True, holders.kept_by_node), ("own", False, holders.own_devices))
        for number, part in enumerate(_parts(wallets), start=1)
    )


def _cells(path: Path) -> Iterator[tuple[int, str, bool]]:
    """(line, wallet, whether marked `again`) of each line that is not blank."""
    column, again, is_first = 0, -1, True
    for line, cells in _lines(path):
        if is_first and _COLUMN in cells:
            column, again = cells.index(_COLUMN), cells.index(_AGAIN) if _AGAIN in cells else -1
        elif is_first and (named := [cell for cell in cells if cell.lower() in HEADERS]):
            rule = f"a header is the first line, and one of its columns is {_COLUMN}"
            raise _Unreadable(line, named[0], rule, f"write {_COLUMN} over the holders, or take the line out")
        else:
            text = cells[column] if column < len(cells) else ""
            yield line, text, 0 <= again < len(cells) and cells[again] == _AGAIN
        is_first = False


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The cells of each line that is not blank. Raises _Unreadable, OSError, UnicodeDecodeError."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file, strict=True)
        try:
            for row in rows:
                cells = [cell.strip() for cell in row]
                if any(cells):
                    yield rows.line_num, cells
        except csv.Error as bad:
            raise _Unreadable(rows.line_num, str(bad), "the line is CSV", "quote as RFC 4180 says") from bad


def _check_again(again: bool, before: int | None) -> None:
    rule = "who has another place is marked, and only who has"
    if before is not None and not again:
        raise BadValue(rule, f"line {before} has this holder; take one out, or write `again` in a column of that name")
    if before is None and again:
        raise BadValue(rule, "this is the holder's first line: empty the cell")


def _parts(wallets: tuple[Wallet, ...]) -> Iterator[tuple[Wallet, ...]]:
    for start in range(0, len(wallets), MAX_PLACES):
        yield wallets[start : start + MAX_PLACES]
