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

_COLUMN, _AGAIN = "holder", "again"


@dataclass(frozen=True, slots=True)
class Holders:
    """Wallets in the order of the file, by who keeps their keys."""

    kept_by_node: tuple[Wallet, ...]
    own_devices: tuple[Wallet, ...]

    def __len__(self) -> int:
        return len(self.kept_by_node) + len(self.own_devices)


def read_holders_file(path: Path) -> Holders | FaultReport:
    """Reads the file: the holders, or every fault in it. Nobody stands in it twice unless marked `again`."""
    faults = Faults()
    found: dict[bool, list[Wallet]] = {True: [], False: []}
    lines: dict[Wallet, int] = {}
    try:
        for line, text, again in _cells(path):
            try:
                holder = wallet(text)
                _check_again(again, lines.get(holder))
            except BadValue as bad:
                faults.add([Fault(path.name, line, _COLUMN, shortened(text), bad.rule, bad.remedy)])
                continue
            lines.setdefault(holder, line)
            found[custody(holder) is Custody.NODE].append(holder)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
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
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file, strict=True)
        column, again = 0, -1
        for row in rows:
            cells = [cell.strip() for cell in row]
            if not any(cells):
                continue
            if _COLUMN in cells and rows.line_num == 1:
                column, again = cells.index(_COLUMN), cells.index(_AGAIN) if _AGAIN in cells else -1
                continue
            text = cells[column] if column < len(cells) else ""
            yield rows.line_num, text, 0 <= again < len(cells) and cells[again] == _AGAIN


def _check_again(again: bool, before: int | None) -> None:
    rule = "who has another place is marked, and only who has"
    if before is not None and not again:
        raise BadValue(rule, f"line {before} has this holder; take one out, or write `again` in a column of that name")
    if before is None and again:
        raise BadValue(rule, "this is the holder's first line: empty the cell")


def _parts(wallets: tuple[Wallet, ...]) -> Iterator[tuple[Wallet, ...]]:
    for start in range(0, len(wallets), MAX_PLACES):
        yield wallets[start : start + MAX_PLACES]
