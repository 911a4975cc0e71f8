"""Batches, rolls and issues, read from the index."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import replace

from sqlalchemy import ColumnElement, Table, bindparam, func, select

from node_api.domain.ids import Address, BatchId, ProgrammeId, RollId, split_voucher
from node_api.domain.models import Batch, Roll, TxRef
from node_api.domain.trail import BatchCounts, Issue, Sweep
from node_api.storage import tables as t
from node_api.storage.kept import kept
from node_api.storage.prepared import Prepared
from node_api.storage.queries import CHUNK, UPTO, Query, Record, count_of, to_address, tx_of, with_tx
from node_api.storage.read_standing import StandingQueries
from node_api.storage.stored import stored_vouchers

_CLAIMED, _CUSTODIAL = 1, 2


_ISSUED = Prepared(
    with_tx(t.issues).where(
        t.issues.c.batch == bindparam("of_batch"),
        t.issues.c.roll == bindparam("of_roll"),
        t.issues.c.block <= UPTO,
    )
)


class SupplyQueries(StandingQueries):
    """Implements `SupplyReader`, and what an auditor asks beyond it."""

    def batches(self, programme: ProgrammeId | None = None) -> list[Batch]:
        """See the port."""
        return self._batches(() if programme is None else (t.batches.c.programme == programme,))

    def batch(self, batch: BatchId) -> Batch | None:
        """See the port."""
        return next(iter(self._batches((t.batches.c.batch == batch,))), None)

    def batch_by_ref(self, ref: str) -> Batch | None:
        """See the port."""
        return next(iter(self._batches((t.batches.c.ref == ref,))), None)

    def rolls(self, programme: ProgrammeId | None = None) -> list[Roll]:
        """See the port."""
        return self._rolls(() if programme is None else (t.rolls.c.programme == programme,))

    def roll(self, roll: RollId) -> Roll | None:
        """See the port."""
        return next(iter(self._rolls((t.rolls.c.roll == roll,))), None)

    def roll_by_ref(self, ref: str) -> Roll | None:
        """See the port."""
        return next(iter(self._rolls((t.rolls.c.ref == ref,))), None)

    def holders(self, roll: RollId) -> list[Address]:
        """See the port."""
        table = t.roll_places
        query = select(table.c.holder).where(table.c.roll == roll, self._upto(table)).order_by(table.c.place)
        return [to_address(row.holder) for row in self._rows(query)]

    def issued(self, batch: BatchId, roll: RollId) -> Issue | None:
        """See the port."""
        named = {"of_batch": batch, "of_roll": roll, "upto": self._block.number}
        return next(map(_issue, _ISSUED.rows(self._connection, **named)), None)

    def issues(self, batch: BatchId) -> list[Issue]:
        """See the port."""
        query = with_tx(t.issues).where(t.issues.c.batch == batch, self._upto(t.issues))
        return self._issues(query.order_by(t.issues.c.roll))

    def pairs(self, programme: ProgrammeId | None = None) -> list[tuple[BatchId, RollId, int, int]]:
        """See the port."""
        issues, sweeps = t.issues, t.sweeps
        swept = (issues.c.batch == sweeps.c.batch) & (issues.c.roll == sweeps.c.roll) & self._upto(sweeps)
        query = (
            select(issues.c.batch, issues.c.roll, issues.c["count"].label("places"), sweeps.c["count"].label("gone"))
            .select_from(issues.outerjoin(sweeps, swept))
            .where(self._upto(issues))
            .order_by(issues.c.batch, issues.c.roll)
        )
        if programme is not None:
            query = query.where(t.batches.c.batch == issues.c.batch, t.batches.c.programme == programme)
        late = self._counted_late()
        return [
            (row.batch, row.roll, row.places, (row.gone or 0) + late[row.batch, row.roll]) for row in self._rows(query)
        ]

    def _counted_late(self) -> Counter[tuple[int, int]]:
        """Vouchers reversed or released after their pair was swept: they count as swept with it."""
        late: Counter[tuple[int, int]] = Counter()
        for table in (t.reversals, t.booking_releases):
            rows = self._rows(select(table.c.voucher).where(table.c.swept, self._upto(table)))
            late.update(split_voucher(row.voucher)[:2] for row in rows)
        for stored in stored_vouchers(self._connection, self.block.number) if late else ():
            late[split_voucher(stored.voucher)[:2]] -= stored.counted_twice
        return late

    @kept
    def sweep_of(self, batch: BatchId, roll: RollId) -> Sweep | None:
        """The sweep of a pair."""
        table = t.sweeps
        for row in self._rows(with_tx(table).where(table.c.batch == batch, table.c.roll == roll, self._upto(table))):
            swept = count_of(row)
            return Sweep(batch, roll, row.line, swept, row.amount, to_address(row.actor), tx_of(row))
        return None

    @kept
    def batch_opened(self, batch: BatchId) -> TxRef | None:
        """Where a batch was opened."""
        return self._origin(t.batches, t.batches.c.batch == batch)

    @kept
    def roll_written(self, roll: RollId) -> TxRef | None:
        """Where a roll was written."""
        return self._origin(t.rolls, t.rolls.c.roll == roll)

    def _origin(self, table: Table, which: ColumnElement[bool]) -> TxRef | None:
        rows = self._rows(with_tx(table).where(which, self._upto(table)))
        return tx_of(rows[0]) if rows else None

    def batch_counts(self) -> dict[BatchId, BatchCounts] | None:
        """See the port."""
        if not self._at_head:
            return None
        rows = self._rows(select(t.batch_totals))
        counts = {row.batch: BatchCounts(row.batch, row.issued, row.redeemed, row.swept) for row in rows}
        for stored in stored_vouchers(self._connection):  # redeemed in parts, each counted as if it were a voucher
            batch = split_voucher(stored.voucher)[0]
            one = counts.get(batch, BatchCounts(batch, 0, 0, 0))
            used_up, swept = one.used_up - stored.parts, one.swept - stored.counted_twice
            counts[batch] = replace(one, used_up=used_up, swept=swept)
        return counts

    def _issues(self, query: Query) -> list[Issue]:
        return [_issue(row) for row in self._rows(query)]

    def _batches(self, which: Iterable[ColumnElement[bool]]) -> list[Batch]:
        table = t.batches
        rows = self._rows(select(table).where(self._upto(table), *which).order_by(table.c.batch))
        issued = self._issued_counts([row.batch for row in rows])
        return [self._on_clock(batch_of(row, issued.get(row.batch, 0)), row) for row in rows]

    def _issued_counts(self, batches: Collection[int]) -> dict[int, int]:
        if self._at_head:
            query = select(t.batch_totals.c.batch, t.batch_totals.c.issued)
            column: ColumnElement[int] = t.batch_totals.c.batch
        else:
            column = t.issues.c.batch
            query = select(column, func.sum(t.issues.c["count"])).where(self._upto(t.issues)).group_by(column)
        if len(batches) <= CHUNK:
            query = query.where(column.in_(batches))
        return {row[0]: int(row[1]) for row in self._rows(query)}

    def _rolls(self, which: Iterable[ColumnElement[bool]]) -> list[Roll]:
        """A roll's writing time is its block's; what pauses gave it since stands beside it."""
        table = t.rolls
        query = with_tx(table).where(self._upto(table), *which).order_by(table.c.roll)
        return [self._roll_on_clock(roll_of(row), row.block, row.log_index) for row in self._rows(query)]


def _issue(row: Record) -> Issue:
    return Issue(row.batch, row.roll, count_of(row), row.amount, tx_of(row))


def batch_of(row: Record, issued: int) -> Batch:
    """A batch out of its row and the number of its vouchers."""
    return Batch(
        id=row.batch,
        ref=row.ref,
        programme=row.programme,
        line=row.line,
        rules_version=row.rules_version,
        kind=row.kind,
        face=row.face,
        minimum_spend=row.minimum_spend,
        categories=row.categories,
        region=row.region,
        channels=row.channels,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        claim_days=row.claim_days,
        quota=row.quota,
        issued=issued,
        percentage=row.percentage,
    )


def roll_of(row: Record, prefix: str = "") -> Roll:
    """A roll out of its row, whose columns carry the prefix; `block_time` is its block's."""
    fields = {name.removeprefix(prefix): value for name, value in row._mapping.items() if name.startswith(prefix)}
    return Roll(
        id=fields["roll"],
        ref=fields["ref"],
        programme=fields["programme"],
        places=fields["places"],
        written_at=fields["block_time"],
        claimed=bool(fields["flags"] & _CLAIMED),
        custodial=bool(fields["flags"] & _CUSTODIAL),
        pointer=to_address(fields["pointer"]),
    )
