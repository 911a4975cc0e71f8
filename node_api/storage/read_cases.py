"""Consents, reversals and disputes, read from the index."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ColumnElement, Table, func, literal, select

from node_api.domain.cases import Decision, Dispute, Reversal
from node_api.domain.ids import VOUCHER_BITS, Amount, Day, Hash, MerchantId, VoucherId
from node_api.domain.models import Redemption
from node_api.domain.trail import Consent
from node_api.storage import tables as t
from node_api.storage.queries import (
    Query,
    Record,
    behind,
    bounded,
    chunks,
    in_period,
    to_address,
    to_hash,
    to_raw,
    tx_of,
    with_tx,
)
from node_api.storage.read_vouchers import VoucherQueries, with_holder


class CaseQueries(VoucherQueries):
    """Implements `CaseReader`."""

    def redemptions_of(self, voucher: VoucherId) -> list[Redemption]:
        """See the port."""
        if self._at_head:
            return self._with_holders_then([one for one, _ in self._done(voucher)])
        return self._redemptions(
            with_holder().where(t.redemptions.c.voucher == voucher).order_by(t.redemptions.c.number)
        )

    def redemption_signed(self, digest: Hash, voucher: VoucherId) -> Redemption | None:
        """See the port."""
        if voucher >> VOUCHER_BITS:  # no voucher's number, and the database's integers end at 63 bits
            return None
        done = t.redemptions
        query = with_holder().where(done.c.voucher == voucher, done.c.digest == to_raw(digest))
        return next(iter(self._redemptions(query)), None)

    def consents(self, digest: Hash) -> list[Consent]:
        """See the port `AuditReader`."""
        table = t.consents
        query = with_tx(table).where(table.c.digest == to_raw(digest), self._upto(table))
        rows = self._rows(query.order_by(table.c.block, table.c.log_index))
        return [Consent(digest, to_address(row.attestor), tx_of(row)) for row in rows]

    def reversal_of(self, number: int) -> Reversal | None:
        """See the port."""
        return next(iter(self._reversals(t.reversals.c.number == number)), None)

    def reversals(
        self,
        *,
        voucher: VoucherId | None = None,
        merchant: MerchantId | None = None,
        limit: int = 100,
        after: tuple[int, int] = (0, 0),
    ) -> list[Reversal]:
        """See the port."""
        table = t.reversals
        which: list[ColumnElement[bool]] = [behind(table, after)]
        if voucher is not None:
            which.append(table.c.voucher == voucher)
        if merchant is not None:
            which.append(table.c.merchant == merchant)
        return self._reversals(*which, limit=bounded(limit))

    def reversed_sum(
        self, merchant: MerchantId, *, from_day: Day | None = None, until_day: Day | None = None
    ) -> tuple[Amount, int]:
        """See the port."""
        table = t.reversals
        query = select(func.coalesce(func.sum(table.c.amount), 0), func.count()).where(
            table.c.merchant == merchant, self._upto(table), *in_period(table.c.day, from_day, until_day)
        )
        amount, count = self._connection.execute(query).one()
        return Amount(int(amount)), int(count)

    def ever_free(self, vouchers: Collection[VoucherId]) -> frozenset[VoucherId]:
        """See the port."""
        return self._in_table(t.reversals, vouchers)

    def _in_table(self, table: Table, vouchers: Collection[VoucherId]) -> frozenset[VoucherId]:
        column, found = table.c.voucher, set[VoucherId]()
        for some in chunks(vouchers):
            found.update(row.voucher for row in self._rows(select(column).where(column.in_(some), self._upto(table))))
        return frozenset(found)

    def dead(self, digest: Hash, vouchers: Collection[VoucherId]) -> frozenset[VoucherId]:
        """See the port."""
        table = t.reversals
        query = select(table.c.voucher).where(
            table.c.voucher.in_(vouchers), table.c.digest == to_raw(digest), self._upto(table)
        )
        return frozenset(row.voucher for row in self._rows(query))

    def dispute(self, dispute: int) -> Dispute | None:
        """See the port."""
        return next(iter(self._disputes(t.disputes.c.dispute == dispute)), None)

    def dispute_of(self, number: int) -> Dispute | None:
        """See the port."""
        return next(iter(self._disputes(t.disputes.c.number == number)), None)

    def disputes(
        self,
        *,
        voucher: VoucherId | None = None,
        merchant: MerchantId | None = None,
        only_open: bool = False,
        limit: int = 100,
        after: int = 0,
    ) -> list[Dispute]:
        """See the port."""
        table, ended = t.disputes, t.dispute_decisions
        which: list[ColumnElement[bool]] = [table.c.dispute > after]
        if voucher is not None:
            which.append(table.c.voucher == voucher)
        if merchant is not None:
            which.append(t.redemptions.c.merchant == merchant)
        if only_open:
            done = select(literal(1)).where(ended.c.dispute == table.c.dispute, self._upto(ended))
            which.append(~done.exists())
        return self._disputes(*which, limit=bounded(limit))

    def _reversals(self, *which: ColumnElement[bool], limit: int = 1) -> list[Reversal]:
        table = t.reversals
        query = with_tx(table).where(*which, self._upto(table)).order_by(table.c.block, table.c.log_index).limit(limit)
        return [_reversal(row) for row in self._rows(query)]

    def _disputes(self, *which: ColumnElement[bool], limit: int = 1) -> list[Dispute]:
        table, done = t.disputes, t.redemptions
        source = table.join(done, done.c.number == table.c.number)
        query: Query = with_tx(table, source, done.c.merchant, done.c.line, done.c.amount)
        query = query.where(*which, self._upto(table)).order_by(table.c.dispute).limit(limit)
        rows = self._rows(query)
        decisions = self._decisions([row.dispute for row in rows])
        return [_dispute(row, decisions.get(row.dispute)) for row in rows]

    def _decisions(self, disputes: Collection[int]) -> dict[int, Decision]:
        table = t.dispute_decisions
        query = with_tx(table).where(table.c.dispute.in_(disputes), self._upto(table))
        return {
            row.dispute: Decision(to_address(row.actor), row.stands, to_hash(row.reason), tx_of(row))
            for row in self._rows(query)
        }


def _reversal(row: Record) -> Reversal:
    return Reversal(
        number=row.number,
        voucher=row.voucher,
        merchant=row.merchant,
        line=row.line,
        day=row.day,
        digest=to_hash(row.digest),
        amount=row.amount,
        actor=to_address(row.actor),
        reason=to_hash(row.reason),
        live=row.live,
        swept=row.swept,
        tx=tx_of(row),
    )


def _dispute(row: Record, decision: Decision | None) -> Dispute:
    return Dispute(
        id=row.dispute,
        number=row.number,
        voucher=row.voucher,
        merchant=row.merchant,
        line=row.line,
        amount=row.amount,
        digest=to_hash(row.digest),
        actor=to_address(row.actor),
        reason=to_hash(row.reason),
        decide_by=row.decide_by,
        tx=tx_of(row),
        decision=decision,
    )
