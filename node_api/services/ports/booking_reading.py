"""Reading bookings from the record."""

from __future__ import annotations

from typing import Protocol

from node_api.domain.bookings import Booking
from node_api.domain.ids import Hash, MerchantId, VoucherId


class BookingReader(Protocol):
    """Bookings, one for each voucher of what a holder signed."""

    def booking(self, digest: Hash) -> list[Booking]:
        """The vouchers booked by one signature, in their order; empty where it booked none."""
        ...

    def receipted(self, merchant: MerchantId, receipt: Hash) -> frozenset[Hash]:
        """The bookings that the merchant captured against the receipt, by their digests."""
        ...

    def bookings(
        self,
        *,
        voucher: VoucherId | None = None,
        merchant: MerchantId | None = None,
        only_open: bool = False,
        limit: int = 100,
        after: tuple[int, int] = (0, 0),
    ) -> list[Booking]:
        """In the order of the chain, at most `limit` (1-1,000), those behind the block and log index `after`."""
        ...
