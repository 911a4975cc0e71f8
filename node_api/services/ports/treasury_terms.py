"""Terms of what the treasury puts on chain, as the structs in `contracts/types/`.

Money is in the token's smallest unit, times are Unix seconds, regions are packed, categories and channels are bit masks.
"""

from __future__ import annotations

from dataclasses import dataclass

from node_api.domain.ids import Address, Amount, Hash, ProgrammeId, UnixSeconds
from node_api.domain.publication import PublishedText

NO_DOCUMENT = Hash("0x" + "0" * 64)


@dataclass(frozen=True, slots=True)
class ProgrammeTerms:
    """The outer bounds of a programme, as `ProgrammeTerms` in `Programme.sol`."""

    name: str
    token: Address
    utc_offset_minutes: int
    starts_at: UnixSeconds
    ends_at: UnixSeconds
    categories: int
    region: int
    channels: int
    approvals_needed: int
    document: Hash


@dataclass(frozen=True, slots=True)
class PublicationTerms:
    """What a programme is published with, as `PublicationTerms` in `Programme.sol`."""

    notice: int = 0
    how_to_use: PublishedText | None = None
    conditions: PublishedText | None = None


@dataclass(frozen=True, slots=True)
class RulesTerms:
    """A version of rules, as `RulesTerms` in `Programme.sol`. Windows in seconds; a limit of 0 is none; counts are vouchers.
    `open_seconds` and `open_max_bill`, both or neither, allow codes that name no merchant.

    The caps of transfers, where vouchers may be passed on, are `TransferCaps` in `Transfer.sol`: 0 is nothing.
    """

    max_deadline: int
    reversal_window: int
    dispute_window: int
    step_up_threshold: int = 0
    merchant_daily_limit: int = 0
    redemption_amount: int = 0
    redemption_count: int = 0
    day_amount: int = 0
    day_count: int = 0
    month_amount: int = 0
    month_count: int = 0
    open_seconds: int = 0
    open_max_bill: int = 0
    first_only: bool = False
    transferable: bool = False
    transfer_amount: int = 0
    transfer_month_amount: int = 0


@dataclass(frozen=True, slots=True)
class WideningTerms:
    """What a version opens for good, as `Widening` in `Programme.sol`: bit masks and packed spend regions."""

    categories: int = 0
    regions: tuple[int, ...] = ()
    channels: int = 0


@dataclass(frozen=True, slots=True)
class LineTerms:
    """A budget line."""

    funder: Address
    funding_region: int
    beneficiary_group: str
    purpose: str
    amount: Amount


@dataclass(frozen=True, slots=True)
class MerchantTerms:
    """What a merchant is vetted for and where it is paid."""

    categories: int
    region: int
    channels: int
    payout: Address


@dataclass(frozen=True, slots=True)
class BatchTerms:
    """A batch; `line` is the number within the programme, `percentage` in basis points, 0 but for percentages."""

    programme: ProgrammeId
    line: int
    face: Amount
    minimum_spend: Amount
    categories: int
    region: int
    channels: int
    valid_from: UnixSeconds
    valid_until: UnixSeconds
    claim_days: int
    quota: int
    kind: int = 0
    percentage: int = 0
