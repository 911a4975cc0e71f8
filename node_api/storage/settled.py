"""How many redemptions of a merchant's day were paid, and what of it is in dispute: added up from the facts.

A payment takes all of a day that is neither paid nor disputed. So what is paid after it is the day's redemptions, less those
reversed at its cost and those in dispute when it was paid the last time.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable

from sqlalchemy import ColumnElement, Connection, func, select

from node_api.storage import tables as t
from node_api.storage.queries import chunks

DayKey = tuple[int, int, int]
"""Merchant, line, day."""
_Position = tuple[int, int]

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
    paid = _last_payments(connection, block, lines)
    if days is not None:
        paid = {key: paid[key] for key in set(days) & paid.keys()}
    if not paid:
        return {}
    counts = _redeemed(connection, block, paid)
    for key, place in _reversed(connection, block):
        if key in paid and place < paid[key]:
            counts[key] -= 1
    for key, opened, decided, _ in _disputes(connection, block):
        if key in paid and opened < paid[key] <= decided:
            counts[key] -= 1
    return dict(counts)


def open_disputes(connection: Connection, block: int) -> dict[DayKey, tuple[int, int]]:
    """Amount and number of the redemptions in dispute, by merchant's day."""
    found: dict[DayKey, list[int]] = defaultdict(lambda: [0, 0])
    for key, _, decided, amount in _disputes(connection, block):
        if decided == _NEVER:
            found[key][0] += amount
            found[key][1] += 1
    return {key: (amount, count) for key, (amount, count) in found.items()}


def _last_payments(
    connection: Connection, block: int | None, lines: Iterable[ColumnElement[bool]]
) -> dict[DayKey, _Position]:
    paid = t.payments
    query = select(paid.c.merchant, paid.c.line, paid.c.day, paid.c.block, paid.c.log_index).where(*lines)
    if block is not None:
        query = query.where(paid.c.block <= block)
    rows = connection.execute(query.order_by(paid.c.block, paid.c.log_index))
    return {(row.merchant, row.line, row.day): (row.block, row.log_index) for row in rows}


def _redeemed(connection: Connection, block: int | None, paid: Collection[DayKey]) -> Counter[DayKey]:
    """A day is paid after it is over: all its redemptions stand before its payments. Other days of its merchant are not read."""
    done = t.redemptions
    days: dict[int, set[int]] = defaultdict(set)
    for merchant, _, day in paid:
        days[merchant].add(day)
    counts: Counter[DayKey] = Counter()
    parts = [(merchant, some) for merchant in sorted(days) for some in chunks(sorted(days[merchant]))]
    for merchant, some in parts:
        query = select(done.c.line, done.c.day, func.count()).where(done.c.merchant == merchant, done.c.day.in_(some))
        if block is not None:
            query = query.where(done.c.block <= block)
        for line, day, count in connection.execute(query.group_by(done.c.line, done.c.day)):
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


def _disputes(connection: Connection, block: int | None) -> Iterable[tuple[DayKey, _Position, _Position, int]]:
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
    ).select_from(source)
    if block is not None:
        query = query.where(opened.c.block <= block)
    for row in connection.execute(query):
        end = _NEVER if row.end_block is None else (row.end_block, row.end_index)
        yield (row.merchant, row.line, row.day), (row.block, row.log_index), end, row.amount
