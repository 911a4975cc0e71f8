"""Reversals and disputes, as the record tells them."""

from __future__ import annotations

from dataclasses import dataclass

from node_api.domain.ids import Address, Amount, Day, Hash, LineId, MerchantId, UnixSeconds, VoucherId
from node_api.domain.models import TxRef


@dataclass(frozen=True, slots=True)
class Reversal:
    """A redemption taken back.

    Attributes:
        number: of the redemption.
        day: the merchant's day its money came off: the redemption's own, or a later one where that was paid.
        digest: what the holder had signed; dead for this voucher.
        actor: the merchant's key or terminal that signed, or the arbiter.
        reason: hash of the reason.
        live: whether the voucher could be spent again.
        swept: whether its pair was swept before, so that its value went back to the line.
    """

    number: int
    voucher: VoucherId
    merchant: MerchantId
    line: LineId
    day: Day
    digest: Hash
    amount: Amount
    actor: Address
    reason: Hash
    live: bool
    swept: bool
    tx: TxRef


@dataclass(frozen=True, slots=True)
class Decision:
    """How a dispute ended. `reason` is zero where time decided."""

    actor: Address
    stands: bool
    reason: Hash
    tx: TxRef


@dataclass(frozen=True, slots=True)
class Dispute:
    """A redemption in dispute.

    Attributes:
        id: number of the dispute.
        number: of the redemption.
        merchant: where it was redeemed.
        amount: locked until the decision.
        actor: the holder or the merchant's key that objects.
        reason: hash of the reason.
        decide_by: until when an arbiter may decide, exclusive; then anybody can have the redemption stand.
        decision: None while it is open.
    """

    id: int
    number: int
    voucher: VoucherId
    merchant: MerchantId
    line: LineId
    amount: Amount
    digest: Hash
    actor: Address
    reason: Hash
    decide_by: UnixSeconds
    tx: TxRef
    decision: Decision | None

    @property
    def state(self) -> str:
        """`open`, `stands` or `reversed`."""
        if self.decision is None:
            return "open"
        return "stands" if self.decision.stands else "reversed"
