"""The outbox: packs what many callers handed in into calls, lane by lane, and brings each to its end exactly once.

Signed bytes are stored before they are sent, and the same bytes can only take effect once. So whatever is killed, and whenever:
what is stored and not resolved is looked up, and sent again where the chain does not know it; also what another process that
shares the database left, which may never come back.

A few calls are in flight at a time, each with the nonce behind the one before it: stored and sent in that order, looked for
together, resolved in that order. The chain carries them out in no other one: so whatever ends the worker leaves a row of stored
calls without a gap, and the next one finishes it from its beginning. Where another transaction has a call's nonce, that call
can never take effect: it is abandoned, and what it carried waits again. Those behind it are not: their nonces are still to come,
their bytes may be in the chain's pool, and would carry out what had been given to another call. They are looked for and sent
again like any other, and abandoned only where the chain says the same of their own nonce. A call that the chain does not take for
long, as it would hold up every other, loses its nonce to a transaction that does nothing.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from node_api.domain.finality import Finality
from node_api.domain.ids import Hash, UnixSeconds
from node_api.domain.operations import SentCall
from node_api.services.block_room import BlockRoom
from node_api.services.ports.chain_head import IndexFollower
from node_api.services.ports.lanes import Lane, Shipment
from node_api.services.ports.operations import OutboxStore
from node_api.services.ports.relaying import CallNotTaken, CallOutcome, NonceLost, Relay
from node_api.services.waits import Pace, pause

IN_FLIGHT = 4
"""Calls sent and not resolved: while the chain carries out the first, the next ones are packed, signed and stored."""
RECEIPT_SECONDS = 5.0
LEFT_SECONDS = 30.0
"""A call of another account that is not resolved for so long may be a process's that is gone."""
_NOT_TAKEN_SECONDS = 60.0
"""A call that the chain answers for so long without taking it never takes effect: another transaction gets its nonce."""
_LEFT_PAUSES = RECEIPT_SECONDS, 60.0
"""How long such a call is left alone after each look: first, doubled each time, and at most."""
_LEFT_AT_ONCE = 4
_IDLE_SECONDS = 1.0
_RETRY_SECONDS = 0.5
_FULL_WAIT = 0.01

log = structlog.get_logger()

Settled = Callable[[list[str]], None]
Looked = Callable[[dict[Hash, Finality]], None]


@dataclass(slots=True)
class _Left:
    """A call that another process left: how long it is left alone after the next look, when that is, and what kept it last."""

    pause: float
    at: float = 0.0
    fault: str = ""


