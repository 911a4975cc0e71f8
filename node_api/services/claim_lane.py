"""The outbox's lane of claims: gathers those of a round into one call, which writes one roll."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from node_api.domain.claims import Claim, ClaimVerdict
from node_api.domain.models import BlockRef
from node_api.domain.operations import SentCall
from node_api.services.packing import ANY_NETWORK, first_fitting
from node_api.services.ports.claims import ClaimQueue
from node_api.services.ports.relaying import CallOutcome, ClaimRelay

_LOOK_SECONDS = 0.1
"""Until claims that gather are read again: all of them are, and in a rush the outbox comes by a hundred times a second."""
_MOST = 420
"""Claims that are read: a few more than fit a call, for each takes 288 bytes at least; a roll has room for thrice as many."""


@dataclass(frozen=True, slots=True)
class ClaimShipment:
    """A signed `claim` call and its claims. Implements `Shipment`."""

    call: SentCall
    ids: Sequence[str]
    claims: Sequence[Claim]
    queue: ClaimQueue
    relay: ClaimRelay

    def keep(self) -> bool:
        """See the port."""
        return self.queue.sending(self.call, self.ids)

    def outcome(self, seconds: float) -> CallOutcome[ClaimVerdict] | None:
        """See the port."""
        return self.relay.outcome(self.call, self.claims, seconds)

    def resolve(self, block: BlockRef, verdicts: Sequence[ClaimVerdict]) -> list[str]:
        """See the port."""
        return self.queue.resolve(self.call.hash, block, list(zip(self.ids, verdicts, strict=True)))

    def fail(self, block: BlockRef, fault: str) -> list[str]:
        """See the port."""
        return self.queue.fail(self.call.hash, block, fault)

    def abandon(self) -> None:
        """See the port."""
        self.queue.abandon(self.call.hash)


class ClaimLane:
    """Implements `Lane`. A call goes off when its oldest claim has waited long enough, or when it is full."""

    def __init__(
        self, queue: ClaimQueue, relay: ClaimRelay, gather_seconds: float, clock: Callable[[], float] = time.time
    ) -> None:
        self._queue, self._relay, self._gather, self._clock = queue, relay, gather_seconds, clock
        self._looked_at = self._look_after = 0.0

    def next(self, *, busy: bool) -> ClaimShipment | None:  # noqa: ARG002  it gathers by itself
        """See the port."""
        now = self._clock()
        if abs(now - self._looked_at) < self._look_after:  # the clock may have been set back
            return None
        self._looked_at, self._look_after = now, 0.0
        waiting = self._queue.waiting(_MOST)
        if not waiting:
            return None
        count = first_fitting([self._relay.size(entry.claim) for entry in waiting], ANY_NETWORK.data)
        full = count < len(waiting) or count == _MOST
        left = self._gather - abs(now - waiting[0].since / 1_000)
        if not full and left > 0:
            self._look_after = min(left, _LOOK_SECONDS)
            return None
        claims = [entry.claim for entry in waiting[:count]]
        ids = [entry.id for entry in waiting[:count]]
        return ClaimShipment(self._relay.sign(claims), ids, claims, self._queue, self._relay)

    def again(self, call: SentCall) -> ClaimShipment | None:
        """See the port."""
        carried = self._queue.carried(call.hash)
        if not carried:
            return None
        return ClaimShipment(
            call, [name for name, _ in carried], [claim for _, claim in carried], self._queue, self._relay
        )
