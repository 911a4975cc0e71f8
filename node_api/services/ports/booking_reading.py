"""Reading bookings from the record."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

from node_api.domain.bookings import Booking
from node_api.domain.ids import Hash, MerchantId, VoucherId
from node_api.services.ports.operations import Claim


class BookingReader(Protocol):
    """Bookings, one for each voucher of what a holder signed."""

    def booking(self, digest: Hash) -> list[Booking]:
        """The vouchers booked by one signature, in their order; empty where it booked none."""
        ...

    def receipted(self, wanted: Collection[Claim]) -> Mapping[Claim, frozenset[Hash]]:
        """The bookings that were captured against these receipts, by their digests; receipts without any are left out."""
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
