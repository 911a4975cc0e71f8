"""What became of merchants' terms, payout accounts and terminals, read from the index."""

from __future__ import annotations

from sqlalchemy import select

from node_api.domain.ids import Address, Amount, MerchantId, UnixSeconds
from node_api.domain.merchant_life import MerchantAccountFact, PayoutChange, TermsStep
from node_api.storage import tables as t
from node_api.storage.queries import Queries, to_address, to_raw, tx_of, with_tx


class MerchantLifeQueries(Queries):
    """Implements `MerchantLifeReader`."""

    def terms_steps(self, merchant: MerchantId) -> list[TermsStep]:
        """See the port."""
        table = t.merchant_terms
        query = with_tx(table).where(table.c.merchant == merchant, self._upto(table))
        return [
            TermsStep(row.name, row.categories, row.region, row.channels, to_address(row.actor), tx_of(row))
            for row in self._rows(query.order_by(table.c.block, table.c.log_index))
        ]

    def payout_changes(self, merchant: MerchantId) -> list[PayoutChange]:
        """See the port."""
        table = t.payout_steps
        query = with_tx(table).where(table.c.merchant == merchant, self._upto(table))
        return [
            PayoutChange(
                name=row.name,
                account=to_address(row.account),
                actor=to_address(row.actor),
                ripe_at=UnixSeconds(row.ripe_at),
                reason=row.reason,
                tx=tx_of(row),
            )
            for row in self._rows(query.order_by(table.c.block, table.c.log_index))
        ]

    def merchant_accounts(self, merchant: MerchantId) -> list[MerchantAccountFact]:
        """See the port."""
        accounts = []
        for account, kind in self.accounts_of(merchant):
            limit = self.terminal_limit(account) if kind == "terminal" else 0
            accounts.append(MerchantAccountFact(account, kind, Amount(limit) if limit else None))
        return accounts

    def terminal_limit(self, terminal: Address) -> int:
        """See the port. A terminal that was removed begins without one, whoever has it next."""
        return self._facts.one("terminal_limit", terminal, lambda: self._terminal_limit(terminal))

    def _terminal_limit(self, terminal: Address) -> int:
        limits, accounts = t.terminal_limits, t.merchant_accounts
        added = (
            select(accounts.c.block, accounts.c.log_index)
            .where(accounts.c.account == to_raw(terminal), accounts.c.kind == "terminal", self._upto(accounts))
            .order_by(accounts.c.block.desc(), accounts.c.log_index.desc())
            .limit(1)
        )
        newest = (
            select(limits)
            .where(limits.c.terminal == to_raw(terminal), self._upto(limits))
            .order_by(limits.c.block.desc(), limits.c.log_index.desc())
            .limit(1)
        )
        for row in self._rows(newest):
            for since in self._rows(added):
                limit: int = row.daily_limit
                return limit if (row.block, row.log_index) > (since.block, since.log_index) else 0
        return 0

    def accounts_of(self, merchant: MerchantId) -> list[tuple[Address, str]]:
        """The accounts that are the merchant's now, each with `key` or `terminal`."""
        table = t.merchant_accounts
        query = select(table).where(table.c.merchant == merchant, self._upto(table))
        now: dict[tuple[Address, str], bool] = {}
        for row in self._rows(query.order_by(table.c.block, table.c.log_index)):
            now[to_address(row.account), row.kind] = row.added
        return [account for account, added in now.items() if added]
