"""Stored value, voucher by voucher: it is redeemed and booked in parts, more of them than the vouchers they use up or free."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace

from sqlalchemy import Connection, select

from node_api.domain.ids import LineId, ProgrammeId, VoucherId
from node_api.domain.models import VoucherKind
from node_api.storage import tables as t
from node_api.storage.booking_ends import booking_ends
from node_api.storage.queries import Query, Record

_BATCH_SHIFT = 35
_Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class StoredVoucher:
    """How one voucher differs from what its redemptions and reversals, each taken for a whole voucher, would say.

    Attributes:
        parts: redemptions that stand and did not use it up.
        counted_twice: reversals and releases after its pair's sweep, but for the one that counts it, if it had not been counted.
        given_back: what reversals gave back to the line because it was revoked before, its pair not swept.
    """

    line: LineId
    voucher: VoucherId
    parts: int
    counted_twice: int
    given_back: int


def stored_vouchers(
    connection: Connection, block: int | None = None, programme: ProgrammeId | None = None
) -> Iterator[StoredVoucher]:
    """Those that were ever redeemed, or set free of a booking, up to a block or as it stands."""
    table = t.batches
    query = select(table.c.batch, table.c.line, table.c.face).where(table.c.kind == VoucherKind.STORED)
    if programme is not None:
        query = query.where(table.c.programme == programme)
    for batch, line, face in connection.execute(query).all():
        revoked, freed = _revoked(connection, batch, block), _freed_late(connection, batch, block)
        uses: dict[int, list[Record]] = defaultdict(list, {voucher: [] for voucher in freed})
        for row in connection.execute(_redemptions(batch, block)):
            uses[row.voucher].append(row)
        for voucher, rows in uses.items():
            one = _stored_voucher(LineId(line), VoucherId(voucher), face, rows, revoked.get(voucher))
            yield replace(one, counted_twice=one.counted_twice + freed[voucher]) if voucher in freed else one


def _stored_voucher(
    line: LineId, voucher: VoucherId, face: int, rows: list[Record], revoked: _Place | None
) -> StoredVoucher:
    standing = [row.amount for row in rows if row.reversed_in is None]
    late = [row.amount for row in rows if row.swept]
    was_used_up = bool(late) and sum(standing) + sum(late) == face
    given_back = sum(
        row.amount
        for row in rows
        if revoked is not None and row.reversed_in is not None and not row.swept and (row.reversed_in, row.at) > revoked
    )
    parts = len(standing) - (sum(standing) == face)
    return StoredVoucher(line, voucher, parts, len(late) - was_used_up, given_back)


def _freed_late(connection: Connection, batch: int, block: int | None) -> dict[int, int]:
    """Of vouchers that a sweep left out as booked: releases since then, but for the last, which counts the voucher."""
    of_batch = t.bookings.c.voucher >= batch << _BATCH_SHIFT, t.bookings.c.voucher < batch + 1 << _BATCH_SHIFT
    late: dict[int, int] = defaultdict(int)
    standing: set[int] = set()
    for row in connection.execute(booking_ends(block, *of_batch)):
        if row.late:
            late[row.voucher] += 1
        elif not row.captured and not row.released:
            standing.add(row.voucher)
    return {voucher: count - (voucher not in standing) for voucher, count in late.items()}


def _redemptions(batch: int, block: int | None) -> Query:
    """Redemptions of a batch's vouchers, each with its reversal."""
    table, back = t.redemptions, t.reversals
    taken_back = back.c.number == table.c.number
    if block is not None:
        taken_back &= back.c.block <= block
    query = (
        select(
            table.c.voucher,
            table.c.amount,
            back.c.block.label("reversed_in"),
            back.c.log_index.label("at"),
            back.c.swept,
        )
        .select_from(table.outerjoin(back, taken_back))
        .where(table.c.voucher >= batch << _BATCH_SHIFT, table.c.voucher < batch + 1 << _BATCH_SHIFT)
    )
    return query if block is None else query.where(table.c.block <= block)


def _revoked(connection: Connection, batch: int, block: int | None) -> dict[int, _Place]:
    """Where vouchers of the batch were revoked: block and log."""
    table = t.revocations
    query = select(table.c.voucher, table.c.block, table.c.log_index).where(
        table.c.voucher >= batch << _BATCH_SHIFT, table.c.voucher < batch + 1 << _BATCH_SHIFT
    )
    if block is not None:
        query = query.where(table.c.block <= block)
    return {row.voucher: (row.block, row.log_index) for row in connection.execute(query)}
