"""Reading the record. A reader is made for one block: everything it answers stands at the end of that block.

Absence is `None` or an empty list, never an exception. Addresses and text references are compared as the chain does:
addresses by their bytes, references exactly. A reader belongs to the thread that opened it.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import AbstractContextManager
from typing import Protocol

from node_api.domain.freezes import Freeze, Frozen, Revocation
from node_api.domain.ids import (
    Address,
    Amount,
    BatchId,
    Day,
    LineId,
    MerchantId,
    ProgrammeId,
    RollId,
    VoucherId,
)
from node_api.domain.lane import Lane
from node_api.domain.models import (
    Batch,
    BlockRef,
    BudgetLine,
    Merchant,
    Programme,
    Redemption,
    Roll,
    Rules,
    VoucherFacts,
    Widening,
)
from node_api.domain.trail import Issue, MerchantDay, Payment, Refusal, Totals
from node_api.domain.versions import RulesVersion
from node_api.services.ports.booking_reading import BookingReader
from node_api.services.ports.case_reading import CaseReader
from node_api.services.ports.claims import ClaimReader
from node_api.services.ports.holder_reading import HolderReader


class IndexEmpty(Exception):
    """The index holds no block yet: the node has not read the chain it belongs to."""


class BlockNotIndexed(Exception):
    """The block asked for lies above the newest one indexed, or below the first.

    Attributes:
        number: the block asked for.
        head: the newest block indexed.
    """

    def __init__(self, number: int, head: int) -> None:
        super().__init__(f"block {number} is not in the index, which stands at block {head}")
        self.number = number
        self.head = head


class ProgrammeReader(Protocol):
    """Programmes, their rules and budget lines."""

    def programmes(self) -> list[Programme]:
        """All programmes by ascending id."""
        ...

    def programme(self, programme: ProgrammeId) -> Programme | None:
        """One programme by its id."""
        ...

    def programmes_among(self, programmes: Collection[ProgrammeId]) -> dict[ProgrammeId, Programme]:
        """Those of them that there are, read together."""
        ...

    def programme_by_ref(self, ref: str) -> Programme | None:
        """One programme by its text reference."""
        ...

    def rules(self, programme: ProgrammeId, version: int) -> Rules | None:
        """One version of a programme's rules."""
        ...

    def rules_versions(self, programme: ProgrammeId) -> list[RulesVersion]:
        """Every version of a programme's rules ever proposed, by ascending number."""
        ...

    def widening(self, programme: ProgrammeId) -> Widening:
        """What the activated versions opened for good."""
        ...

    def lines(self, programme: ProgrammeId | None = None) -> list[BudgetLine]:
        """Budget lines with their money, by ascending id; of all programmes where none is named."""
        ...

    def line(self, line: LineId) -> BudgetLine | None:
        """One budget line with its money."""
        ...

    def totals(self, programme: ProgrammeId | None = None) -> Totals:
        """Sums of a programme, or of all. `refused` counts refusals on chain; with a programme, those that name a voucher."""
        ...


class MerchantReader(Protocol):
    """Merchants, their accounts and days."""

    def merchants(self) -> list[Merchant]:
        """All merchants by ascending id."""
        ...

    def merchant(self, merchant: MerchantId) -> Merchant | None:
        """One merchant by its id."""
        ...

    def merchants_among(self, merchants: Collection[MerchantId]) -> dict[MerchantId, Merchant]:
        """Those of them that there are, read together."""
        ...

    def merchant_by_ref(self, ref: str) -> Merchant | None:
        """One merchant by its text reference."""
        ...

    def terminal_merchant(self, address: Address) -> MerchantId | None:
        """The merchant whose terminal this account is now."""
        ...

    def merchant_of_key(self, address: Address) -> MerchantId | None:
        """The merchant whose key this account is now; None if it was removed."""
        ...

    def category_names(self) -> dict[int, str]:
        """Names of the categories that have one, by number (0-63)."""
        ...

    def merchant_days(
        self,
        merchant: MerchantId | None = None,
        *,
        programme: ProgrammeId | None = None,
        from_day: Day | None = None,
        until_day: Day | None = None,
    ) -> list[MerchantDay]:
        """Days with redemptions, by merchant, line and day; `from_day` inclusive, `until_day` exclusive."""
        ...

    def redeemed_on(
        self, day: Day, wanted: Collection[tuple[LineId, MerchantId]]
    ) -> dict[tuple[LineId, MerchantId], Amount]:
        """What was redeemed on a local day at merchants under budget lines, and not taken back; where there is anything."""
        ...

    def payments(
        self,
        merchant: MerchantId | None = None,
        line: LineId | None = None,
        *,
        from_day: Day | None = None,
        until_day: Day | None = None,
    ) -> list[Payment]:
        """Payments in the order of the chain, for days as in `merchant_days`."""
        ...


