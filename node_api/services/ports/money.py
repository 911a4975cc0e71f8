"""Reading settlement runs, moves of budget, and what became of merchants."""

from __future__ import annotations

from typing import Protocol

from node_api.domain.ids import Address, LineId, MerchantId, ProgrammeId
from node_api.domain.merchant_life import MerchantAccountFact, PayoutChange, TermsStep
from node_api.domain.settlement import BudgetMove, SettlementRun


class MoneyReader(Protocol):
    """Settlement runs and moves of budget, as of one block."""

    def settlement_runs(self, *, limit: int | None = None, after: int = 0) -> list[SettlementRun]:
        """Runs with their entries, by number, at most `limit` (1-1,000; all where there is none), those above number `after`."""
        ...

    def settlement_run(self, run: int) -> SettlementRun | None:
        """One run by its number."""
        ...

    def budget_moves(self, programme: ProgrammeId | None = None) -> list[BudgetMove]:
        """Moves by number; of all programmes where none is named."""
        ...

    def budget_of(self, line: LineId) -> int:
        """A line's budget in force, moves counted in; 0 for a line of an unpublished programme."""
        ...


class MerchantLifeReader(Protocol):
    """What became of merchants, as of one block."""

    def terms_steps(self, merchant: MerchantId) -> list[TermsStep]:
        """Other terms proposed and in force, in the order of the chain."""
        ...

    def payout_changes(self, merchant: MerchantId) -> list[PayoutChange]:
        """Payout accounts proposed, in force and withdrawn, in the order of the chain."""
        ...

    def merchant_accounts(self, merchant: MerchantId) -> list[MerchantAccountFact]:
        """The accounts that are the merchant's now, with the terminals' limits."""
        ...

    def terminal_limit(self, terminal: Address) -> int:
        """What a terminal may redeem in a local day; 0 for no limit."""
        ...
