"""How many redemptions of a merchant's day were paid, and what of it is in dispute: added up from the facts.

A payment takes all of a day that is neither paid nor disputed. So what is paid after it is the day's redemptions, less those
reversed at its cost and those in dispute when it was paid the last time.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator

from sqlalchemy import ColumnElement, Connection, Table, func, literal, select

from node_api.storage import tables as t
from node_api.storage.by_keys import rows_by_keys
from node_api.storage.queries import chunks

DayKey = tuple[int, int, int]
"""Merchant, line, day."""
_Position = tuple[int, int]
_DAY = "merchant", "line", "day"

_NEVER: _Position = (1 << 62, 0)


def settled_counts(
    connection: Connection,
    *,
    block: int | None = None,
    lines: Iterable[ColumnElement[bool]] = (),
    days: Collection[DayKey] | None = None,
) -> dict[DayKey, int]:
    """Redemptions paid, of days paid at all.

    Args:
        connection: inside a transaction.
        block: nothing above it counts; None: everything stored.
        lines: which of the payments to look at.
        days: only these; None: all.
    """
    rows = _all_payments(connection, block, lines) if days is None else _of_days(connection, t.payments, block, days)
    paid = _last(rows)
    if not paid:
        return {}
    counts = _redeemed(connection, block, paid)
    for key, place in _reversed(connection, block) if days is None else _of_days(connection, t.reversals, block, paid):
        if key in paid and place < paid[key]:
            counts[key] -= 1
    for which in [()] if days is None else _by_merchant(paid):
        for key, opened, decided, _ in _disputes(connection, block, *which):
            if key in paid and opened < paid[key] <= decided:
                counts[key] -= 1
    return dict(counts)


def open_disputes(connection: Connection, block: int) -> dict[DayKey, tuple[int, int]]:
    """Amount and number of the redemptions in dispute, by merchant's day."""
    found: dict[DayKey, list[int]] = defaultdict(lambda: [0, 0])
    decided = t.dispute_decisions
    ended = select(literal(1)).where(decided.c.dispute == t.disputes.c.dispute, decided.c.block <= block)
    for key, _, _, amount in _disputes(connection, block, ~ended.correlate(t.disputes).exists()):
        found[key][0] += amount
        found[key][1] += 1
    return {key: (amount, count) for key, (amount, count) in found.items()}


def _of_days(
    connection: Connection, table: Table, block: int | None, days: Collection[DayKey]
) -> Iterator[tuple[DayKey, _Position]]:
    """Facts of these days alone, and where they stand."""
    rows = rows_by_keys(connection, table, _DAY, (*_DAY, "block", "log_index"), days)
    return (((row[0], row[1], row[2]), (row[3], row[4])) for row in rows if block is None or row[3] <= block)


def _last(payments: Iterable[tuple[DayKey, _Position]]) -> dict[DayKey, _Position]:
    last: dict[DayKey, _Position] = {}
    for key, place in payments:
        last[key] = max(place, last.get(key, place))
    return last


def _all_payments(
    connection: Connection, block: int | None, lines: Iterable[ColumnElement[bool]]
) -> Iterator[tuple[DayKey, _Position]]:
    paid = t.payments
    query = select(paid.c.merchant, paid.c.line, paid.c.day, paid.c.block, paid.c.log_index).where(*lines)
    if block is not None:
        query = query.where(paid.c.block <= block)
    for row in connection.execute(query):
        yield (row.merchant, row.line, row.day), (row.block, row.log_index)


def _by_merchant(days: Collection[DayKey]) -> Iterator[tuple[ColumnElement[bool], ...]]:
    """Redemptions of these days, and of the others of their merchant on the same day; each by the index."""
    done, of = t.redemptions, defaultdict[int, set[int]](set)
    for merchant, _, day in days:
        of[merchant].add(day)
    for merchant in sorted(of):
        for some in chunks(sorted(of[merchant])):
            yield done.c.merchant == merchant, done.c.day.in_(some)


def _redeemed(connection: Connection, block: int | None, paid: Collection[DayKey]) -> Counter[DayKey]:
    """A day is paid after it is over: all its redemptions stand before its payments. Other days of its merchant are not read."""
    done = t.redemptions
    key = done.c.merchant, done.c.line, done.c.day
    counts: Counter[DayKey] = Counter()
    for which in _by_merchant(paid):
        query = select(*key, func.count()).where(*which)
        if block is not None:
            query = query.where(done.c.block <= block)
        for merchant, line, day, count in connection.execute(query.group_by(*key)):
            if (merchant, line, day) in paid:
                counts[merchant, line, day] = count
    return counts


def _reversed(connection: Connection, block: int | None) -> Iterable[tuple[DayKey, _Position]]:
    """Reversals by the day whose money they took, and where they stand."""
    taken = t.reversals
    query = select(taken.c.merchant, taken.c.line, taken.c.day, taken.c.block, taken.c.log_index)
    if block is not None:
        query = query.where(taken.c.block <= block)
    for row in connection.execute(query):
        yield (row.merchant, row.line, row.day), (row.block, row.log_index)


def _disputes(
    connection: Connection, block: int | None, *which: ColumnElement[bool]
) -> Iterable[tuple[DayKey, _Position, _Position, int]]:
    """Disputes by the day of their redemption: where opened, where decided, and the amount."""
    opened, decided, done = t.disputes, t.dispute_decisions, t.redemptions
    until = decided.c.dispute == opened.c.dispute
    if block is not None:
        until &= decided.c.block <= block
    source = opened.join(done, done.c.number == opened.c.number).outerjoin(decided, until)
    query = select(
        done.c.merchant,
        done.c.line,
        done.c.day,
        done.c.amount,
        opened.c.block,
        opened.c.log_index,
        decided.c.block.label("end_block"),
        decided.c.log_index.label("end_index"),
    )
    query = query.select_from(source).where(*which)
    if block is not None:
        query = query.where(opened.c.block <= block)
    for row in connection.execute(query):
        end = _NEVER if row.end_block is None else (row.end_block, row.end_index)
        yield (row.merchant, row.line, row.day), (row.block, row.log_index), end, row.amount
