"""Facts as they stand as of one block. Money in the token's smallest unit, times in Unix seconds, intervals half-open."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from node_api.domain.ids import (
    NEVER,
    NOTHING,
    Address,
    Amount,
    BatchId,
    Day,
    Hash,
    LineId,
    MerchantId,
    Place,
    ProgrammeId,
    RollId,
    UnixSeconds,
    VoucherId,
)


class ProgrammeState(IntEnum):
    """Life of a programme, as in `Programme.sol`."""

    NONE = 0
    DRAFT = 1
    PROPOSED = 2
    APPROVED = 3
    PUBLISHED = 4
    ACTIVE = 5
    CLOSED = 6
    REJECTED = 7


class MerchantStatus(IntEnum):
    """Life of a merchant, as in `Merchant.sol`."""

    NONE = 0
    APPLIED = 1
    ACTIVE = 2
    SUSPENDED = 3
    REMOVED = 4


class VoucherState(IntEnum):
    """Life of a voucher, as in `Supply.sol`. LIVE turns into EXPIRED by time alone."""

    NONE = 0
    LIVE = 1
    BOOKED = 2
    REDEEMED = 3
    EXPIRED = 4
    REVOKED = 5


class VoucherKind(IntEnum):
    """What a voucher's value is, as in `BatchWord.sol`."""

    FIXED = 0
    PERCENTAGE = 1
    STORED = 2


@dataclass(frozen=True, slots=True)
class BlockRef:
    """The block an answer stands on."""

    number: int
    hash: Hash
    timestamp: UnixSeconds


@dataclass(frozen=True, slots=True)
class TxRef:
    """Where something happened on chain."""

    hash: Hash
    log_index: int
    block: BlockRef
    sender: Address


@dataclass(frozen=True, slots=True)
class Programme:
    """A programme. `utc_offset_minutes` sets its calendar; `region` is packed; `categories` and `channels` are bit masks.

    Attributes:
        paused_until: end of its newest pause or the network's, exclusive; 0 where there was none.
        lane_channels: channels that the emergency lane holds open until `lane_channels_until`, exclusive.
    """

    id: ProgrammeId
    ref: str
    name: str
    token: Address
    state: ProgrammeState
    rules_version: int
    utc_offset_minutes: int
    starts_at: UnixSeconds
    ends_at: UnixSeconds
    categories: int
    region: int
    channels: int
    approvals_needed: int
    drafted_by: Address
    paused_until: UnixSeconds = NEVER
    lane_channels: int = 0
    lane_channels_until: UnixSeconds = NEVER


@dataclass(frozen=True, slots=True)
class Rules:
    """One version of a programme's rules. Windows in seconds; a limit of 0 is none, and counts are vouchers.

    Attributes:
        step_up_threshold: above this sum a redemption needs an attestor's consent.
        merchant_daily_limit: most that is redeemed at one merchant on one local day under one budget line.
        redemption_amount: most that a holder spends in one redemption; `day_…`, `month_…` on a local day, in a local month.
        first_only: only as the holder's first redemption in the programme.
        open_seconds: how far ahead the deadline of a code that names no merchant may lie; 0: there are none. `open_max_bill` is
            the highest bill of one.
        transferable: whether holders may pass vouchers on, by face value at most `transfer_amount` at once and
            `transfer_month_amount` in a local month.
    """

    programme: ProgrammeId
    version: int
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
class Widening:
    """What versions of rules opened for good: categories and channels as bit masks, packed spend regions."""

    categories: int = 0
    regions: tuple[int, ...] = ()
    channels: int = 0

    def __bool__(self) -> bool:
        """Whether it opens anything."""
        return bool(self.categories or self.regions or self.channels)

    def plus(self, more: Widening) -> Widening:
        """Both together."""
        return Widening(self.categories | more.categories, self.regions + more.regions, self.channels | more.channels)


