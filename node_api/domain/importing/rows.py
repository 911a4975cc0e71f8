"""One frozen row for each line of the import files. Names, units and bounds are those of docs/import.md.

Regions are packed (`domain.regions`), categories and channels are bit masks, times Unix seconds, money the token's smallest unit.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NewType

from node_api.domain.ids import Amount, Hash, UnixSeconds
from node_api.domain.importing.wallets import Wallet
from node_api.domain.models import VoucherKind
from node_api.domain.publication import PublishedText

Ref = NewType("Ref", str)
"""A text reference of the import files; the node maps it to the id on chain."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a programme's first rules limit, by the names of its columns; 0 is no limit, and counts are vouchers.

    Attributes:
        transferable: whether holders may pass vouchers on; with both caps of transfers, which are 0 otherwise.
        open_seconds: how far ahead the deadline of a code that names no merchant may lie; 0: there are none.
        open_max_bill: the highest bill of one; 0 exactly where `open_seconds` is.
    """

    step_up_threshold: int = 0
    merchant_daily_limit: int = 0
    redemption_amount: int = 0
    redemption_count: int = 0
    day_amount: int = 0
    day_count: int = 0
    month_amount: int = 0
    month_count: int = 0
    first_only: bool = False
    transferable: bool = False
    transfer_amount: int = 0
    transfer_month_amount: int = 0
    open_seconds: int = 0
    open_max_bill: int = 0


@dataclass(frozen=True, slots=True)
class ProgrammeRow:
    """A programme. `active` says whether the load activates it or leaves it published; windows, deadline and notice in
    seconds.
    """

    ref: Ref
    name: str
    token: str
    utc_offset_minutes: int
    starts_at: UnixSeconds
    ends_at: UnixSeconds
    region: int
    categories: int
    channels: int
    max_deadline: int
    reversal_window: int
    dispute_window: int
    approvals: int
    document: Hash | None
    active: bool
    limits: Limits = Limits()
    notice: int = 0
    how_to_use: PublishedText | None = None
    conditions: PublishedText | None = None


@dataclass(frozen=True, slots=True)
class BudgetLineRow:
    """A budget line; `number` counts from 1 within the programme; `funder` is a reference or an address."""

    programme: Ref
    number: int
    funder: Wallet
    funding_region: int
    beneficiary_group: str
    purpose: str
    amount: Amount


@dataclass(frozen=True, slots=True)
class MerchantRow:
    """A merchant; `payout` is a reference (by default its own) or an address; terminals are devices.

    Attributes:
        terminal_limit: what each of its terminals may redeem on a local day; 0: no limit.
    """

    ref: Ref
    name: str
    categories: int
    region: int
    channels: int
    suspended: bool
    payout: Wallet
    terminals: tuple[Wallet, ...]
    terminal_limit: Amount


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A batch; `line` is the number within the programme, `percentage` in basis points, 0 but for percentages."""

    ref: Ref
    programme: Ref
    line: int
    face_value: Amount
    minimum_spend: Amount
    categories: int
    region: int
    channels: int
    valid_from: UnixSeconds
    valid_until: UnixSeconds
    claim_days: int
    quota: int
    kind: VoucherKind
    percentage: int


@dataclass(frozen=True, slots=True)
class RollRow:
    """A roll with its holders, kept as one piece of text: a place costs its characters and one separator.

    Attributes:
        custodial: whether the node's wallet keeps the holders' keys; the same for all places.
        packed: the holders' wallets in the order of their places, joined by line feeds.
    """

    ref: Ref
    programme: Ref
    custodial: bool
    places: int
    packed: bytes

    def holders(self) -> list[Wallet]:
        """The wallets in the order of their places."""
        return [Wallet(text) for text in self.packed.decode("ascii").split("\n")]

    @staticmethod
    def pack(holders: Sequence[Wallet]) -> bytes:
        """The packed form of wallets."""
        return "\n".join(holders).encode("ascii")


@dataclass(frozen=True, slots=True)
class IssueRow:
    """A batch given to a roll."""

    batch: Ref
    roll: Ref


@dataclass(frozen=True, slots=True)
class CategoryRow:
    """A category's name."""

    category: int
    name: str


@dataclass(frozen=True, slots=True)
class VoucherRef:
    """A voucher as the files name it."""

    batch: Ref
    roll: Ref
    place: int


@dataclass(frozen=True, slots=True)
class Tampering:
    """What a row asks its player to do otherwise than an honest till and wallet would. All None: nothing.

    Attributes:
        repeats: an earlier code whose very signature is sent once more.
        signed_at: when it was signed; receipt and deadline count from then.
    """

    signer: Wallet | None = None
    signed_merchant: Ref | None = None
    signed_bill: Amount | None = None
    signed_chain_id: int | None = None
    terminal_signer: Wallet | None = None
    repeats: int | None = None
    signed_at: UnixSeconds | None = None

    @property
    def is_honest(self) -> bool:
        """Whether nothing is asked for."""
        return self == HONEST


HONEST = Tampering()


@dataclass(frozen=True, slots=True)
class RedemptionRow:
    """A voucher spent, to be replayed. Rows with the same `code` are one signature.

    Attributes:
        voucher: None where the code is to hold none (`VouchersMissing`).
        items: (category, amount) each.
        deadline_seconds: deadline − `redeemed_at`; `values.NEVER` asks for the largest deadline there is.
        amount: what is signed for the voucher; None: its face value.
        sequence: signed beside it.
        terminal: who answers for the code at the till; None: nobody.
        max_bill: the highest bill of a code that names no merchant; None: it names merchant and bill.
        consented: whether the node's attestor consents to it.
        expected: the refusal to come; None: accepted.
    """

    row: int
    code: int
    redeemed_at: UnixSeconds
    programme: Ref
    voucher: VoucherRef | None
    merchant: Ref
    channel: int
    receipt: Ref
    items: tuple[tuple[int, Amount], ...]
    deadline_seconds: int
    amount: Amount | None
    sequence: int
    terminal: Wallet | None
    max_bill: Amount | None
    consented: bool
    tampering: Tampering
    expected: str | None

    @property
    def deadline(self) -> int:
        """The code's deadline in Unix seconds, 0 at least, or `NEVER`; exclusive."""
        return max(0, min(self.signed_at + self.deadline_seconds, 2**256 - 1))

    @property
    def signed_at(self) -> UnixSeconds:
        """When it was signed."""
        return self.tampering.signed_at or self.redeemed_at


def counted_bill(items: Sequence[tuple[int, Amount]], categories: int) -> Amount:
    """The sum of the items whose category is in the mask `categories`."""
    return Amount(sum(amount for category, amount in items if categories >> category & 1))


def by_code(rows: Iterator[RedemptionRow]) -> Iterator[tuple[RedemptionRow, ...]]:
    """The rows of each code together, in order."""
    together: list[RedemptionRow] = []
    for row in rows:
        if together and row.code != together[0].code:
            yield tuple(together)
            together = []
        together.append(row)
    if together:
        yield tuple(together)
