"""What redemptions have used of their limits, as the contract counts it, and who may consent to more."""

from __future__ import annotations

from typing import Protocol

from node_api.domain.ids import Address, Day, ProgrammeId
from node_api.domain.limits import HolderCounter
from node_api.domain.models import BlockRef


class LimitReads(Protocol):
    """Reads the contract's own words: it counts only under rules that need it, which no sum of events tells. Thread-safe."""

    def counter(self, programme: ProgrammeId, holder: Address, day: Day, block: BlockRef) -> HolderCounter:
        """What a holder has redeemed in a programme, seen on a local day.

        Raises:
            ChainUnavailable: the chain does not answer.
        """
        ...

    def attests(self, account: Address, block: BlockRef) -> bool:
        """Whether the account is a step-up attestor. Raises as `counter`."""
        ...

    def terminal_spent(self, terminal: Address, day: Day, block: BlockRef) -> int:
        """What a terminal with a daily limit has redeemed on a local day. Raises as `counter`."""
        ...
