"""The outbox's lane of redemptions."""

from collections.abc import Sequence
from dataclasses import dataclass

from node_api.domain.item_words import ItemGroup, ItemWords
from node_api.domain.models import BlockRef
from node_api.domain.operations import Place, SentCall, Verdict
from node_api.services.packing import CallBounds, one_call, pack
from node_api.services.ports.operations import OperationStore, OutboxStore
from node_api.services.ports.relaying import CallOutcome, RedemptionRelay


@dataclass(frozen=True, slots=True)
class RedemptionShipment:
    """A signed `redeem` call and its items. Implements `Shipment`."""

    call: SentCall
    groups: Sequence[ItemGroup]
    places: Sequence[Place]
    store: OutboxStore
    relay: RedemptionRelay

    def keep(self) -> bool:
        """See the port."""
        return self.store.sending(self.call, self.places)

    def outcome(self, seconds: float) -> CallOutcome[Verdict] | None:
        """See the port."""
        return self.relay.outcome(self.call, self.groups, seconds)

    def resolve(self, block: BlockRef, verdicts: Sequence[Verdict]) -> list[str]:
        """See the port."""
        return self.store.resolve(self.call.hash, block, list(zip(self.places, verdicts, strict=True)))

    def fail(self, block: BlockRef, fault: str) -> list[str]:
        """See the port."""
        return self.store.fail(self.call.hash, block, fault)

    def abandon(self) -> None:
        """See the port."""
        self.store.abandon(self.call.hash)


class RedemptionLane:
    """Implements `Lane`."""

    def __init__(
        self, operations: OperationStore, calls: OutboxStore, relay: RedemptionRelay, bounds: CallBounds
    ) -> None:
        self._operations, self._calls, self._relay, self._bounds = operations, calls, relay, bounds

    def next(self, *, busy: bool) -> RedemptionShipment | None:
        """See the port."""
        if busy and not self._operations.is_queued(self._bounds.worth):
            return None
        queued = self._operations.queued(self._bounds.items)
        if not queued:
            return None
        groups, places = pack(one_call(queued, self._bounds))
        return RedemptionShipment(self._relay.sign(groups), groups, places, self._calls, self._relay)

    def again(self, call: SentCall) -> RedemptionShipment | None:
        """See the port."""
        carried = self._calls.carried(call.hash)
        groups: list[ItemGroup] = []
        for place, work in carried:
            words = ItemWords.of(work.item)
            if place.item == 0:
                groups.append(ItemGroup(work.item.merchant, (words,), work.seal))
            else:
                last = groups[-1]
                groups[-1] = ItemGroup(last.merchant, (*last.items, words), last.seal)
        places = [place for place, _ in carried]
        return RedemptionShipment(call, groups, places, self._calls, self._relay) if carried else None
