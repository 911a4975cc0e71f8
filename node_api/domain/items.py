"""What a holder signs and a merchant hands in: one receipt's vouchers, as in `Redemption.sol`."""

from dataclasses import dataclass, replace

from node_api.domain.ids import Address, Amount, Hash, MerchantId, UnixSeconds, VoucherId

MAX_UINT256 = (1 << 256) - 1
NO_BILL = (1 << 128) - 1
"""Stands for the bill of a booking, which is known when it is captured: any percentage of it is more than its cap."""


@dataclass(frozen=True, slots=True)
class Spend:
    """One voucher on a receipt.

    Attributes:
        amount: exact; of a percentage the most it may take.
        sequence: stored value's next one, else 0.
    """

    voucher: VoucherId
    amount: Amount
    sequence: int = 0


@dataclass(frozen=True, slots=True)
class Item:
    """What was signed for one receipt at one merchant. Every number is a uint256: nothing here is checked yet.

    Attributes:
        spends: voucher ids ascending; may be empty or wrong, which the rules then refuse.
        merchant: whom it was signed for.
        bill: what the receipt's items in the vouchers' categories add up to, smallest unit.
        receipt: salted hash of the receipt.
        channel: 0 to 7 (0 at the till, 1 online …).
        deadline: exclusive, Unix seconds.
        signature: 65 bytes (r, s, v) or 64 (ERC-2098); any other content for a holder that is a contract.
    """

    spends: tuple[Spend, ...]
    merchant: MerchantId
    bill: Amount
    receipt: Hash
    channel: int
    deadline: UnixSeconds
    signature: bytes = b""

    def signed(self, signature: bytes) -> "Item":
        """The same with its signature."""
        return replace(self, signature=signature)


@dataclass(frozen=True, slots=True)
class TerminalSeal:
    """A terminal's word for the items of one group.

    Attributes:
        terminal: the terminal's address.
        signature: its signature of `TerminalBatch(merchant, digests)`.
    """

    terminal: Address
    signature: bytes


@dataclass(frozen=True, slots=True)
class ItemGroup:
    """Items of one merchant, with the terminal that answers for them if there is one."""

    merchant: MerchantId
    items: tuple[Item, ...]
    seal: TerminalSeal | None = None
