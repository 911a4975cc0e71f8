"""Freezes, revocations, the emergency lane, whether a voucher is booked: read from the index, and what they make of other facts.

Mostly there are none, and then one statement for each reader finds that out: a till pays for no more.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

from sqlalchemy import ColumnElement, and_, literal, or_, select

from node_api.domain.freezes import Freeze, FreezeChange, Frozen, Revocation, Subject, subjects_of
from node_api.domain.ids import VOUCHER_BITS, BatchId, LineId, ProgrammeId, UnixSeconds, VoucherId
from node_api.domain.lane import Lane, LaneStep
from node_api.domain.models import Batch, Programme, Roll, VoucherFacts
from node_api.storage import tables as t
from node_api.storage.queries import Queries, Query, Record, to_address, to_hash, to_raw, tx_of, with_tx

_ANY = select(
    *(
        select(literal(1)).select_from(table).exists()
        for table in (t.freeze_steps, t.revocations, t.emergency_steps, t.bookings, t.transfers, t.place_steps)
    )
)


class StandingQueries(Queries):
    """Implements `StandingReader`, and hands the other readers what they take into account."""

    @cached_property
    def _any(self) -> tuple[bool, bool, bool, bool, bool]:
        """Whether there are freezes, revocations, uses of the lane, bookings, and vouchers or places that moved, at all."""
        return self._facts.one("any", None, self._anything)

    def _anything(self) -> tuple[bool, bool, bool, bool, bool]:
        freezes, revocations, lane, bookings, passed, given = self._connection.execute(_ANY).one()
        return bool(freezes), bool(revocations), bool(lane), bool(bookings), bool(passed or given)

    @property
    def _moved(self) -> bool:
        return self._any[4]

    @cached_property
    def lane(self) -> Lane:
        """See the port."""
        return self._facts.one("lane", None, self._lane) if self._any[2] else Lane()

    def _lane(self) -> Lane:
        table = t.emergency_steps
        query = with_tx(table).where(self._upto(table)).order_by(table.c.block, table.c.log_index)
        return Lane(_lane_step(row) for row in self._rows(query))

    def freezes(self) -> list[Freeze]:
        """See the port."""
        return self._freezes(()) if self._any[0] else []

    def freezes_of(self, *subjects: Frozen) -> list[Freeze]:
        """See the port."""
        if not self._any[0] or not subjects:
            return []
        return self._freezes((or_(*(_about(subject) for subject in subjects)),))

    def revocation_of(self, voucher: VoucherId) -> Revocation | None:
        """See the port."""
        if not self._any[1] or voucher >> VOUCHER_BITS:  # no voucher's number; the database's integers end at 63 bits
            return None
        table = t.revocations
        for row in self._rows(with_tx(table).where(table.c.voucher == voucher, self._upto(table))):
            return _revocation(row)
        return None

    def revocations(self, *, limit: int = 100, after: VoucherId | None = None) -> list[Revocation]:
        """See the port."""
        table = t.revocations
        query = with_tx(table).where(self._upto(table)).order_by(table.c.voucher).limit(limit)
        return [
            _revocation(row) for row in self._rows(query if after is None else query.where(table.c.voucher > after))
        ]

    # --- what it makes of other facts ---

    def _freezes(self, which: tuple[ColumnElement[bool], ...]) -> list[Freeze]:
        table = t.freeze_steps
        query: Query = with_tx(table).where(self._upto(table), *which)
        steps: dict[Frozen, list[FreezeChange]] = {}
        for row in self._rows(query.order_by(table.c.block, table.c.log_index)):
            change = _change(row)
            steps.setdefault(change.what, []).append(change)
        return [Freeze(what, tuple(some)) for what, some in steps.items()]

    def _frozen_until(self, *subjects: Frozen) -> UnixSeconds:
        """The latest end of the freezes of these."""
        return max((freeze.until for freeze in self.freezes_of(*subjects)), default=UnixSeconds(0))

    def _standing(self, facts: VoucherFacts) -> VoucherFacts:
        """The voucher's facts with its freezes, its revocation, its booking and its programme's pauses."""
        if not any(self._any[:4]):
            return facts
        return replace(
            facts,
            revoked=self.revocation_of(facts.voucher) is not None,
            booked=self._is_booked(facts.voucher),
            frozen_until=self._frozen_until(*subjects_of(facts)),
            paused_until=self.lane.paused_until(facts.batch.programme),
        )

    def _is_booked(self, voucher: VoucherId) -> bool:
        if not self._any[3]:
            return False
        table = t.bookings
        open_ones = select(literal(1)).where(table.c.voucher == voucher, self._upto(table), *self._open())
        return self._connection.execute(open_ones.limit(1)).first() is not None

    def _open(self) -> tuple[ColumnElement[bool], ...]:
        """Of a query of bookings: neither captured nor released."""
        table = t.bookings
        return tuple(
            ~select(literal(1))
            .select_from(end)
            .where(end.c.digest == table.c.digest, end.c.voucher == table.c.voucher, self._upto(end))
            .correlate(table)
            .exists()
            for end in (t.redemptions, t.booking_releases)
        )

    def _on_clock(self, batch: Batch, row: Record) -> Batch:
        """The batch with its extensions, and what pauses gave it since it was opened."""
        lane = self.lane
        extended, back = lane.extended(batch.id), self._given_back(batch.programme, row.block, row.log_index)
        if not extended and not back:
            return batch
        until = UnixSeconds(batch.valid_until + extended + back)
        return replace(batch, valid_until=until, extended_seconds=extended)

    def _roll_on_clock(self, roll: Roll, block: int, log_index: int) -> Roll:
        back = self._given_back(roll.programme, block, log_index)
        return replace(roll, given_back=back) if back else roll

    def _given_back(self, programme: ProgrammeId, block: int, log_index: int) -> int:
        if not self.lane.has_pauses(programme):
            return 0
        query = select(t.blocks.c.timestamp).where(t.blocks.c.number == block)
        time = UnixSeconds(self._connection.execute(query).scalar_one())
        return self.lane.given_back(programme, (block, log_index), time)

    def _programme_in_lane(self, programme: Programme) -> Programme:
        """The programme with its pause and the channels the lane holds open."""
        if not self._any[2]:
            return programme
        channels, until = self.lane.widened(programme.id)
        paused = self.lane.paused_until(programme.id)
        return replace(programme, paused_until=paused, lane_channels=channels, lane_channels_until=until)


def _about(subject: Frozen) -> ColumnElement[bool]:
    table = t.freeze_steps
    holder = b"" if subject.holder is None else to_raw(subject.holder)
    return and_(table.c.subject == int(subject.subject), table.c.number == subject.number, table.c.holder == holder)


def _change(row: Record) -> FreezeChange:
    tx = tx_of(row)
    return FreezeChange(
        kind=row.kind,
        what=Frozen(Subject(row.subject), row.number, to_address(row.holder) if row.holder else None),
        until=UnixSeconds(row.until),
        actor=to_address(row.actor) if row.actor else tx.sender,
        appeal=to_hash(row.appeal) if row.appeal else None,
        reason=row.reason,
        tx=tx,
    )


def _revocation(row: Record) -> Revocation:
    return Revocation(row.voucher, LineId(row.line), row.amount, to_address(row.actor), row.reason, tx_of(row))


def _lane_step(row: Record) -> LaneStep:
    return LaneStep(
        kind=row.kind,
        programme=ProgrammeId(row.programme),
        batch=BatchId(row.batch),
        channels=row.channels,
        old_until=UnixSeconds(row.old_until),
        until=UnixSeconds(row.until),
        actor=to_address(row.actor),
        reason=row.reason,
        tx=tx_of(row),
    )
