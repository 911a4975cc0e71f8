"""Checks of rolls and issues: places without gaps, one custody, quotas and budgets kept.

Places are many, so their loop is lean.
"""

import re

from node_api.domain.ids import MAX_PLACES
from node_api.domain.importing import parse, values
from node_api.domain.importing.cells import Cells
from node_api.domain.importing.faults import Fault
from node_api.domain.importing.rows import BatchRow, IssueRow, Ref, RollRow
from node_api.domain.importing.wallets import Custody, Wallet, custody, wallet
from node_api.services.importing.register import Known, read_all
from node_api.services.importing.report import Faults
from node_api.services.importing.table import Table

_CUSTODIAL = re.compile(r"(?!0[xX])[A-Za-z0-9._-]{1,64}")
_place = values.whole(0, MAX_PLACES - 1)
_again = values.one_of("again")


class _Roll:
    """The roll being read."""

    __slots__ = ("custodial", "holders", "is_sound", "line", "next_place", "programme", "ref", "seen")

    def __init__(self, ref: str, programme: str, line: int) -> None:
        self.ref = ref
        self.programme = programme
        self.line = line
        self.holders: list[Wallet] = []
        self.seen: set[str] = set()
        self.next_place = 0
        self.custodial: bool | None = None
        self.is_sound = True

    def row(self) -> RollRow | None:
        """The roll as a row; None if a place of it is at fault."""
        if not self.is_sound:
            return None
        packed = RollRow.pack(self.holders)
        return RollRow(Ref(self.ref), Ref(self.programme), bool(self.custodial), len(self.holders), packed)


def read_holders(table: Table, known: Known) -> None:
    """Reads holders.csv."""
    roll = _Roll("", "", 0)
    for line, places, row in table.raw_rows():
        ref, programme, holder = row[places["roll"]], row[places["programme"]], row[places["holder"]]
        again = places.get("again")
        if (
            ref == roll.ref
            and programme == roll.programme
            and roll.custodial
            and row[places["place"]] == str(roll.next_place)
            and roll.next_place < MAX_PLACES
            and holder not in roll.seen
            and not (again is not None and row[again])
            and _CUSTODIAL.fullmatch(holder) is not None
        ):  # the row every good file is made of
            roll.holders.append(Wallet(holder))
            roll.seen.add(holder)
            roll.next_place += 1
            continue
        cells = table.cells(line, places, row)
        if ref != roll.ref or not ref:
            _close(roll, known)
            roll = _open(cells, ref, programme, known)
        _take_place(cells, roll)
        roll.is_sound = roll.is_sound and cells.is_sound
        table.settle(cells)
    _close(roll, known)
    known.rolls.is_complete &= table.is_complete


def _open(cells: Cells, ref: str, programme: str, known: Known) -> _Roll:
    if cells.read_or_none("roll", parse.ref) is None:
        known.rolls.is_complete = False
    known.programmes.find(cells, "programme", programme)
    if ref in known.rolls.lines:
        line = known.rolls.lines[ref]
        cells.note(
            "roll", "the rows of a roll stand together", f"it began on line {line}; move the row there, or rename"
        )
        known.rolls.rows[ref] = None
    return _Roll(ref, programme, cells.line)


def _close(roll: _Roll, known: Known) -> None:
    if roll.ref and roll.ref not in known.rolls.lines:
        known.rolls.lines[roll.ref] = roll.line
        known.rolls.rows[roll.ref] = roll.row()


def _take_place(cells: Cells, roll: _Roll) -> None:
    if cells.text("programme") != roll.programme:
        cells.note("programme", "a roll belongs to one programme", f"its first row says {roll.programme}")
    place = cells.read_or_none("place", _place)
    if place is not None and place != roll.next_place:
        cells.note("place", "places of a roll are 0, 1, 2 … in this order", f"the next place here is {roll.next_place}")
    roll.next_place = (roll.next_place if place is None else place) + 1

    again = cells.read("again", _again, None)
    holder = cells.read_or_none("holder", wallet)
    if holder is None:
        return
    if (holder in roll.seen) != (again is not None):
        remedy = "write again in the column again" if again is None else "empty the cell"
        cells.note(
            "again" if again else "holder", "who has another place in a roll is marked, and only who has", remedy
        )
    custodial = custody(holder) is Custody.NODE
    if roll.custodial is None:
        roll.custodial = custodial
    elif roll.custodial != custodial:
        cells.note("holder", "all places of a roll are of one custody", "give own devices a roll of their own")
    roll.holders.append(holder)
    roll.seen.add(holder)


def read_issues(table: Table, known: Known, faults: Faults) -> tuple[IssueRow, ...]:
    """Reads issues.csv: each pair once, within the batch's quota and the line's amount."""
    found: list[IssueRow] = []
    totals = _Totals(known)

    def take(cells: Cells, row: IssueRow | None) -> None:
        if row is None:
            return
        batch = known.batches.find(cells, "batch", row.batch)
        roll = known.rolls.find(cells, "roll", row.roll)
        if (row.batch, row.roll) in known.issued:
            cells.note("roll", "a batch is issued to a roll once", "take the second row out")
        elif batch is not None and roll is not None:
            if batch.programme != roll.programme:
                cells.note("roll", f"the roll must be of the batch's programme {batch.programme}", "use a roll of it")
            totals.add(cells, batch, roll.places)
        known.issued.add((row.batch, row.roll))
        if cells.is_sound:
            found.append(row)

    read_all(table, parse.issue, take)
    faults.add(totals.faults(table.columns.file))
    return tuple(found)


class _Totals:
    """What issues add up to, with the line on which a bound was first crossed."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._counts: dict[str, int] = {}
        self._amounts: dict[tuple[str, int], int] = {}
        self._crossed: dict[str | tuple[str, int], int] = {}

    def add(self, cells: Cells, batch: BatchRow, places: int) -> None:
        """Adds an issue."""
        count = self._counts[batch.ref] = self._counts.get(batch.ref, 0) + places
        if count > batch.quota:
            self._crossed.setdefault(batch.ref, cells.line)
        key = (batch.programme, batch.line)
        amount = self._amounts[key] = self._amounts.get(key, 0) + batch.face_value * places
        line = self._known.lines.rows.get(key)
        if line is not None and amount > line.amount:
            self._crossed.setdefault(key, cells.line)

    def faults(self, file: str) -> list[Fault]:
        """One fault for each bound that was crossed, in the order of the lines."""
        found = []
        for key, at in sorted(self._crossed.items(), key=lambda crossed: crossed[1]):
            if isinstance(key, str):
                rule, remedy = f"issues of batch {key} stay within its quota", f"raise the quota to {self._counts[key]}"
                found.append(Fault(file, at, "batch", key, rule, f"{remedy}, or issue to fewer places"))
            else:
                rule = f"issues of budget line {key[1]} of {key[0]} stay within its amount"
                remedy = f"raise the line's amount to {self._amounts[key]}, or issue less"
                found.append(Fault(file, at, "batch", f"{key[0]} line {key[1]}", rule, remedy))
        return found
