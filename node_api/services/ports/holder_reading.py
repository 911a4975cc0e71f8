"""Reading who passed vouchers on, and whose places were given to others."""

from __future__ import annotations

from typing import Protocol

from node_api.domain.ids import Address, Place, ProgrammeId, RollId, VoucherId
from node_api.domain.transfers import PlaceChange, Transfer


class HolderReader(Protocol):
    """Transfers and reassignments."""

    def transfers(
        self,
        *,
        voucher: VoucherId | None = None,
        holder: Address | None = None,
        limit: int = 100,
        after: tuple[int, int] = (0, 0),
    ) -> list[Transfer]:
        """Transfers in the order of the chain, at most `limit` (1-1,000), those behind block and log `after`; a holder's are
        those from and to them.
        """
        ...

    def place_changes(self, roll: RollId | None = None, place: Place | None = None) -> list[PlaceChange]:
        """Steps of reassignments in the order of the chain."""
        ...

    def moved(
        self, programme: ProgrammeId | None = None
    ) -> tuple[dict[VoucherId, Address], dict[tuple[RollId, Place], Address]]:
        """Who each voucher was last passed on to, and each place last given to."""
        ...