@dataclass(frozen=True, slots=True)
class BudgetLine:
    """A budget line and its money; `deposited = available + committed + payable + settled + returned`."""

    id: LineId
    programme: ProgrammeId
    number: int
    funder: Address
    funding_region: int
    beneficiary_group: str
    purpose: str
    budget: Amount
    deposited: Amount
    available: Amount
    committed: Amount
    payable: Amount
    settled: Amount
    returned: Amount
    committed_count: int
    payable_count: int


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch's terms. `kind` is a `VoucherKind`; `claim_days` 0: only the dates count.

    Attributes:
        percentage: basis points of the bill, of which `face` is the cap; 0 for other kinds.
        valid_until: block time, with what extensions and the pauses declared so far added.
        extended_seconds: by which it was extended in all; claim days grow by as much.
    """

    id: BatchId
    ref: str
    programme: ProgrammeId
    line: LineId
    rules_version: int
    kind: int
    face: Amount
    minimum_spend: Amount
    categories: int
    region: int
    channels: int
    valid_from: UnixSeconds
    valid_until: UnixSeconds
    claim_days: int
    quota: int
    issued: int
    extended_seconds: int = 0
    percentage: int = 0


@dataclass(frozen=True, slots=True)
class Roll:
    """A roll of holders; `written_at` is the claim time. Pauses have given it `given_back` seconds since."""

    id: RollId
    ref: str
    programme: ProgrammeId
    places: int
    written_at: UnixSeconds
    claimed: bool
    custodial: bool
    pointer: Address
    given_back: int = 0


@dataclass(frozen=True, slots=True)
class Merchant:
    """A merchant; `region` packed, `categories` and `channels` bit masks; `frozen_until` exclusive, 0 for not frozen."""

    id: MerchantId
    ref: str
    status: MerchantStatus
    categories: int
    region: int
    channels: int
    payout: Address
    frozen_until: UnixSeconds = NEVER


@dataclass(frozen=True, slots=True)
class Redemption:
    """A voucher redeemed. `number` runs over all redemptions; `terminal` is zero where none answered for it."""

    number: int
    voucher: VoucherId
    holder: Address
    merchant: MerchantId
    line: LineId
    terminal: Address | None
    receipt: Hash
    digest: Hash
    amount: Amount
    rules_version: int
    day: Day
    tx: TxRef


@dataclass(frozen=True, slots=True)
class Taken:
    """What was taken from a voucher that is no fixed value.

    Attributes:
        spent: what its redemptions add up to, less what was reversed.
        booked: of stored value, what bookings hold.
        sequence: of stored value, what its next redemption or booking must carry; else 0.
    """

    spent: Amount = NOTHING
    booked: Amount = NOTHING
    sequence: int = 0


UNTOUCHED = Taken()
"""Nothing was taken."""


@dataclass(frozen=True, slots=True)
class VoucherFacts:
    """All a redemption reads about one voucher, as of a block.

    Attributes:
        holder: who holds it now: the roll's, unless it was passed on or its place given to another.
        issued: whether the batch was given to the roll.
        redeemed: the redemption that used it up, if any.
        swept: whether its pair was swept.
        revoked: whether it was revoked.
        taken: what was taken from it, where it is no fixed value.
        booked: whether it is booked; of stored value, some part of it.
        frozen_until: the latest end of the freezes of it, its roll, its batch and its holder, exclusive; 0 for none.
        paused_until: of its programme.
        roll_holder: who stands in the roll; None where only the holder now is known.
    """

    voucher: VoucherId
    batch: Batch
    roll: Roll
    place: Place
    holder: Address
    issued: bool
    redeemed: Redemption | None
    swept: bool
    revoked: bool = False
    booked: bool = False
    frozen_until: UnixSeconds = NEVER
    paused_until: UnixSeconds = NEVER
    taken: Taken = UNTOUCHED
    roll_holder: Address | None = None

    @property
    def moved(self) -> bool:
        """Whether the holder is somebody else than who stands in the roll."""
        return self.roll_holder is not None and self.roll_holder.lower() != self.holder.lower()

    @property
    def custodial(self) -> bool | None:
        """Whether the node's wallet keeps the holder's key; None where the voucher moved, since nobody recorded it."""
        return None if self.moved else self.roll.custodial
