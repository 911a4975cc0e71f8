"""What the rows of a booking take from rows before them, and what they add to those."""

from __future__ import annotations

from sqlalchemy import Connection, select

from node_api.domain.booking_events import NO_RECEIPT, BookingEvent, BookingReleased, ServiceReceipted
from node_api.domain.ids import VoucherId, split_voucher
from node_api.domain.models import VoucherKind
from node_api.storage import tables as t
from node_api.storage.case_rows import line_of, was_swept
from node_api.storage.rows import Row, Rows, Value


def complete_booking(row: Row, event: BookingEvent, rows: Rows, connection: Connection) -> None:
    """What the event does not say: line, whether the pair was swept, that a percentage is freed whole; the captures' receipt."""
    if isinstance(event, ServiceReceipted):
        _receipt(rows, event)
        return
    batch, _, _ = split_voucher(VoucherId(event.voucher))
    row["line"] = line_of(rows, connection, batch)
    if isinstance(event, BookingReleased):
        row["swept"] = was_swept(rows, connection, event.voucher)
        kind, face = _value_of(rows, connection, batch)
        if kind == VoucherKind.PERCENTAGE:
            row["amount"] = face


def _value_of(rows: Rows, connection: Connection, batch: int) -> tuple[Value, Value]:
    """Kind and face value of a batch."""
    for row in rows.get(t.batches, ()):
        if row["batch"] == batch:
            return row["kind"], row["face"]
    query = select(t.batches.c.kind, t.batches.c.face).where(t.batches.c.batch == batch)
    found = connection.execute(query).one()
    return found.kind, found.face


def _receipt(rows: Rows, event: ServiceReceipted) -> None:
    """The event closes its capture: the redemptions just before it that have no receipt yet are its own."""
    for at in range(len(rows.redemptions) - 1, -1, -1):
        row = rows.redemptions[at]
        if row.digest != event.digest or row.receipt != NO_RECEIPT:
            return
        rows.redemptions[at] = row._replace(receipt=event.receipt)
