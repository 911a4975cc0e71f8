"""What the contracts logged, decoded: one class for each kind of fact the index keeps (docs/storage.md, section 6).

Addresses and hashes are raw bytes here (20 and 32), since they come from the chain and go into a table; money is in the
token's smallest unit, times in Unix seconds, regions packed, categories and channels bit masks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from node_api.domain.booking_events import BookingEvent
from node_api.domain.case_events import CaseEvent
from node_api.domain.claim_events import ClaimEvent
from node_api.domain.life_events import LifeEvent
from node_api.domain.merchant_events import MerchantEvent
from node_api.domain.money_events import MoneyEvent
from node_api.domain.rule_events import RulesStep, WideningProposed
from node_api.domain.standing_events import EmergencyStep, FreezeStep, VoucherRevoked
from node_api.domain.transfer_events import TransferEvent


@dataclass(frozen=True, slots=True)
class ProgrammeDrafted:
    """A programme with its outer bounds; its first rules and its step come as events of their own."""

    programme: int
    ref: str
    name: str
    token: bytes
    utc_offset: int
    starts_at: int
    ends_at: int
    categories: int
    region: int
    channels: int
    approvals_needed: int
    document: bytes
    drafted_by: bytes


@dataclass(frozen=True, slots=True)
class RulesWritten:
    """One version of a programme's rules, every term of `RulesTerms`, those of later releases included."""

    programme: int
    version: int
    max_deadline: int
    reversal_window: int
    dispute_window: int
    step_up_threshold: int
    merchant_daily_limit: int
    redemption_amount: int
    redemption_count: int
    day_amount: int
    day_count: int
    month_amount: int
    month_count: int
    open_seconds: int
    open_max_bill: int
    flags: int


@dataclass(frozen=True, slots=True)
class BudgetLineAdded:
    """A budget line of a draft; `amount` is its budget once the programme is published."""

    line: int
    programme: int
    funder: bytes
    funding_region: int
    beneficiary_group: str
    purpose: str
    amount: int


@dataclass(frozen=True, slots=True)
class ProgrammeStep:
    """A programme went a step: drafted, proposed, approved, published, activated, closed."""

    programme: int
    name: str
    actor: bytes
    approvals: int
    reason: str


@dataclass(frozen=True, slots=True)
class BudgetSet:
    """The budget of a line came into force."""

    line: int
    amount: int


@dataclass(frozen=True, slots=True)
class Deposited:
    """Money arrived for a line."""

    slip: bytes
    line: int
    depositor: bytes
    amount: int


@dataclass(frozen=True, slots=True)
class SettlementPrepared:
    """A settlement run was put before the approver."""

    run: int
    actor: bytes
    entries: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class SettlementReleased:
    """A settlement run was paid."""

    run: int
    actor: bytes
    amount: int


@dataclass(frozen=True, slots=True)
class MerchantPaid:
    """A merchant's day under a line was paid."""

    line: int
    merchant: int
    day: int
    run: int
    amount: int
    account: bytes


@dataclass(frozen=True, slots=True)
class RestReturned:
    """A closed programme's line gave its rest back to its funder."""

    line: int
    funder: bytes
    amount: int


@dataclass(frozen=True, slots=True)
class MerchantApplied:
    """A merchant was entered with what it is vetted for."""

    merchant: int
    ref: str
    categories: int
    region: int
    channels: int
    payout: bytes


@dataclass(frozen=True, slots=True)
class MerchantStep:
    """A merchant went a step: applied, activated, rejected, suspended, reinstated, removed; or its removal was proposed."""

    merchant: int
    name: str
    actor: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class MerchantAccount:
    """An account became, or is no longer, a merchant's `key` or `terminal`."""

    account: bytes
    kind: str
    merchant: int
    added: bool
    actor: bytes


@dataclass(frozen=True, slots=True)
class CategoryNamed:
    """A category got a name."""

    category: int
    name: str
    actor: bytes


