"""The outbox's lane of reservations: packs those that wait into one `book` call, and tells each who waits.

Only the signed call is kept, not what waits: a reservation that a crash cut off is asked for again with its key, and answered
from the record if it was booked. The contract books a signature's voucher once.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from node_api.domain.ids import Hash
from node_api.domain.models import BlockRef
from node_api.domain.operations import SentCall
from node_api.domain.reservations import BookingVerdict, Reservation
from node_api.services.packing import ANY_NETWORK, first_fitting
from node_api.services.ports.bookings import BookingRelay
from node_api.services.ports.operations import OutboxStore
from node_api.services.ports.relaying import CallOutcome

MAX_RESERVATIONS = 50
"""In one call at most, and fewer where they are large (`ANY_NETWORK`)."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A reservation and who waits for what becomes of it."""

    reservation: Reservation
    verdict: Future[BookingVerdict]


class BookingLane:
    """Implements `Lane`. Thread-safe."""

    def __init__(self, store: OutboxStore, relay: BookingRelay) -> None:
        self.store, self.relay = store, relay
        self._waiting: list[Waiting] = []
        self._under_way: dict[Hash, Sequence[Waiting]] = {}
        self._lock = threading.Lock()

    def put(self, reservation: Reservation) -> Future[BookingVerdict]:
        """Has a reservation booked by the outbox's next call; wake it."""
        one = Waiting(reservation, Future())
        with self._lock:
            self._waiting.append(one)
        return one.verdict

    def next(self, *, busy: bool) -> BookingShipment | None:  # noqa: ARG002  somebody waits for each of them
        """See the port."""
        with self._lock:
            waiting = self._waiting[:MAX_RESERVATIONS]
        if not waiting:
            return None
        by_size = first_fitting([self.relay.size(one.reservation) for one in waiting], ANY_NETWORK.data)
        by_gas = first_fitting([len(one.reservation.spends) for one in waiting], ANY_NETWORK.vouchers)
        chosen = waiting[: min(by_size, by_gas)]
        return BookingShipment(self.relay.sign([one.reservation for one in chosen]), chosen, self)

    def again(self, call: SentCall) -> BookingShipment | None:
        """See the port. Nobody waits any more for what an earlier process sent."""
        if not self.relay.is_own(call):
            return None
        with self._lock:
            return BookingShipment(call, self._under_way.get(call.hash, ()), self)

    def drop(self, verdict: Future[BookingVerdict]) -> None:
        """Forgets a reservation that nobody waits for any more; one in a call goes with that call, and with no other.

        Nor is kept of a call for which nobody waits who did: where another process sees to its end, it is not heard of here.
        """
        with self._lock:
            verdict.cancel()
            self._waiting = [one for one in self._waiting if one.verdict is not verdict]
            over = [call for call, those in self._under_way.items() if all(one.verdict.done() for one in those)]
            for call in over:
                del self._under_way[call]

    def sent(self, call: Hash, waiting: Sequence[Waiting]) -> None:
        """Takes note that these are under way."""
        with self._lock:
            self._waiting = [one for one in self._waiting if one not in waiting]
            self._under_way[call] = waiting

    def ended(self, call: Hash) -> None:
        """Forgets a call."""
        with self._lock:
            self._under_way.pop(call, None)

    def put_back(self, waiting: Sequence[Waiting]) -> None:
        """Has these wait again."""
        with self._lock:
            self._waiting = [*(one for one in waiting if not one.verdict.cancelled()), *self._waiting]


@dataclass(frozen=True, slots=True)
class BookingShipment:
    """A signed `book` call and who waits for it. Implements `Shipment`."""

    call: SentCall
    waiting: Sequence[Waiting]
    lane: BookingLane

    def keep(self) -> bool:
        """See the port."""
        kept = self.lane.store.sending(self.call, ())
        if kept:
            self.lane.sent(self.call.hash, self.waiting)
        return kept

    def outcome(self, seconds: float) -> CallOutcome[BookingVerdict] | None:
        """See the port."""
        return self.lane.relay.outcome(self.call, [one.reservation for one in self.waiting], seconds)

    def resolve(self, block: BlockRef, verdicts: Sequence[BookingVerdict]) -> list[str]:
        """See the port."""
        self.lane.store.resolve(self.call.hash, block, ())
        self._tell(verdicts)
        return []

    def fail(self, block: BlockRef, fault: str) -> list[str]:
        """See the port."""
        self.lane.store.fail(self.call.hash, block, fault)
        self._tell([BookingVerdict(fault=fault)] * len(self.waiting))
        return []

    def abandon(self) -> None:
        """See the port."""
        self.lane.store.abandon(self.call.hash)
        self.lane.ended(self.call.hash)
        self.lane.put_back(self.waiting)

    def _tell(self, verdicts: Sequence[BookingVerdict]) -> None:
        self.lane.ended(self.call.hash)
        for one, verdict in zip(self.waiting, verdicts, strict=True):
            if one.verdict.set_running_or_notify_cancel():  # somebody waits still
                one.verdict.set_result(verdict)
