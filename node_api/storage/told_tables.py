"""Which facts are told outside, under which name, and with which of their columns (docs/events.md).

A column `name` ends the type (`freeze` and `lifted`: `freeze.lifted`); `merchant` says whom the event concerns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, and_, case, exists, select

from node_api.storage import tables as t


@dataclass(frozen=True, slots=True)
class Source:
    """One table of facts as it is told.

    Attributes:
        table: whose block and log give the place.
        query: the columns told, the place with them.
        merchant: whom an event concerns; None where none of the table concerns a merchant.
    """

    type: str
    table: Table
    query: Select[Any]
    merchant: ColumnElement[Any] | None = None


def _of(kind: str, table: Table, *columns: ColumnElement[Any], merchant: ColumnElement[Any] | None = None) -> Source:
    place = (table.c.block, table.c.tx_index, table.c.log_index)
    concerned = () if merchant is None else (merchant.label("merchant"),)
    return Source(kind, table, select(*place, *columns, *concerned), merchant)


def _redeemed(kind: str, *, captured: bool) -> Source:
    """Redemptions that are captures of a booking, or those that are not."""
    row = t.redemptions.c
    booked = exists().where(and_(t.bookings.c.digest == row.digest, t.bookings.c.voucher == row.voucher))
    columns = (row.number, row.voucher, row.line, row.amount, row.receipt, row.digest, row.rules_version, row.terminal)
    source = _of(kind, t.redemptions, *columns, merchant=row.merchant)
    return Source(kind, source.table, source.query.where(booked if captured else ~booked), source.merchant)


def _disputes() -> tuple[Source, Source]:
    """A dispute concerns the merchant of its redemption."""
    opened, decided, merchant = t.disputes.c, t.dispute_decisions.c, t.redemptions.c.merchant
    redeemed = t.disputes.join(t.redemptions, t.redemptions.c.number == opened.number)
    decisions = t.dispute_decisions.join(redeemed, opened.dispute == decided.dispute)
    told = (opened.dispute, opened.voucher, opened.digest)
    first = _of("dispute.opened", t.disputes, *told, opened.decide_by, merchant=merchant)
    then = _of("dispute.decided", t.dispute_decisions, *told, decided.stands, merchant=merchant)
    return (
        Source(first.type, first.table, first.query.select_from(redeemed), merchant),
        Source(then.type, then.table, then.query.select_from(decisions), merchant),
    )


_refused, _reversed, _booked, _released = (
    t.chain_refusals.c,
    t.reversals.c,
    t.bookings.c,
    t.booking_releases.c,
)
_paid, _issued, _swept, _revoked, _passed = (
    t.payments.c,
    t.issues.c,
    t.sweeps.c,
    t.revocations.c,
    t.transfers.c,
)
_frozen, _lane, _programme = t.freeze_steps.c, t.emergency_steps.c, t.programme_steps.c
_frozen_merchant = case((_frozen.subject == 5, _frozen.number))

TOLD = (
    _redeemed("voucher.redeemed", captured=False),
    _redeemed("voucher.captured", captured=True),
    _of(
        "redemption.refused",
        t.chain_refusals,
        _refused.voucher,
        _refused.digest,
        _refused.reason.label("selector"),
        merchant=_refused.merchant,
    ),
    _of(
        "voucher.reversed",
        t.reversals,
        _reversed.number,
        _reversed.voucher,
        _reversed.line,
        _reversed.amount,
        _reversed.digest,
        _reversed.live,
        merchant=_reversed.merchant,
    ),
    *_disputes(),
    _of(
        "voucher.booked",
        t.bookings,
        _booked.digest,
        _booked.voucher,
        _booked.line,
        _booked.service,
        _booked.amount,
        _booked.lapse_at,
        merchant=_booked.merchant,
    ),
    _of(
        "voucher.released",
        t.booking_releases,
        _released.digest,
        _released.voucher,
        _released.line,
        _released.amount,
        merchant=_released.merchant,
    ),
    _of("merchant.paid", t.payments, _paid.line, _paid.day, _paid.run, _paid.amount, merchant=_paid.merchant),
    _of("vouchers.issued", t.issues, _issued.batch, _issued.roll, _issued.count, _issued.amount),
    _of("vouchers.expired", t.sweeps, _swept.batch, _swept.roll, _swept.line, _swept.count, _swept.amount),
    _of("voucher.revoked", t.revocations, _revoked.voucher, _revoked.line, _revoked.amount),
    _of("voucher.transferred", t.transfers, _passed.voucher, _passed.sender, _passed.receiver),
    _of(
        "freeze",
        t.freeze_steps,
        _frozen.kind.label("name"),
        _frozen.subject,
        _frozen.number,
        _frozen.holder,
        _frozen.until,
        merchant=_frozen_merchant,
    ),
    _of(
        "emergency",
        t.emergency_steps,
        _lane.kind.label("name"),
        _lane.programme,
        _lane.batch,
        _lane.channels,
        _lane.until,
    ),
    _of("programme", t.programme_steps, _programme.programme, _programme.name),
)
