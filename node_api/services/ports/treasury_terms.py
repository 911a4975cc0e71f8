"""Terms of what the treasury puts on chain, as the structs in `contracts/types/`.

Money is in the token's smallest unit, times are Unix seconds, regions are packed, categories and channels are bit masks.
"""

from __future__ import annotations

from dataclasses import dataclass

from node_api.domain.ids import Address, Amount, Hash, ProgrammeId, UnixSeconds

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
class RulesTerms:
    """The rules of this release. Windows in seconds."""

    max_deadline: int
    reversal_window: int
    dispute_window: int


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
    """A batch of fixed-value vouchers; `line` is the number within the programme."""

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
