"""Merchants, their accounts, days and payments, read from the index."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Table, bindparam, func, select

from node_api.domain.freezes import Frozen, Subject
from node_api.domain.ids import Address, Amount, Day, LineId, MerchantId, ProgrammeId
from node_api.domain.models import Merchant, MerchantStatus
from node_api.domain.trail import MerchantDay, Payment, Step
from node_api.storage import tables as t
from node_api.storage.by_keys import rows_by_keys
from node_api.storage.kept import kept
from node_api.storage.prepared import Prepared
from node_api.storage.queries import (
    UPTO,
    Query,
    Record,
    chunks,
    count_of,
    in_period,
    to_address,
    to_raw,
    tx_of,
    with_tx,
)
from node_api.storage.read_standing import StandingQueries
from node_api.storage.settled import DayKey, open_disputes, settled_counts
from node_api.storage.sums import lines_of

_AFTER_STEP = {
    "applied": MerchantStatus.APPLIED,
    "activated": MerchantStatus.ACTIVE,
    "suspended": MerchantStatus.SUSPENDED,
    "reinstated": MerchantStatus.ACTIVE,
    "rejected": MerchantStatus.REMOVED,
    "removed": MerchantStatus.REMOVED,
}


def _newest(table: Table, column: str, names: Iterable[str]) -> ScalarSelect[Any]:
    """The column in the merchant's newest step of one of these names; None where it took none."""
    return (
        select(table.c[column])
        .where(table.c.merchant == t.merchants.c.merchant, table.c.name.in_(names), table.c.block <= UPTO)
        .order_by(table.c.block.desc(), table.c.log_index.desc())
        .limit(1)
        .correlate(t.merchants)
        .scalar_subquery()
    )


# A merchant as it applied, with its newest step, and what was changed since.
_MERCHANTS = select(
    t.merchants,
    _newest(t.merchant_steps, "name", list(_AFTER_STEP)).label("step"),
    *(
        _newest(t.merchant_terms, name, ["changed"]).label(f"new_{name}")
        for name in ("categories", "region", "channels")
    ),
    _newest(t.payout_steps, "account", ["changed"]).label("new_payout"),
).where(t.merchants.c.block <= UPTO)
_PAID = Prepared(
    with_tx(t.payments)
    .where(
        t.payments.c.line == bindparam("of_line"),
        t.payments.c.merchant == bindparam("of_merchant"),
        t.payments.c.day == bindparam("on"),
        t.payments.c.block <= UPTO,
    )
    .order_by(t.payments.c.block, t.payments.c.log_index)
)
_MERCHANT = _MERCHANTS.where(t.merchants.c.merchant == bindparam("wanted"))

_DAY = "merchant", "line", "day"


