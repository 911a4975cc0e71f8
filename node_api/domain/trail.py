"""Facts of the record: who did what to a programme, a merchant, a voucher, and what became of the money."""

from dataclasses import dataclass

from node_api.domain.ids import (
    Address,
    Amount,
    BatchId,
    Day,
    Hash,
    LineId,
    MerchantId,
    ProgrammeId,
    RollId,
    VoucherId,
)
from node_api.domain.models import TxRef

_NO_MONEY = Amount(0)


@dataclass(frozen=True, slots=True)
class Step:
    """One step in the life of a programme or merchant.

    Attributes:
        name: what was done: drafted, proposed, approved, published, activated, closed; applied, activated,
            rejected, suspended, reinstated, removal-proposed, removed.
        actor: account that did it.
        reason: as given on chain; empty where the step has none.
        approvals: for `approved`, how many approvals there were with this one; else 0.
    """

    name: str
    actor: Address
    reason: str
    approvals: int
    tx: TxRef


@dataclass(frozen=True, slots=True)
class Issue:
    """A batch given to a roll: one voucher for every place."""

    batch: BatchId
    roll: RollId
    count: int
    amount: Amount
    tx: TxRef


@dataclass(frozen=True, slots=True)
class Sweep:
    """The expired vouchers of a (batch, roll) pair, booked back to the line's available money."""

    batch: BatchId
    roll: RollId
    line: LineId
    count: int
    amount: Amount
    actor: Address
    tx: TxRef


@dataclass(frozen=True, slots=True)
class Consent:
    """An attestor's consent to what a holder signed, with the call that brought it."""

    digest: Hash
    attestor: Address
    tx: TxRef


@dataclass(frozen=True, slots=True)
class Deposit:
    """Money that arrived for a line; `slip` is the hash of its bank slip."""

    line: LineId
    depositor: Address
    amount: Amount
    slip: Hash
    tx: TxRef


@dataclass(frozen=True, slots=True)
class Payment:
    """A merchant's day under a budget line, paid out in a settlement run."""

    line: LineId
    merchant: MerchantId
    day: Day
    run: int
    amount: Amount
    account: Address
    tx: TxRef


@dataclass(frozen=True, slots=True)
class Rest:
    """What was left of a closed programme's line, returned to its funder."""

    line: LineId
    funder: Address
    amount: Amount
    tx: TxRef


@dataclass(frozen=True, slots=True)
class Refusal:
    """An item refused on chain.

    Attributes:
        voucher: the first voucher that failed; None where the holder's signature was not good.
        digest: what the holder signed; None with `voucher`.
        group: position of the merchant's group in the call; None where a voucher is named.
        item: position of the item in its group; None where a voucher is named.
        reason: selector of the contract's error, `0x` and 8 hexadecimal digits.
    """

    voucher: VoucherId | None
    merchant: MerchantId
    digest: Hash | None
    group: int | None
    item: int | None
    reason: str
    tx: TxRef


@dataclass(frozen=True, slots=True)
class MerchantDay:
    """What a merchant redeemed on one local day under one budget line and was not taken back, and what of it was paid or is in
    dispute.
    """

    merchant: MerchantId
    line: LineId
    day: Day
    redeemed: Amount
    count: int
    settled: Amount
    settled_count: int
    disputed: Amount = _NO_MONEY
    disputed_count: int = 0

    @property
    def payable(self) -> Amount:
        """What a settlement would pay: neither paid nor in dispute."""
        return Amount(self.redeemed - self.settled - self.disputed)


@dataclass(frozen=True, slots=True)
class Commitment:
    """The hash that closes a redeeming call: the chain of the leaves of its `count` redemptions from `first_number` on."""

    first_number: int
    count: int
    commitment: Hash
    tx: TxRef


@dataclass(frozen=True, slots=True)
class BatchCounts:
    """How many vouchers of a batch were issued, are used up, and were swept."""

    batch: BatchId
    issued: int
    used_up: int
    swept: int


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over a programme, or over everything."""

    programme: ProgrammeId | None
    batches: int
    rolls: int
    issued: int
    issued_amount: Amount
    redeemed: int
    redeemed_amount: Amount
    swept: int
    swept_amount: Amount
    refused: int


@dataclass(frozen=True, slots=True)
class RoleStep:
    """A role given to an account, or taken from it."""

    role: int
    account: Address
    granted: bool
    tx: TxRef


@dataclass(frozen=True, slots=True)
class LineSums:
    """All that ever moved under a budget line, summed. The terms of the ledger's identity follow from these alone.

    Attributes:
        deposited: arrived in escrow.
        issued: value of vouchers issued; `issued_count` of them.
        redeemed: value of vouchers redeemed and not taken back.
        swept: value of vouchers that expired and were booked back, also by a reversal or a release after the sweep.
        revoked: value of vouchers that were revoked and booked back.
        settled: paid to merchants; `settled_count` is the number of redemptions paid.
        returned: given back to the funder.
        parts: of the redemptions, those that did not use their voucher up.
    """

    line: LineId
    deposited: Amount
    issued: Amount
    issued_count: int
    redeemed: Amount
    redeemed_count: int
    swept: Amount
    swept_count: int
    revoked: Amount
    revoked_count: int
    settled: Amount
    settled_count: int
    returned: Amount
    parts: int = 0

    @property
    def available(self) -> Amount:
        """Deposited and neither issued nor returned; what expired or was revoked is available again."""
        return Amount(self.deposited - self.issued + self.swept + self.revoked - self.returned)

    @property
    def committed(self) -> Amount:
        """Value of the vouchers that can still be redeemed, or that expired and were not swept yet."""
        return Amount(self.issued - self.redeemed - self.swept - self.revoked)

    @property
    def payable(self) -> Amount:
        """Redeemed and not yet paid."""
        return Amount(self.redeemed - self.settled)

    @property
    def committed_count(self) -> int:
        """How many vouchers `committed` stands for."""
        return self.issued_count - (self.redeemed_count - self.parts) - self.swept_count - self.revoked_count

    @property
    def payable_count(self) -> int:
        """How many redemptions `payable` stands for."""
        return self.redeemed_count - self.settled_count