@dataclass(frozen=True, slots=True)
class BatchOpened:
    """A batch with its terms."""

    batch: int
    ref: str
    programme: int
    line: int
    rules_version: int
    kind: int
    face: int
    minimum_spend: int
    percentage: int
    categories: int
    region: int
    channels: int
    valid_from: int
    valid_until: int
    claim_days: int
    quota: int


@dataclass(frozen=True, slots=True)
class RollWritten:
    """A roll; `holders` is the code of its data contract without the leading zero byte, 20 bytes a place."""

    roll: int
    ref: str
    programme: int
    places: int
    flags: int
    pointer: bytes
    holders: bytes


@dataclass(frozen=True, slots=True)
class VouchersIssued:
    """A batch was given to a roll."""

    batch: int
    roll: int
    count: int
    amount: int


class VoucherRedeemed(NamedTuple):
    """A voucher was redeemed; `number` runs over all redemptions.

    Most events are these: a tuple is made in a third of the time.
    """

    number: int
    voucher: int
    merchant: int
    receipt: bytes
    digest: bytes
    amount: int
    rules_version: int


@dataclass(frozen=True, slots=True)
class ConsentGiven:
    """A call brought an attestor's consent; `digest` is what the holder signed."""

    digest: bytes
    attestor: bytes


@dataclass(frozen=True, slots=True)
class TerminalBatchAccepted:
    """A terminal answers for the `count` redemptions from `first_number` on, which stand before this in the same transaction."""

    merchant: int
    terminal: bytes
    first_number: int
    count: int


@dataclass(frozen=True, slots=True)
class RedemptionRefused:
    """An item was refused: with voucher and digest where its holder had signed it, else by its position in the call.

    `voucher` and `merchant` are what the caller wrote, up to 256 bits, and need not exist.
    """

    voucher: int | None
    merchant: int
    digest: bytes | None
    group_index: int | None
    item_index: int | None
    reason: bytes


@dataclass(frozen=True, slots=True)
class RedemptionsCommitted:
    """A call's commitment."""

    first_number: int
    count: int
    commitment: bytes


@dataclass(frozen=True, slots=True)
class VouchersSwept:
    """The unspent vouchers of a pair expired."""

    batch: int
    roll: int
    line: int
    count: int
    amount: int
    actor: bytes


@dataclass(frozen=True, slots=True)
class RoleStep:
    """A role was given to an account or taken from it; `since` is when a grant takes effect."""

    role: int
    account: bytes
    granted: bool
    since: int


@dataclass(frozen=True, slots=True)
class RelayerSynced:
    """The list of relayers was brought in line with the role OPERATOR."""

    account: bytes
    allowed: bool


Event = (
    ProgrammeDrafted
    | RulesWritten
    | RulesStep
    | WideningProposed
    | BudgetLineAdded
    | ProgrammeStep
    | BudgetSet
    | Deposited
    | SettlementPrepared
    | SettlementReleased
    | MerchantPaid
    | RestReturned
    | MerchantApplied
    | MerchantStep
    | MerchantAccount
    | CategoryNamed
    | BatchOpened
    | RollWritten
    | VouchersIssued
    | VoucherRedeemed
    | ConsentGiven
    | TerminalBatchAccepted
    | RedemptionRefused
    | RedemptionsCommitted
    | VouchersSwept
    | RoleStep
    | RelayerSynced
    | MerchantEvent
    | MoneyEvent
    | FreezeStep
    | VoucherRevoked
    | EmergencyStep
    | CaseEvent
    | ClaimEvent
    | BookingEvent
    | LifeEvent
    | TransferEvent
)


class Logged(NamedTuple):
    """An event and where it stands: block, transaction in the block, log in the block."""

    block: int
    tx_index: int
    log_index: int
    event: Event


class Header(NamedTuple):
    """A block; hashes are raw bytes."""

    number: int
    hash: bytes
    parent: bytes
    timestamp: int


class Sent(NamedTuple):
    """A transaction that logged something."""

    block: int
    tx_index: int
    hash: bytes
    sender: bytes


@dataclass(frozen=True, slots=True)
class Page:
    """Neighbouring blocks with everything our contracts logged in them, in the order of the chain."""

    headers: list[Header]
    transactions: list[Sent]
    events: list[Logged]
