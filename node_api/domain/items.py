"""What a holder signs and a merchant hands in: one receipt's vouchers, as in `Redemption.sol`."""

from dataclasses import dataclass
from typing import NamedTuple

from node_api.domain.ids import Address, Amount, Hash, MerchantId, UnixSeconds, VoucherId

MAX_UINT256 = (1 << 256) - 1
MAX_VOUCHERS = 100
"""On one receipt."""
NO_BILL = (1 << 128) - 1
"""Stands for the bill of a booking, which is known when it is captured: any percentage of it is more than its cap."""
OPEN_MARK = bytes.fromhex("6fb026f9")
"""First bytes of the hash of the type `OpenRedemption`: what stands before the highest bill and the signature of an open code."""
MAX_OPEN_BILL = (1 << 224) - 1
_OPEN_HEAD, _KEY_BYTES = 32, 65


class Spend(NamedTuple):
    """One voucher on a receipt.

    Attributes:
        amount: exact; of a percentage the most it may take.
        sequence: stored value's next one, else 0.
    """

    voucher: VoucherId
    amount: Amount
    sequence: int = 0


class Item(NamedTuple):
    """What was signed for one receipt at one merchant. Every number is a uint256: nothing here is checked yet.

    Attributes:
        spends: voucher ids ascending; may be empty or wrong, which the rules then refuse.
        merchant: whom it was signed for.
        bill: what the receipt's items in the vouchers' categories add up to, smallest unit.
        receipt: salted hash of the receipt.
        channel: 0 to 7 (0 at the till, 1 online …).
        deadline: exclusive, Unix seconds.
        signature: 65 bytes (r, s, v) or 64 (ERC-2098); any other content for a holder that is a contract. Of an open code, whose
            holder named no merchant, bill or receipt, what `open_signature` makes of it.
        consent: a step-up attestor's signature of `Consent` over what the holder signed; empty where there is none.
    """

    spends: tuple[Spend, ...]
    merchant: MerchantId
    bill: Amount
    receipt: Hash
    channel: int
    deadline: UnixSeconds
    signature: bytes = b""
    consent: bytes = b""

    def signed(self, signature: bytes) -> "Item":
        """The same with its signature."""
        return self._replace(signature=signature)

    @property
    def max_bill(self) -> Amount | None:
        """The highest bill of an open code; None where the holder named the merchant. A booking is never open."""
        if self.bill == NO_BILL or len(self.signature) <= _KEY_BYTES or not self.signature.startswith(OPEN_MARK):
            return None
        return Amount(int.from_bytes(self.signature[len(OPEN_MARK) : _OPEN_HEAD]))

    @property
    def holders_signature(self) -> bytes:
        """What the holder signed with."""
        return self.signature if self.max_bill is None else self.signature[_OPEN_HEAD:]


def open_signature(max_bill: Amount, signature: bytes) -> bytes:
    """The signature of an item that brings an open code; `max_bill` is at most `MAX_OPEN_BILL`."""
    return OPEN_MARK + max_bill.to_bytes(_OPEN_HEAD - len(OPEN_MARK)) + signature


@dataclass(frozen=True, slots=True)
class OpenCode:
    """What a holder signed without naming a merchant. Every number is a uint256 but `max_bill`; nothing here is checked yet.

    Attributes:
        max_bill: the highest bill it is good for.
        signature: the holder's own.
    """

    spends: tuple[Spend, ...]
    max_bill: Amount
    channel: int
    deadline: UnixSeconds
    signature: bytes = b""

    def presented(self, merchant: MerchantId, bill: Amount, receipt: Hash) -> Item:
        """The item it becomes where it is redeemed."""
        signature = open_signature(self.max_bill, self.signature)
        return Item(self.spends, merchant, bill, receipt, self.channel, self.deadline, signature)


@dataclass(frozen=True, slots=True)
class TerminalSeal:
    """A terminal's word for the items of one group.

    Attributes:
        terminal: the terminal's address.
        signature: its signature of `TerminalBatch(merchant, digests)`.
    """

    terminal: Address
    signature: bytes