class Outbox:
    """A worker thread that sends what is queued. One for each relayer account."""

    def __init__(
        self,
        lanes: Sequence[Lane],
        calls: OutboxStore,
        relay: Relay,
        follower: IndexFollower,
        in_flight: int = IN_FLIGHT,
        room: BlockRoom | None = None,
    ) -> None:
        """Starts nothing yet; `in_flight` calls at most are sent and not final, as many between two blocks as have `room`."""
        self._lanes, self._calls, self._relay, self._follower = lanes, calls, relay, follower
        self._in_flight, self._room = in_flight, room or BlockRoom()
        self._wanted = threading.Event()
        self._stopping = threading.Event()
        self._settled: list[Settled] = []
        self._looked: list[Looked] = []
        self._told_at: int | None = None
        self.fault: str | None = None
        """What keeps it from sending now; None where it works."""
        self._flight: deque[Shipment] = deque()  # stored and sent, by ascending nonce
        self._held: deque[Shipment] = deque()  # of these, the last ones that are not sent yet
        self._nonce: int | None = None  # behind those in flight; None where it must be asked for once they have ended
        self._looks, self._overdue = 0, 0.0
        self._pace, self._first_since = Pace(), 0.0  # since when the first in flight is what the chain has to carry out
        self._last_nonce: int | None = None  # highest that was resolved, once it was looked up
        self._not_taken: tuple[Hash, float] | None = None  # the call that the chain does not take, and since when
        self._others_at = 0.0
        self._others: dict[Hash, _Left] = {}
        self._thread = threading.Thread(target=self._work, name="outbox", daemon=True)

    def on_settled(self, listener: Settled) -> None:
        """Has the listener told the ids of operations that became final; on the worker's thread, so be quick."""
        self._settled.append(listener)

    def on_looked(self, listener: Looked) -> None:
        """Has the listener told how far calls in flight have come, where blocks are not final at once; as quickly."""
        self._looked.append(listener)

    def start(self) -> None:
        """Starts the worker; it first finishes what an earlier one left."""
        self._thread.start()

    def stop(self) -> None:
        """Lets the worker finish the calls in flight and ends it; what is queued stays queued."""
        self._stopping.set()
        self._wanted.set()
        if self._thread.is_alive():
            self._thread.join(2 * RECEIPT_SECONDS)

    def wake(self) -> None:
        """Says that something was queued."""
        self._wanted.set()

    def index_moved(self) -> None:
        """Says that the index stands on another block: what is in flight may be in it. Where nothing is, nobody is woken."""
        if self._flight:
            self._wanted.set()

    def depth(self, transaction: Hash) -> Finality | None:
        """How far a call in flight has come; None where it is in no block."""
        return self._relay.depth(transaction)

    def _work(self) -> None:
        calm = False
        while not self._stopping.is_set():
            try:
                if not calm:
                    self._give_up_taken()
                    self._finish_unresolved()
                    self._restore_lost(self._relay.next_nonce())
                self._finish_others()
                self._fly()
                self.fault = None
            except Exception as error:  # noqa: BLE001  whatever it is, work goes on when it is over; nothing is lost meanwhile
                self._forget_flight()
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

    def _fly(self) -> None:
        """Sends what is queued and lands what is in flight, until there is neither; told to stop, it only lands."""
        queued = True
        while queued or self._flight:
            if self._wanted.is_set():
                self._wanted.clear()
                queued = True
            self._finish_others()
            if queued:
                queued = not self._stopping.is_set() and self._send_queued()
            if self._flight:
                queued = self._land() or queued

    def _send_queued(self) -> bool:
        """Sends calls of each lane in turn until so many are in flight; says whether there may be more."""
        while True:
            sent = [self._send_next(lane) for lane in self._lanes]
            if not any(sent):
                return False
            if not self._has_room() or self._nonce is None:
                return True

    def _has_room(self) -> bool:
        """Whether another call may be sent."""
        if not self._flight:
            self._room.clear()
        self._room.grown(self._relay.height, self._relay.made_at)
        return len(self._flight) < self._in_flight and self._room.is_open()

    def _send_next(self, lane: Lane) -> bool:
        """Sends the lane's next call, if there is room for one; says whether there may be another."""
        if (self._flight and self._nonce is None) or not self._has_room():
            return True
        self._relay.number(self._nonce if self._flight else None)
        shipment = lane.next(busy=self._room.is_worth_filling(busy=bool(self._flight)))
        if shipment is None or self._stopping.is_set():
            return False
        if not self._flight and self._restore_lost(shipment.call.nonce):
            return True
        if shipment.keep():  # else another process was quicker: look again
            if not self._flight:
                self._first_since = time.monotonic()
            self._flight.append(shipment)
            self._nonce = shipment.call.nonce + 1
            self._room.spend(self._relay.gas_of(shipment.call))
            self._held.append(shipment)
            self._release()
        return True

    def _release(self) -> None:
        """Sends what is kept, where it is time for that."""
        while self._held and not self._room.held_seconds():
            self._send(self._held.popleft())

    def _forget_flight(self) -> None:
        """All of it is stored: it is found there again."""
        self._flight.clear()
        self._held.clear()

    def _send(self, shipment: Shipment) -> None:
        """Sends a call in flight. Where its nonce is lost, none is signed before those still in flight have ended."""
        self._looks, self._overdue = 0, time.monotonic() + RECEIPT_SECONDS
        if not self._was_sent(shipment):
            self._flight.remove(shipment)
            self._nonce = None
        self.fault = None  # the chain answers: what there is to wait for is its blocks

    def _land(self) -> bool:
        """Looks which calls in flight stand in blocks, and brings those to their end; waits a little where the first does not.

        Returns: whether any does, or there is a new block: there may be room for more.
        """
        early = self._early_seconds()
        if early:
            self._rest(early)
            return False
        landed = self._relay.look([shipment.call for shipment in self._flight])
        self._tell_depths()
        outcomes = [(shipment, shipment.outcome(0)) for shipment in list(self._flight)[:landed]]
        if not outcomes:
            self._release()
            if self._room.grown(self._relay.height, self._relay.made_at) or self._room.has_reopened():
                return True
            self._linger()
            return False
        self._follower.catch_up()  # first the index: whoever hears of an outcome finds it there
        for shipment, outcome in outcomes:
            assert outcome is not None, f"call {shipment.call.hash} was seen in a block"
            self._resolve(shipment, outcome)
            self._flight.popleft()
        now, gas = time.monotonic(), sum(self._relay.gas_of(shipment.call) for shipment, _ in outcomes)
        self._pace.note(gas, now - self._first_since)
        self._looks, self._first_since, self._overdue = 0, now, now + RECEIPT_SECONDS
        return True

    def _tell_depths(self) -> None:
        """Tells how far calls in flight have come, once for each block."""
        if self._relay.height == self._told_at or not self._looked:
            return
        self._told_at = self._relay.height
        hashes = [shipment.call.hash for shipment in self._flight]
        depths = {hash_: depth for hash_ in hashes if (depth := self._relay.depth(hash_)) is not None}
        for listener in self._looked:
            listener(depths)

    def _linger(self) -> None:
        """Waits until it is time to look again, or something is queued; sends again what is in no block for too long."""
        if time.monotonic() > self._overdue:
            if self._stopping.is_set():
                self._forget_flight()
                return
            self._restore_lost(self._relay.next_nonce())
            self._follower.catch_up()  # before the bytes are sent again: is it still the chain they are for?
            self._fill(range(self._relay.next_nonce(), self._flight[0].call.nonce))
            for shipment in list(self._flight)[: len(self._flight) - len(self._held)]:
                self._send(shipment)
        self._looks += 1
        self._rest(pause(self._looks))

    def _rest(self, seconds: float) -> None:
        """Waits so long; where there is room for more, at most until something is queued."""
        if self._has_room() and not self._stopping.is_set():
            self._wanted.wait(self._room.until_reopened(seconds))
        else:
            time.sleep(self._room.until_reopened(max(seconds, _FULL_WAIT)))

    def _early_seconds(self) -> float:
        """How long it is no use to look for the first in flight; nothing where blocks come by the clock."""
        first = self._flight[0].call
        if self._relay.height is not None or self._relay.is_told(first):
            return 0.0
        there = self._first_since + self._pace.needed(self._relay.gas_of(first))
        return max(0.0, there - time.monotonic())

    def _carry(self, shipment: Shipment, missing: Sequence[int] = ()) -> None:
        """Sends a stored call until it stands in a block, and writes down what became of it, before any other.

        Nonces that are missing before it, as nothing stored has them, are filled.
        """
        while True:
            self._fill(missing)
            if not self._was_sent(shipment):
                return
            self.fault = None  # the chain has it: what there is to wait for is its block
            if self._has_landed(shipment, RECEIPT_SECONDS) or self._stopping.is_set():
                return
            self._follower.catch_up()  # before the bytes are sent again: is it still the chain they are for?

    def _was_sent(self, shipment: Shipment, block_time: UnixSeconds | None = None) -> bool:
        """Sends a stored call, into a block of the time given if any; False where its nonce is lost: it is abandoned then."""
        try:
            if block_time is None:
                self._relay.send(shipment.call)
            else:
                self._relay.restore(shipment.call, block_time)
        except NonceLost:
            log.warning("outbox_nonce_lost", transaction=shipment.call.hash, nonce=shipment.call.nonce)
            shipment.abandon()
            return False
        except CallNotTaken:
            self._pass_over(shipment.call)
            raise
        self._not_taken = None
        return True

    def _fill(self, missing: Sequence[int]) -> None:
        for nonce in missing:
            self._relay.fill(nonce)

    def _pass_over(self, call: SentCall) -> None:
        """Has another transaction take the nonce of a call that was not taken for long, so that it holds up no other."""
        now = time.monotonic()
        if call.sender != self._relay.sender:
            return
        if self._not_taken is None or self._not_taken[0] != call.hash:
            self._not_taken = call.hash, now
        elif now - self._not_taken[1] > _NOT_TAKEN_SECONDS:
            self._relay.fill(call.nonce)
            log.error("outbox_call_passed_over", transaction=call.hash, nonce=call.nonce)
            self._not_taken = None

    def _has_landed(self, shipment: Shipment, seconds: float) -> bool:
        """Whether a call stands in a block after so many seconds; what became of it is written down then."""
        outcome = shipment.outcome(seconds)
        if outcome is None:
            return False
        self._follower.catch_up()
        self._resolve(shipment, outcome)
        return True

    def _resolve(self, shipment: Shipment, outcome: CallOutcome[Any]) -> None:
        call = shipment.call
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

    def _finish_others(self) -> None:
        """Brings what processes with other accounts left on this database to its end, as far as that goes at once.

        What does not go is looked at more and more rarely, and keeps nothing else from going: that account may not be taken any
        more.
        """
        now = time.monotonic()
        if now < self._others_at or self._stopping.is_set():
            return
        self._others_at = now + _IDLE_SECONDS
        left = self._calls.left(self._relay.sender, LEFT_SECONDS)
        self._others = {call.hash: self._others.get(call.hash) or _Left(_LEFT_PAUSES[0]) for call in left}
        due = [call for call in left if self._others[call.hash].at <= now]
        for call in due[:_LEFT_AT_ONCE]:
            state = self._others[call.hash]
            state.at, state.pause = now + state.pause, min(2 * state.pause, _LEFT_PAUSES[1])
            try:
                shipment = self._again(call)
                if not self._has_landed(shipment, 0):
                    self._was_sent(shipment)
            except Exception as error:  # noqa: BLE001  as for one's own: it is tried again
                fault = f"{type(error).__name__}: {error}"
                if fault != state.fault:
                    log.warning("outbox_left_waits", transaction=call.hash, sender=call.sender, fault=fault)
                state.fault = fault

    def _finish_unresolved(self) -> None:
        """Brings what an earlier worker, or an earlier try, signed to its end."""
        unresolved = self._calls.unresolved(self._relay.sender)
        if unresolved:
            self._restore_lost(self._relay.next_nonce())
            next_nonce = self._relay.next_nonce()
        for call in unresolved:
            self._carry(self._again(call), range(next_nonce, call.nonce))
            next_nonce = call.nonce + 1

    def _restore_lost(self, next_nonce: int) -> bool:
        """Where the chain's next nonce lies below what was resolved, it went back: gives it again what it lost.

        Returns: whether anything was lost.
        """
        last = self._last()
        if last is None or next_nonce > last:
            return False
        self._follower.catch_up()  # another chain, which would take them too, is told apart here
        self._give_up_taken()
        lost = self._calls.confirmed_from(self._relay.sender, next_nonce)
        log.warning("outbox_chain_went_back", calls=len(lost))
        for call in lost:
            shipment = self._again(call)
            if self._was_sent(shipment, call.block_time):
                self._carry(shipment, range(next_nonce, call.nonce))
            next_nonce = call.nonce + 1
        return True

    def _last(self) -> int | None:
        """The account's highest nonce that was resolved."""
        if self._last_nonce is None:
            self._last_nonce = self._calls.last_nonce(self._relay.sender)
        return self._last_nonce

    def _give_up_taken(self) -> None:
        """Abandons what a chain that went back has lost, and cannot be given again: another transaction took the call's nonce.

        By the next nonce alone such a chain looks as before; but the block of the call is not in the index any more.
        """
        last = self._last()
        if last is None or not self._calls.lost(self._relay.sender, last):
            return
        self._follower.catch_up()  # as where a chain is given again what it lost; and it may stand in another block
        next_nonce = self._relay.next_nonce()
        for call in self._calls.lost(self._relay.sender, last):
            if call.nonce < next_nonce:
                shipment = self._again(call)
                if self._was_sent(shipment):
                    self._has_landed(shipment, 0)
        self._last_nonce = None

    def _again(self, call: SentCall) -> Shipment:
        """A stored call with what it carries, as it was signed."""
        found = [shipment for lane in self._lanes if (shipment := lane.again(call)) is not None]
        assert len(found) == 1, f"call {call.hash} carries things of one lane"
        return found[0]
