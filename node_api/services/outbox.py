"""The outbox: packs what many callers handed in into calls, lane by lane, and brings each to its end exactly once.

Signed bytes are stored before they are sent, and the same bytes can only take effect once. So whatever is killed, and whenever:
what is stored and not resolved is looked up, and sent again where the chain does not know it.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Any

import structlog

from node_api.domain.operations import SentCall
from node_api.services.ports.chain_head import IndexFollower
from node_api.services.ports.lanes import Lane, Shipment
from node_api.services.ports.operations import OutboxStore
from node_api.services.ports.relaying import CallOutcome, NonceLost, Relay

RECEIPT_SECONDS = 5.0
_IDLE_SECONDS = 1.0
_RETRY_SECONDS = 0.5

log = structlog.get_logger()

Settled = Callable[[list[str]], None]


class Outbox:
    """A worker thread that sends what is queued. One for each relayer account."""

    def __init__(
        self,
        lanes: Sequence[Lane],
        calls: OutboxStore,
        relay: Relay,
        follower: IndexFollower,
    ) -> None:
        """Starts nothing yet."""
        self._lanes, self._calls, self._relay, self._follower = lanes, calls, relay, follower
        self._wanted = threading.Event()
        self._stopping = threading.Event()
        self._settled: list[Settled] = []
        self.fault: str | None = None
        """What keeps it from sending now; None where it works."""
        self._last_nonce: int | None = None  # highest that was resolved, once it was looked up
        self._thread = threading.Thread(target=self._work, name="outbox", daemon=True)

    def on_settled(self, listener: Settled) -> None:
        """Has the listener told the ids of operations that became final; on the worker's thread, so be quick."""
        self._settled.append(listener)

    def start(self) -> None:
        """Starts the worker; it first finishes what an earlier one left."""
        self._thread.start()

    def stop(self) -> None:
        """Lets the worker finish the call in hand and ends it; what is queued stays queued."""
        self._stopping.set()
        self._wanted.set()
        if self._thread.is_alive():
            self._thread.join(2 * RECEIPT_SECONDS)

    def wake(self) -> None:
        """Says that something was queued."""
        self._wanted.set()

    def _work(self) -> None:
        calm = False
        while not self._stopping.is_set():
            try:
                if not calm:
                    self._finish_unresolved()
                    self._restore_lost(self._relay.next_nonce())
                while not self._stopping.is_set() and self._send_queued():
                    pass
                self.fault = None
            except Exception as error:  # noqa: BLE001  whatever it is, work goes on when it is over; nothing is lost meanwhile
                self._tell(f"{type(error).__name__}: {error}")
                calm = self._stopping.wait(_RETRY_SECONDS)
                continue
            calm = self._wanted.wait(
                _IDLE_SECONDS
            )  # nothing to do for a while: time to look whether the chain went back
            self._wanted.clear()

    def _tell(self, fault: str) -> None:
        """Keeps a fault for whoever asks, and logs it when it is a new one."""
        if fault != self.fault:
            log.warning("outbox_waits", fault=fault)
        self.fault = fault

    def _send_queued(self) -> bool:
        """Sends one call of each lane; says whether there was anything."""
        sent = [self._send_next(lane) for lane in self._lanes]
        return any(sent)

    def _send_next(self, lane: Lane) -> bool:
        shipment = lane.next()
        if shipment is None or self._stopping.is_set():
            return False
        if not self._restore_lost(shipment.call.nonce) and shipment.keep():
            self._carry(shipment)
        return True  # where the chain went back, or another process was quicker: look again

    def _carry(self, shipment: Shipment) -> None:
        """Sends a stored call until it stands in a block, and writes down what became of it."""
        call = shipment.call
        while True:
            try:
                self._relay.send(call)
            except NonceLost:
                log.warning("outbox_nonce_lost", transaction=call.hash, nonce=call.nonce)
                shipment.abandon()
                return
            self.fault = None  # the chain has it: what there is to wait for is its block
            outcome = shipment.outcome(RECEIPT_SECONDS)
            if outcome is not None:
                self._resolve(shipment, outcome)
                return
            if self._stopping.is_set():
                return
            self._follower.catch_up()  # before the bytes are sent again: is it still the chain they are for?

    def _resolve(self, shipment: Shipment, outcome: CallOutcome[Any]) -> None:
        call = shipment.call
        self._follower.catch_up()  # first the index: whoever hears of the outcome finds it there
        if outcome.verdicts is None:
            log.error("outbox_call_reverted", transaction=call.hash, fault=outcome.fault)
            final = shipment.fail(outcome.block, outcome.fault)
        else:
            final = shipment.resolve(outcome.block, outcome.verdicts)
        if call.sender == self._relay.sender:  # an account before it counted nonces of its own
            self._last_nonce = max(call.nonce, self._last_nonce or 0)
        log.info(
            "outbox_call_resolved",
            transaction=call.hash,
            nonce=call.nonce,
            block=outcome.block.number,
            operations=final,
        )
        for listener in self._settled:
            listener(final)

    def _finish_unresolved(self) -> None:
        """Brings what an earlier worker, or an earlier try, signed to its end."""
        unresolved = self._calls.unresolved()
        if unresolved:
            self._restore_lost(self._relay.next_nonce())
        for call in unresolved:
            self._carry(self._again(call))

    def _restore_lost(self, next_nonce: int) -> bool:
        """Where the chain's next nonce lies below what was resolved, it went back: gives it again what it lost.

        Returns: whether anything was lost.
        """
        if self._last_nonce is None:
            self._last_nonce = self._calls.last_nonce(self._relay.sender)
        if self._last_nonce is None or next_nonce > self._last_nonce:
            return False
        self._follower.catch_up()  # another chain, which would take them too, is told apart here
        lost = self._calls.confirmed_from(self._relay.sender, next_nonce)
        log.warning("outbox_chain_went_back", calls=len(lost))
        for call in lost:
            shipment = self._again(call)
            if call.block_time is not None:
                self._relay.restore(call, call.block_time)
            self._carry(shipment)
        return True

    def _again(self, call: SentCall) -> Shipment:
        """A stored call with what it carries, as it was signed."""
        found = [shipment for lane in self._lanes if (shipment := lane.again(call)) is not None]
        assert len(found) == 1, f"call {call.hash} carries things of one lane"
        return found[0]
