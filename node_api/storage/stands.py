"""One voucher as one statement finds it: who stands at its place, what became of its pair, and what may have befallen it."""

from __future__ import annotations

from sqlalchemy import BindParameter, ColumnElement, Integer, Table, bindparam, literal, or_, select

from node_api.domain.tracing import Marks
from node_api.storage import tables as t
from node_api.storage.prepared import Prepared
from node_api.storage.queries import Query, Record

_voucher: BindParameter[int] = bindparam("of_voucher")
_batch: BindParameter[int] = bindparam("of_batch")
_roll: BindParameter[int] = bindparam("of_roll")
_place: BindParameter[int] = bindparam("at")


def marks_of(row: Record, *, frozen: bool) -> Marks:
    """The marks in a row of `STANDS`; whether anything is frozen at all."""
    return Marks(frozen, *map(bool, row[-len(Marks._fields) + 1 :]))


def _any(table: Table, *which: ColumnElement[bool]) -> ColumnElement[bool]:
    return select(literal(1, Integer)).select_from(table).where(*which).exists()


def _of_voucher(table: Table) -> ColumnElement[bool]:
    return _any(table, table.c.voucher == _voucher)


def _consented() -> ColumnElement[bool]:
    """What was consented to is a redemption's digest, or a booking's."""
    return or_(
        *(
            select(literal(1, Integer))
            .select_from(table.join(t.consents, t.consents.c.digest == table.c.digest))
            .where(table.c.voucher == _voucher)
            .exists()
            for table in (t.redemptions, t.bookings)
        )
    )


def _paid() -> ColumnElement[bool]:
    """A payment of the day of one of its redemptions."""
    done, paid = t.redemptions, t.payments
    its_day = (paid.c.line == done.c.line) & (paid.c.merchant == done.c.merchant) & (paid.c.day == done.c.day)
    return select(literal(1, Integer)).select_from(done.join(paid, its_day)).where(done.c.voucher == _voucher).exists()


def _stands() -> Query:
    places, issues, sweeps = t.roll_places, t.issues, t.sweeps
    steps, claimed = t.place_steps, t.claimed_places
    marks = {
        "refused": _of_voucher(t.chain_refusals),
        "claimed": _any(claimed, claimed.c.roll == _roll, claimed.c.place == _place),
        "passed_on": _of_voucher(t.transfers),
        "place_changed": _any(steps, steps.c.roll == _roll, steps.c.place == _place),
        "booked": _of_voucher(t.bookings),
        "consented": _consented(),
        "paid": _paid(),
        "disputed": _of_voucher(t.disputes),
        "reversed": _of_voucher(t.reversals),
    }
    return select(
        places.c.holder,
        _any(issues, issues.c.batch == _batch, issues.c.roll == _roll).label("issued"),
        _any(sweeps, sweeps.c.batch == _batch, sweeps.c.roll == _roll).label("swept"),
        *(mark.label(name) for name, mark in marks.items()),
    ).where(places.c.roll == _roll, places.c.place == _place)


STANDS = Prepared(_stands())
