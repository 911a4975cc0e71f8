"""Bookings with how each ended: captured, released, or not yet."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Table, literal, select

from node_api.storage import tables as t
from node_api.storage.queries import Query


def booking_ends(block: int | None, *which: ColumnElement[bool]) -> Query:
    """Of bookings up to a block, or as it stands: voucher, amount, and whether it was captured, released, released late.

    Late is after the sweep of its pair.
    """
    table, freed = t.bookings, t.booking_releases
    captured, released = _ended(t.redemptions, block), _ended(freed, block)
    query = select(
        table.c.voucher,
        table.c.amount,
        captured.label("captured"),
        released.label("released"),
        _ended(freed, block, freed.c.swept).label("late"),
    ).where(*which)
    return query if block is None else query.where(table.c.block <= block)


def _ended(end: Table, block: int | None, *more: ColumnElement[bool]) -> ColumnElement[bool]:
    table = t.bookings
    same = end.c.digest == table.c.digest, end.c.voucher == table.c.voucher
    query = select(literal(1)).select_from(end).where(*same, *more)
    if block is not None:
        query = query.where(end.c.block <= block)
    return query.correlate(table).exists()
