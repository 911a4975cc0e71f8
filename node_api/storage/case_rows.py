"""What the rows of a case take from rows before them: in the page in hand, or stored already."""

from __future__ import annotations

from sqlalchemy import Connection, select

from node_api.domain.case_events import CaseEvent, DisputeOpened, ReversalBooked, VoucherReversed
from node_api.domain.ids import VoucherId, split_voucher
from node_api.storage import tables as t
from node_api.storage.rows import Row, Rows


def book(rows: Rows, event: ReversalBooked) -> None:
    """The event follows its reversal in the same transaction."""
    row = rows[t.reversals][-1]
    assert row["number"] == event.number, "the contract logs both one after the other"
    row["day"], row["reason"] = event.day, event.reason


def complete(row: Row, event: CaseEvent, rows: Rows, connection: Connection) -> None:
    """What the event does not say: the budget line of a reversal and whether its pair was swept; the redemption in dispute."""
    if isinstance(event, VoucherReversed):
        batch, _, _ = split_voucher(VoucherId(event.voucher))
        row["line"] = line_of(rows, connection, batch)
        row["swept"] = was_swept(rows, connection, event.voucher)
    elif isinstance(event, DisputeOpened):
        row["number"] = disputed_number(rows, connection, event)


def line_of(rows: Rows, connection: Connection, batch: int) -> int:
    """The budget line of a batch."""
    for row in rows.get(t.batches, ()):
        if row["batch"] == batch:
            line = row["line"]
            assert isinstance(line, int)
            return line
    found: int = connection.execute(select(t.batches.c.line).where(t.batches.c.batch == batch)).scalar_one()
    return found


def was_swept(rows: Rows, connection: Connection, voucher: int) -> bool:
    """Whether the voucher's pair was swept before."""
    batch, roll, _ = split_voucher(VoucherId(voucher))
    if any((row["batch"], row["roll"]) == (batch, roll) for row in rows.get(t.sweeps, ())):
        return True
    query = select(t.sweeps.c.batch).where(t.sweeps.c.batch == batch, t.sweeps.c.roll == roll)
    return connection.execute(query).first() is not None


def disputed_number(rows: Rows, connection: Connection, event: DisputeOpened) -> int:
    """The number of the redemption in dispute: a signature redeems a voucher once."""
    for row in rows.redemptions:
        if (row.voucher, row.digest) == (event.voucher, event.digest):
            return row.number
    table = t.redemptions
    query = select(table.c.number).where(table.c.voucher == event.voucher, table.c.digest == event.digest)
    found: int = connection.execute(query).scalar_one()
    return found
