"""What moved under each budget line: from the roll-ups, and, independently of them, from the facts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, Connection, Table, func, select, union_all

from node_api.domain.ids import Amount, LineId, ProgrammeId
from node_api.domain.trail import LineSums
from node_api.storage import tables as t
from node_api.storage.queries import Query
from node_api.storage.settled import settled_counts
from node_api.storage.stored import stored_vouchers

_FIELDS = (
    "deposited",
    "issued",
    "issued_count",
    "redeemed",
    "redeemed_count",
    "swept",
    "swept_count",
    "revoked",
    "revoked_count",
    "settled",
    "settled_count",
    "returned",
)
_PARTS = "parts"
_LINE_BITS = 16


def _line_sums(line: int, values: dict[str, int]) -> LineSums:
    return LineSums(
        line=LineId(line),
        deposited=Amount(values["deposited"]),
        issued=Amount(values["issued"]),
        issued_count=values["issued_count"],
        redeemed=Amount(values["redeemed"]),
        redeemed_count=values["redeemed_count"],
        swept=Amount(values["swept"]),
        swept_count=values["swept_count"],
        revoked=Amount(values["revoked"]),
        revoked_count=values["revoked_count"],
        settled=Amount(values["settled"]),
        settled_count=values["settled_count"],
        returned=Amount(values["returned"]),
        parts=values.get(_PARTS, 0),
    )


NO_SUMS = _line_sums(0, dict.fromkeys(_FIELDS, 0))


def lines_of(column: ColumnElement[int], programme: ProgrammeId | None) -> list[ColumnElement[bool]]:
    """Restricts a column of line ids to a programme's lines."""
    if programme is None:
        return []
    return [column >= programme << _LINE_BITS, column < programme + 1 << _LINE_BITS]


def sums_from_roll_ups(connection: Connection, programme: ProgrammeId | None) -> dict[LineId, LineSums]:
    """The roll-ups as they stand; lines under which nothing moved are not there."""
    table = t.line_totals
    rows = connection.execute(select(table).where(*lines_of(table.c.line, programme))).mappings()
    values = {row["line"]: {name: int(row[name]) for name in _FIELDS} for row in rows}
    _count_parts(connection, values, None, programme)
    return {LineId(line): _line_sums(line, some) for line, some in values.items()}


def sums_from_facts(connection: Connection, block: int, programme: ProgrammeId | None) -> dict[LineId, LineSums]:
    """The same, added up from the events up to a block."""
    values: dict[int, dict[str, int]] = {}

    def take(line: int, name: str, amount: int) -> None:
        values.setdefault(line, dict.fromkeys(_FIELDS, 0))[name] += int(amount)

    for table, name in ((t.deposits, "deposited"), (t.rests, "returned"), (t.payments, "settled")):
        for line, amount in connection.execute(_by_line(table, block, programme, func.sum(table.c.amount))):
            take(line, name, amount)
    for line, amount in connection.execute(_moved(block, programme)):
        take(line, "deposited", amount)
    redeemed = (func.sum(t.redemptions.c.amount), func.count())
    swept = (func.sum(t.sweeps.c.amount), func.sum(t.sweeps.c.count))
    revoked = (func.sum(t.revocations.c.amount), func.count())
    counted = ((t.redemptions, "redeemed", redeemed), (t.sweeps, "swept", swept), (t.revocations, "revoked", revoked))
    for table, name, columns in counted:
        for line, amount, count in connection.execute(_by_line(table, block, programme, *columns)):
            take(line, name, amount)
            take(line, f"{name}_count", count)
    for line, amount, count in connection.execute(_issues_by_line(block, programme)):
        take(line, "issued", amount)
        take(line, "issued_count", count)
    for line, name, amount, count in _moved_back(connection, block, programme):
        take(line, name, amount)
        take(line, f"{name}_count", count)
    paid = settled_counts(connection, block=block, lines=lines_of(t.payments.c.line, programme))
    for (_, line, _), count in paid.items():
        take(line, "settled_count", count)
    _count_parts(connection, values, block, programme)
    return {LineId(line): _line_sums(line, some) for line, some in values.items()}


def _count_parts(
    connection: Connection, values: dict[int, dict[str, int]], block: int | None, programme: ProgrammeId | None
) -> None:
    """Stored value is redeemed and booked in parts: what was counted as if each were a voucher of its own is set right."""
    for stored in stored_vouchers(connection, block, programme):
        some = values[stored.line]
        some[_PARTS] = some.get(_PARTS, 0) + stored.parts
        some["swept"] += stored.given_back
        some["swept_count"] -= stored.counted_twice


def _by_line(table: Table, block: int, programme: ProgrammeId | None, *columns: ColumnElement[int]) -> Query:
    return (
        select(table.c.line, *columns)
        .where(table.c.block <= block, *lines_of(table.c.line, programme))
        .group_by(table.c.line)
    )


def _freed_late(block: int, programme: ProgrammeId | None) -> Query:
    """What releases of bookings gave to swept because the pair was swept before."""
    table = t.booking_releases
    return _by_line(table, block, programme, func.sum(table.c.amount), func.count()).where(table.c.swept)


def _moved(block: int, programme: ProgrammeId | None) -> CompoundSelect[Any]:
    """What came to a line by moves, and, below zero, what went from it."""
    table = t.moved_money
    return union_all(
        *(
            select(line, func.sum(sign * table.c.amount))
            .where(table.c.block <= block, *lines_of(line, programme))
            .group_by(line)
            for line, sign in ((table.c.from_line, -1), (table.c.to_line, 1))
        )
    )


def _issues_by_line(block: int, programme: ProgrammeId | None) -> Query:
    line = t.batches.c.line
    return (
        select(line, func.sum(t.issues.c.amount), func.sum(t.issues.c.count))
        .where(t.issues.c.batch == t.batches.c.batch, t.issues.c.block <= block, *lines_of(line, programme))
        .group_by(line)
    )


def _moved_back(
    connection: Connection, block: int, programme: ProgrammeId | None
) -> Iterator[tuple[int, str, int, int]]:
    """What reversals took from redeemed, and what they and releases gave to swept after the sweep: line, term, amount, number."""
    for line, late, amount, count in connection.execute(_reversed(block, programme)):
        yield line, "redeemed", -amount, -count
        if late:
            yield line, "swept", amount, count
    for line, amount, count in connection.execute(_freed_late(block, programme)):
        yield line, "swept", amount, count


def _reversed(block: int, programme: ProgrammeId | None) -> Query:
    """What was taken back, apart for vouchers whose pair was swept before."""
    table = t.reversals
    return (
        select(table.c.line, table.c.swept, func.sum(table.c.amount), func.count())
        .where(table.c.block <= block, *lines_of(table.c.line, programme))
        .group_by(table.c.line, table.c.swept)
    )