class SupplyReader(Protocol):
    """Batches, rolls and issues."""

    def batches(self, programme: ProgrammeId | None = None) -> list[Batch]:
        """Batches by ascending id; of all programmes where none is named."""
        ...

    def batch(self, batch: BatchId) -> Batch | None:
        """One batch by its id."""
        ...

    def batch_by_ref(self, ref: str) -> Batch | None:
        """One batch by its text reference."""
        ...

    def rolls(self, programme: ProgrammeId | None = None) -> list[Roll]:
        """Rolls by ascending id; of all programmes where none is named."""
        ...

    def roll(self, roll: RollId) -> Roll | None:
        """One roll by its id."""
        ...

    def roll_by_ref(self, ref: str) -> Roll | None:
        """One roll by its text reference."""
        ...

    def holders(self, roll: RollId) -> list[Address]:
        """The holders of a roll in the order of their places; empty for an unknown roll."""
        ...

    def issued(self, batch: BatchId, roll: RollId) -> Issue | None:
        """The issue of a batch to a roll."""
        ...

    def issues(self, batch: BatchId) -> list[Issue]:
        """The issues of a batch by ascending roll."""
        ...


class VoucherReader(Protocol):
    """Vouchers and what became of them."""

    def voucher(self, voucher: VoucherId) -> VoucherFacts | None:
        """What a redemption reads about a voucher; None where roll, place or batch does not exist, or the roll is another
        programme's. A voucher whose batch was not given to the roll is answered with `issued` false.
        """
        ...

    def vouchers(self, vouchers: Collection[VoucherId]) -> dict[VoucherId, VoucherFacts]:
        """Those of them that `voucher` answers, read together."""
        ...

    def vouchers_of(
        self,
        holder: Address,
        programme: ProgrammeId | None = None,
        *,
        limit: int = 100,
        after: VoucherId | None = None,
    ) -> list[VoucherFacts]:
        """Issued vouchers of a holder, by ascending id, at most `limit` (1-1,000), those above `after`."""
        ...

    def redemption(self, number: int) -> Redemption | None:
        """One redemption by its running number."""
        ...

    def redemption_of(self, voucher: VoucherId) -> Redemption | None:
        """The redemption that spent a voucher and was not taken back."""
        ...

    def redemptions(
        self,
        *,
        merchant: MerchantId | None = None,
        day: Day | None = None,
        programme: ProgrammeId | None = None,
        limit: int = 100,
        after: int = 0,
    ) -> list[Redemption]:
        """Redemptions by ascending number, at most `limit` (1-1,000), those above number `after`."""
        ...

    def refusals(
        self, *, voucher: VoucherId | None = None, merchant: MerchantId | None = None, limit: int = 100
    ) -> list[Refusal]:
        """Refusals on chain, the newest first, at most `limit` (1-1,000)."""
        ...

    def refused_at(self, merchant: MerchantId) -> int:
        """How many items were refused at the merchant on chain."""
        ...


class StandingReader(Protocol):
    """What stands over vouchers: freezes, revocations, and the emergency lane."""

    @property
    def lane(self) -> Lane:
        """All uses of the emergency lane up to this block."""
        ...

    def freezes(self) -> list[Freeze]:
        """Every subject that was ever frozen, with its steps, in the order in which each was frozen first."""
        ...

    def freezes_of(self, *subjects: Frozen) -> list[Freeze]:
        """Those of these subjects that were ever frozen."""
        ...

    def revocation_of(self, voucher: VoucherId) -> Revocation | None:
        """The revocation of a voucher."""
        ...

    def revocations(self, *, limit: int = 100, after: VoucherId | None = None) -> list[Revocation]:
        """Vouchers revoked, by ascending id, at most `limit` (1-1,000), those above `after`."""
        ...


class Reader(
    ProgrammeReader,
    MerchantReader,
    SupplyReader,
    VoucherReader,
    StandingReader,
    CaseReader,
    BookingReader,
    ClaimReader,
    HolderReader,
    Protocol,
):
    """Everything the record says as of one block."""

    @property
    def block(self) -> BlockRef:
        """The block all answers stand on."""
        ...


class Reads(Protocol):
    """Opens readers. Thread-safe."""

    def at_head(self) -> AbstractContextManager[Reader]:
        """A reader on the newest indexed block; blocks indexed while it is open do not show.

        Raises:
            IndexEmpty: nothing was indexed yet.
        """
        ...

    def at(self, block_number: int) -> AbstractContextManager[Reader]:
        """A reader on an older block.

        Raises:
            IndexEmpty: nothing was indexed yet.
            BlockNotIndexed: the block is not in the index.
        """
        ...