class MerchantQueries(StandingQueries):
    """Implements `MerchantReader`, and what an auditor asks beyond it."""

    def merchants(self) -> list[Merchant]:
        """See the port."""
        return self._merchants(())

    @kept
    def merchant(self, merchant: MerchantId) -> Merchant | None:
        """See the port."""
        return self.merchants_among((merchant,)).get(merchant)

    def merchants_among(self, merchants: Collection[MerchantId]) -> dict[MerchantId, Merchant]:
        """See the port."""
        return self._facts.among("merchant", merchants, self._merchants_by_id)

    def merchant_by_ref(self, ref: str) -> Merchant | None:
        """See the port."""
        return next(iter(self._merchants((t.merchants.c.ref == ref,))), None)

    def _merchant_with_freeze(self, merchant: Merchant) -> Merchant:
        until = self._frozen_until(Frozen(Subject.MERCHANT, merchant.id))
        return replace(merchant, frozen_until=until) if until else merchant

    def terminal_merchant(self, address: Address) -> MerchantId | None:
        """See the port."""
        return self._facts.among("terminal", (address,), self._terminals).get(address)

    def merchant_of_key(self, address: Address) -> MerchantId | None:
        """See the port."""
        merchant = self._owner(address, "key")
        found = None if merchant is None else self.merchant(merchant)
        return None if found is None or found.status is MerchantStatus.REMOVED else merchant

    def category_names(self) -> dict[int, str]:
        """See the port."""
        table = t.category_names
        query = select(table).where(self._upto(table)).order_by(table.c.block, table.c.log_index)
        return {row.category: row.name for row in self._rows(query)}

    def merchant_days(
        self,
        merchant: MerchantId | None = None,
        *,
        programme: ProgrammeId | None = None,
        from_day: Day | None = None,
        until_day: Day | None = None,
    ) -> list[MerchantDay]:
        """See the port."""
        source = self._days_at_head if self._at_head else self._days_from_facts
        locked = open_disputes(self._connection, self._block.number)
        return [
            day if held is None else replace(day, disputed=Amount(held[0]), disputed_count=held[1])
            for day in source(merchant, programme)
            if (from_day is None or day.day >= from_day) and (until_day is None or day.day < until_day)
            for held in (locked.get((day.merchant, day.line, day.day)),)
        ]

    def redeemed_on(
        self, day: Day, wanted: Collection[tuple[LineId, MerchantId]]
    ) -> dict[tuple[LineId, MerchantId], Amount]:
        """See the port."""
        if not self._at_head:
            days = self.merchant_days(from_day=day, until_day=Day(day + 1))
            return {(one.line, one.merchant): one.redeemed for one in days if (one.line, one.merchant) in wanted}
        days_wanted = [(merchant, line, day) for line, merchant in wanted]
        rows = rows_by_keys(self._connection, t.merchant_days, _DAY, (*_DAY, "redeemed"), days_wanted)
        return {(line, merchant): redeemed for merchant, line, _, redeemed in rows}

    def payments(
        self,
        merchant: MerchantId | None = None,
        line: LineId | None = None,
        *,
        from_day: Day | None = None,
        until_day: Day | None = None,
    ) -> list[Payment]:
        """See the port."""
        table = t.payments
        query = with_tx(table).where(self._upto(table), *in_period(table.c.day, from_day, until_day))
        if merchant is not None:
            query = query.where(table.c.merchant == merchant)
        if line is not None:
            query = query.where(table.c.line == line)
        return self._payments(query.order_by(table.c.block, table.c.log_index))

    def payments_of_day(self, line: LineId, merchant: MerchantId, day: Day) -> list[Payment]:
        """See the port `AuditReader`."""
        named = {"of_line": line, "of_merchant": merchant, "on": day, "upto": self._block.number}
        return [self._payment(row) for row in _PAID.rows(self._connection, **named)]

    def payment_of(self, line: LineId, merchant: MerchantId, day: Day) -> Payment | None:
        """The payment that settled a merchant's day."""
        table = t.payments
        query = with_tx(table).where(
            table.c.line == line, table.c.merchant == merchant, table.c.day == day, self._upto(table)
        )
        return next(iter(self._payments(query)), None)

    def merchant_steps(self, merchant: MerchantId) -> list[Step]:
        """A merchant's steps in the order of the chain."""
        table = t.merchant_steps
        query = with_tx(table).where(table.c.merchant == merchant, self._upto(table))
        return [
            Step(row.name, to_address(row.actor), row.reason, 0, tx_of(row))
            for row in self._rows(query.order_by(table.c.block, table.c.log_index))
        ]

    @staticmethod
    def _payment(row: Record) -> Payment:
        return Payment(row.line, row.merchant, row.day, row.run, row.amount, to_address(row.account), tx_of(row))

    def _payments(self, query: Query) -> list[Payment]:
        return [self._payment(row) for row in self._rows(query)]

    def _merchants_by_id(self, ids: Collection[MerchantId]) -> dict[MerchantId, Merchant]:
        if len(ids) == 1:
            named = [{"wanted": one, "upto": self._block.number} for one in ids]
            rows = self._connection.execute(_MERCHANT, named[0]).all()
            return {row.merchant: self._merchant_with_freeze(_merchant(row)) for row in rows}
        column = t.merchants.c.merchant
        return {one.id: one for some in chunks(ids) for one in self._merchants((column.in_(some),))}

    def _terminals(self, addresses: Collection[Address]) -> dict[Address, MerchantId]:
        found = [(address, self._owner(address, "terminal")) for address in addresses]
        return {address: merchant for address, merchant in found if merchant is not None}

    def _merchants(self, which: Iterable[ColumnElement[bool]]) -> list[Merchant]:
        query = _MERCHANTS.where(*which).order_by(t.merchants.c.merchant)
        rows = self._connection.execute(query, {"upto": self._block.number})
        return [self._merchant_with_freeze(_merchant(row)) for row in rows]

    def _owner(self, address: Address, kind: str) -> MerchantId | None:
        """The newest word on an account."""
        table = t.merchant_accounts
        query = select(table.c.merchant, table.c.added).where(
            table.c.account == to_raw(address), table.c.kind == kind, self._upto(table)
        )
        for row in self._rows(query.order_by(table.c.block.desc(), table.c.log_index.desc()).limit(1)):
            return row.merchant if row.added else None
        return None

    def _days_at_head(self, merchant: MerchantId | None, programme: ProgrammeId | None) -> list[MerchantDay]:
        days = t.merchant_days
        query = select(days).where(*lines_of(days.c.line, programme))
        if merchant is not None:
            query = query.where(days.c.merchant == merchant)
        return [
            MerchantDay(row.merchant, row.line, row.day, row.redeemed, count_of(row), row.settled, row.settled_count)
            for row in self._rows(query.order_by(days.c.merchant, days.c.line, days.c.day))
        ]

    def _days_from_facts(self, merchant: MerchantId | None, programme: ProgrammeId | None) -> list[MerchantDay]:
        """The roll-up of days as it stood at an older block."""
        sums: dict[DayKey, list[int]] = defaultdict(lambda: [0, 0, 0])
        for table, amount_at, count_at, sign in (
            (t.redemptions, 0, 1, 1),
            (t.reversals, 0, 1, -1),
            (t.payments, 2, None, 1),
        ):
            for row in self._rows(self._by_day(table, merchant, programme)):
                day = sums[row.merchant, row.line, row.day]
                day[amount_at] += sign * int(row.amount)
                if count_at is not None:
                    day[count_at] += sign * count_of(row)
        lines = lines_of(t.payments.c.line, programme)
        settled = settled_counts(self._connection, block=self._block.number, lines=lines)
        return [
            MerchantDay(
                MerchantId(key[0]),
                LineId(key[1]),
                Day(key[2]),
                Amount(day[0]),
                day[1],
                Amount(day[2]),
                settled.get(key, 0),
            )
            for key, day in sorted(sums.items())
            if any(day)
        ]

    def _by_day(self, table: Table, merchant: MerchantId | None, programme: ProgrammeId | None) -> Query:
        key = (table.c.merchant, table.c.line, table.c.day)
        query = select(*key, func.sum(table.c.amount).label("amount"), func.count().label("count"))
        query = query.where(self._upto(table), *lines_of(table.c.line, programme)).group_by(*key)
        return query if merchant is None else query.where(table.c.merchant == merchant)


def _merchant(row: Record) -> Merchant:
    changed = row.new_categories is not None
    return Merchant(
        id=row.merchant,
        ref=row.ref,
        status=_AFTER_STEP[row.step],
        categories=row.new_categories if changed else row.categories,
        region=row.new_region if changed else row.region,
        channels=row.new_channels if changed else row.channels,
        payout=to_address(row.payout if row.new_payout is None else row.new_payout),
    )
