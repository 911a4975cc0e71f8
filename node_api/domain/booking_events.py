"""What Vouchers logged of bookings. A capture is a redemption too, and comes as `VoucherRedeemed`."""

from __future__ import annotations

from dataclasses import dataclass

NO_RECEIPT = bytes(32)
"""A captured voucher's receipt until `ServiceReceipted`, which closes the capture, says it."""


@dataclass(frozen=True, slots=True)
class VoucherBooked:
    """A voucher was reserved for a service; `digest` is what the holder signed, `lapse_at` exclusive."""

    digest: bytes
    voucher: int
    merchant: int
    service: bytes
    amount: int
    lapse_at: int


@dataclass(frozen=True, slots=True)
class ServiceReceipted:
    """What the captures of a booking before this in the same transaction were served for.

    `bill` is the 32 bytes the merchant wrote: any number at all.
    """

    digest: bytes
    merchant: int
    receipt: bytes
    bill: bytes
    actor: bytes


@dataclass(frozen=True, slots=True)
class BookingReleased:
    """A booked voucher was given free by its merchant, its holder, or anybody after the booking had lapsed."""

    digest: bytes
    voucher: int
    merchant: int
    amount: int
    actor: bytes


BookingEvent = VoucherBooked | ServiceReceipted | BookingReleased
