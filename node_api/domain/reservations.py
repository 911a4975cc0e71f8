"""What is signed about a booking, as in `Booking.sol`: the holder's reservation, the merchant's capture, either one's release."""

from dataclasses import dataclass, replace

from node_api.domain.ids import Amount, Hash, MerchantId, UnixSeconds, VoucherId
from node_api.domain.items import NO_BILL, Item, Spend


@dataclass(frozen=True, slots=True)
class Reservation:
    """What a holder signed to reserve vouchers for a service. Every number is a uint256: nothing here is checked yet.

    Attributes:
        spends: voucher ids ascending.
        merchant: whom it was signed for.
        service: salted hash of what was ordered.
        channel: 0 to 7.
        lapse_at: exclusive; from then on anybody may release it.
        deadline: until when it may be booked, exclusive.
        signature: as of an `Item`.
        consent: a step-up attestor's signature of `Consent`; empty where there is none.
    """

    spends: tuple[Spend, ...]
    merchant: MerchantId
    service: Hash
    channel: int
    lapse_at: UnixSeconds
    deadline: UnixSeconds
    signature: bytes = b""
    consent: bytes = b""

    def signed(self, signature: bytes) -> "Reservation":
        """The same with its signature."""
        return replace(self, signature=signature)

    def as_item(self) -> Item:
        """As the rules of redemptions see it: with a bill that is never too small."""
        bill, service = Amount(NO_BILL), self.service
        signed = self.signature, self.consent
        return Item(self.spends, self.merchant, bill, service, self.channel, self.deadline, *signed)


@dataclass(frozen=True, slots=True)
class BookingVerdict:
    """What became of a reservation that was sent.

    Attributes:
        reason: name of the refusal; None where it was booked, or the whole call failed.
        voucher: the first that failed, where the refusal names one.
        fault: why the chain refused the whole call; None where it did not.
    """

    reason: str | None = None
    voucher: VoucherId | None = None
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """What was served of one voucher's booking; of a percentage the most it may take of the bill."""

    voucher: VoucherId
    amount: Amount


@dataclass(frozen=True, slots=True)
class Capture:
    """What a merchant's key or terminal signed about a service.

    Attributes:
        booking: the digest the holder signed.
        parts: the vouchers it takes, each with its amount.
        bill: what was served in the vouchers' categories, smallest unit.
        receipt: salted hash of the receipt.
        deadline: exclusive.
    """

    booking: Hash
    parts: tuple[Part, ...]
    bill: Amount
    receipt: Hash
    deadline: UnixSeconds
    signature: bytes = b""


@dataclass(frozen=True, slots=True)
class Release:
    """What a merchant's key or terminal, or the holder, signed to give vouchers free; anybody's, unsigned, after the lapse."""

    booking: Hash
    vouchers: tuple[VoucherId, ...]
    deadline: UnixSeconds
    signature: bytes = b""
