"""Bookings, as the record tells them."""

from __future__ import annotations

from dataclasses import dataclass

from node_api.domain.ids import Address, Amount, Hash, LineId, MerchantId, UnixSeconds, VoucherId
from node_api.domain.models import Redemption, TxRef


@dataclass(frozen=True, slots=True)
class Release:
    """A booked voucher given free.

    Attributes:
        actor: the merchant's key or terminal, the holder, or whoever sent it after the lapse.
        swept: whether its pair was swept before, so that its value went back to the line.
    """

    actor: Address
    swept: bool
    tx: TxRef


@dataclass(frozen=True, slots=True)
class Booking:
    """One voucher of a booking.

    Attributes:
        digest: what the holder signed; all vouchers of one booking have the same.
        service: salted hash of what was ordered.
        amount: what is reserved.
        lapse_at: exclusive, block time, with what pauses gave back since.
        captured: the redemption it ended in.
        released: how it ended otherwise.
    """

    digest: Hash
    voucher: VoucherId
    merchant: MerchantId
    line: LineId
    service: Hash
    amount: Amount
    lapse_at: UnixSeconds
    tx: TxRef
    captured: Redemption | None
    released: Release | None

    @property
    def state(self) -> str:
        """`booked`, `captured` or `released`."""
        if self.captured is not None:
            return "captured"
        return "booked" if self.released is None else "released"
