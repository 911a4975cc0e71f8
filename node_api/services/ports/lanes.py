"""What the outbox carries. All of it goes out under one account, so that its nonces stand in one row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from node_api.domain.models import BlockRef
from node_api.domain.operations import SentCall
from node_api.services.ports.relaying import CallOutcome


class Shipment(Protocol):
    """A signed call with what it carries."""

    @property
    def call(self) -> SentCall:
        """The signed call."""
        ...

    def keep(self) -> bool:
        """Keeps the signed bytes before they are sent; False, and nothing is kept, where another process was quicker."""
        ...

    def outcome(self, seconds: float) -> CallOutcome[Any] | None:
        """What became of the call; None where it is in no block after so many seconds."""
        ...

    def resolve(self, block: BlockRef, verdicts: Sequence[Any]) -> list[str]:
        """Writes down what became of what it carried. Returns the ids of what is final now."""
        ...

    def fail(self, block: BlockRef, fault: str) -> list[str]:
        """Writes down that the chain refused the whole call. Returns the ids of what is final now."""
        ...

    def abandon(self) -> None:
        """Gives up signed bytes that can never take effect; what they carried waits to be sent again."""
        ...


class Lane(Protocol):
    """One kind of what is carried."""

    def next(self, *, busy: bool) -> Shipment | None:
        """Packs and signs a call of what waits, if it is time; nothing is kept or sent.

        Args:
            busy: others are in flight: what would be a small call may wait for more until they have landed.
        """
        ...

    def again(self, call: SentCall) -> Shipment | None:
        """A call that was kept, with what it carries; None where that is of another lane."""
        ...
