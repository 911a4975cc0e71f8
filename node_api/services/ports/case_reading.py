"""Reading cases from the record."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from node_api.domain.cases import Dispute, Reversal
from node_api.domain.ids import Amount, Day, Hash, MerchantId, VoucherId
from node_api.domain.models import Redemption


class CaseReader(Protocol):
    """Reversals, disputes, and the redemptions they are about."""

    def redemptions_of(self, voucher: VoucherId) -> list[Redemption]:
        """Every redemption of a voucher, by number, those reversed included."""
        ...

    def redemption_signed(self, digest: Hash, voucher: VoucherId) -> Redemption | None:
        """The redemption of a voucher by what was signed: at most one, reversed or not."""
        ...

    def reversal_of(self, number: int) -> Reversal | None:
        """The reversal of a redemption."""
        ...

    def reversals(
        self,
        *,
        voucher: VoucherId | None = None,
        merchant: MerchantId | None = None,
        limit: int = 100,
        after: tuple[int, int] = (0, 0),
    ) -> list[Reversal]:
        """Reversals in the order of the chain, at most `limit` (1-1,000), those behind block and log `after`."""
        ...

    def reversed_sum(
        self, merchant: MerchantId, *, from_day: Day | None = None, until_day: Day | None = None
    ) -> tuple[Amount, int]:
        """Amount and number of a merchant's redemptions that were taken back, by the day whose money they took; `from_day`
        inclusive, `until_day` exclusive.
        """
        ...

    def ever_free(self, vouchers: Collection[VoucherId]) -> frozenset[VoucherId]:
        """Those that a reversal or a release ever set free: what was signed before may be dead for them, and for no others."""
        ...

    def dead(self, digest: Hash, vouchers: Collection[VoucherId]) -> frozenset[VoucherId]:
        """The vouchers for which what was signed is dead."""
        ...

    def dispute(self, dispute: int) -> Dispute | None:
        """One dispute by its number."""
        ...

    def dispute_of(self, number: int) -> Dispute | None:
        """The dispute over a redemption."""
        ...

    def disputes(
        self,
        *,
        voucher: VoucherId | None = None,
        merchant: MerchantId | None = None,
        only_open: bool = False,
        limit: int = 100,
        after: int = 0,
    ) -> list[Dispute]:
        """Disputes by ascending number, at most `limit` (1-1,000), those above number `after`."""
        ...
