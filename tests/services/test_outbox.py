"""The outbox's worker, between a lane that packs three things a call and a chain that takes calls in the order of their nonces.

_fly
├── when more is queued than one call takes ........ several are in flight, numbered without a gap, resolved in order
├── when the chain makes blocks by the clock ....... so much gas is sent between two of them, as many are in flight
├── when a block's gas is gone beyond .............. the next one's is the less
├── when calls are held back after a block ......... they are kept at once, and sent together when it is time
├── when a block has come .......................... a small call waits no longer, though others are in flight
├── when calls land together ....................... the index is brought up once for them, before anybody hears
├── when the chain lands only the first ............ the others go on
├── when a call's nonce is lost .................... it alone is abandoned; what it carried goes out behind those in flight
├── when a call vanishes ........................... the same bytes are sent again, in order
├── when the chain went back ....................... what it lost goes first, whether calls are in flight or not
├── when it did behind what nothing stored has ..... a transaction that does nothing goes before
├── when a call is not taken for long .............. another takes its nonce, and what it carried goes out anew
├── when it did and a nonce is taken since ......... that call is abandoned, and what it carried goes out anew
├── when sending fails ............................. what is stored is finished in order, with the same bytes
├── when another account left a call ............... it is brought to its end, whatever else there is to do
├── when such a call is not taken any more ......... nothing waits for it, and it is tried again
└── when another process was quicker ............... the nonce is used by the next
stop
└── when calls are in flight ....................... they are landed, nothing more is sent
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from node_api.domain.errors import ChainUnavailable
from node_api.domain.finality import Finality
from node_api.domain.ids import Address, Hash, UnixSeconds
from node_api.domain.models import BlockRef
from node_api.domain.operations import SentCall
from node_api.services import outbox as module
from node_api.services.block_room import BlockRoom
from node_api.services.outbox import IN_FLIGHT, Outbox
from node_api.services.ports.relaying import CallNotTaken, CallOutcome, NonceLost

SENDER = Address("0x" + "5e" * 20)
BLOCK = BlockRef(7, Hash("0x" + "b7" * 32), UnixSeconds(70))
PATIENCE = 60.0
_NEVER = UnixSeconds(0)


@dataclass
class Chain:
    """Carries out calls in the order of their nonces, as many at a look as it is told. Implements `Relay`."""

    next: int = 0
    paused: bool = False
    mined: list[str] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    pool: dict[int, SentCall] = field(default_factory=dict)
    deaf: set[str] = field(default_factory=set)
    """Calls it forgets the first time they are sent."""
    down: set[str] = field(default_factory=set)
    """Calls at whose first sending it does not answer."""
    refused: set[str] = field(default_factory=set)
    """Calls it never takes."""
    filled: list[int] = field(default_factory=list)
    numbered: int | None = None
    gas: Sequence[int] = (10,)
    """What calls take, by turns."""
    height: int | None = None
    depths: dict[str, Finality] = field(default_factory=dict)
    barred: set[Address] = field(default_factory=set)
    """Accounts whose calls it does not take."""
    made_at: UnixSeconds = _NEVER
    sender: Address = SENDER

    def number(self, nonce: int | None) -> None:
        self.numbered = nonce

    def sign(self, what: Sequence[int]) -> SentCall:
        nonce = self.next if self.numbered is None else self.numbered
        return SentCall(Hash(f"{nonce}:{','.join(map(str, what))}"), nonce, SENDER, "0x", block_time=UnixSeconds(nonce))

    def depth(self, transaction: Hash) -> Finality | None:
        return self.depths.get(transaction)

    def gas_of(self, call: SentCall) -> int:
        return self.gas[call.nonce % len(self.gas)]

    def is_told(self, call: SentCall) -> bool:
        return call.hash in self.mined

    def next_nonce(self) -> int:
        return self.next

    def send(self, call: SentCall) -> None:
        self.sent.append(call.hash)
        if call.sender in self.barred:
            raise ChainUnavailable("sender not allowed")
        if call.sender != SENDER:
            self.mined.append(call.hash)
            return
        if call.hash in self.down:
            self.down.remove(call.hash)
            raise ChainUnavailable("gone")
        if call.hash in self.refused and call.nonce >= self.next:
            raise CallNotTaken("oversized data")
        if call.hash in self.deaf:
            self.deaf.remove(call.hash)
            return
        if call.nonce < self.next and call.hash not in self.mined:
            raise NonceLost(call.hash)
        self.pool[call.nonce] = call

    def fill(self, nonce: int) -> None:
        self.filled.append(nonce)
        if nonce >= self.next:
            self.pool[nonce] = SentCall(Hash(f"nothing {nonce}"), nonce, SENDER, "0x")
            self.mine()

    def restore(self, call: SentCall, block_time: UnixSeconds) -> None:
        assert block_time == call.nonce
        self.send(call)

    def look(self, calls: Sequence[SentCall]) -> int:
        self.mine()
        landed = [call.hash in self.mined for call in calls]
        return [*landed, False].index(False)

    def mine(self) -> None:
        while not self.paused and self.next in self.pool:
            self.mined.append(self.pool[self.next].hash)
            self.next += 1

    def go_back(self, to: int) -> None:
        """Forgets every call from this nonce on."""
        self.mined, self.next, self.pool = self.mined[:to], to, {}


@dataclass
class Store:
    """What is stored of calls. Implements what the worker asks of `OutboxStore`, and counts what it does."""

    calls: dict[str, tuple[SentCall, Sequence[int]]] = field(default_factory=dict)
    ends: dict[str, str] = field(default_factory=dict)
    story: list[str] = field(default_factory=list)
    stands: Callable[[str], bool] = lambda _: True
    """Whether the index has the call's block."""

    def unresolved(self, sender: Address = SENDER) -> list[SentCall]:
        return self._open(lambda call: call.sender == sender)

    def left(self, sender: Address, seconds: float) -> list[SentCall]:
        assert seconds == module.LEFT_SECONDS
        return self._open(lambda call: call.sender != sender)

    def _open(self, wanted: Callable[[SentCall], bool]) -> list[SentCall]:
        calls = [call for call, _ in self.calls.values() if call.hash not in self.ends and wanted(call)]
        return sorted(calls, key=lambda one: one.nonce)

    def last_nonce(self, sender: Address) -> int | None:
        assert sender == SENDER
        return max((call.nonce for call in self._resolved()), default=None)

    def confirmed_from(self, sender: Address, nonce: int) -> list[SentCall]:
        assert sender == SENDER
        return sorted((call for call in self._resolved() if call.nonce >= nonce), key=lambda one: one.nonce)

    def lost(self, sender: Address, last: int) -> list[SentCall]:
        assert last == self.last_nonce(sender)
        return [call for call in self.confirmed_from(sender, 0) if not self.stands(call.hash)]

    def _resolved(self) -> list[SentCall]:
        return [call for call, _ in self.calls.values() if self.ends.get(call.hash) == "resolved"]


@dataclass
class Lane:
    """Three numbers a call. Implements `Lane`."""

    chain: Chain
    store: Store
    waiting: list[int] = field(default_factory=list)
    contested: set[int] = field(default_factory=set)
    """First numbers of calls that another process is quicker with, once."""

    def next(self, *, busy: bool) -> Shipment | None:
        self.store.story.append("busy" if busy else "free")
        what = self.waiting[:3]
        return Shipment(self.chain.sign(what), what, self) if what else None

    def again(self, call: SentCall) -> Shipment | None:
        return Shipment(call, self.store.calls[call.hash][1], self)


@dataclass
class Shipment:
    """Implements `Shipment`."""

    call: SentCall
    what: Sequence[int]
    lane: Lane

    def keep(self) -> bool:
        lane = self.lane
        if self.what[0] in lane.contested:
            lane.contested.remove(self.what[0])
            lane.waiting = lane.waiting[1:]
            return False
        lane.waiting = lane.waiting[len(self.what) :]
        lane.store.calls[self.call.hash] = self.call, self.what
        lane.store.story.append(f"keep {self.call.nonce}")
        return True

    def outcome(self, seconds: float) -> CallOutcome[int] | None:
        self.lane.chain.mine()
        if self.call.hash not in self.lane.chain.mined:
            time.sleep(min(seconds, 0.01))
            return None
        return CallOutcome(BLOCK, tuple(self.what))

    def resolve(self, block: BlockRef, verdicts: Sequence[Any]) -> list[str]:
        assert block == BLOCK
        self.lane.store.ends[self.call.hash] = "resolved"
        self.lane.store.story.append(f"resolve {self.call.nonce}")
        return [str(one) for one in verdicts]

    def fail(self, block: BlockRef, fault: str) -> list[str]:
        raise AssertionError((block, fault))

    def abandon(self) -> None:
        self.lane.store.ends[self.call.hash] = "abandoned"
        self.lane.waiting = [*self.lane.waiting, *self.what]


@dataclass
class Works:
    """A worker between the two."""

    chain: Chain = field(default_factory=Chain)
    store: Store = field(default_factory=Store)
    final: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.lane = Lane(self.chain, self.store)
        self.store.stands = lambda call: call in self.chain.mined
        self.outbox = Outbox([self.lane], self.store, self.chain, self)  # type: ignore[arg-type]
        self.outbox.on_settled(self.final.extend)

    def catch_up(self) -> None:
        self.store.story.append("index")

    def work(self, *, until: Callable[[], bool] | None = None) -> None:
        """Has the worker work until nothing is left to do."""
        self.outbox.start()
        wait_until(until or self.done)
        self.end()

    def end(self) -> None:
        """Returns when the worker has ended."""
        self.outbox.stop()
        self.outbox._thread.join(PATIENCE)

    def done(self) -> bool:
        return not self.lane.waiting and not self.store.unresolved()

    def told(self, word: str) -> list[str]:
        return [one for one in self.store.story if one.startswith(word)]


def wait_until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.fixture
def works(monkeypatch: pytest.MonkeyPatch) -> Iterator[Works]:
    monkeypatch.setattr(module, "RECEIPT_SECONDS", 0.05)
    monkeypatch.setattr(module, "_RETRY_SECONDS", 0.01)
    monkeypatch.setattr(module, "_IDLE_SECONDS", 0.05)
    monkeypatch.setattr(module, "_LEFT_PAUSES", (0.05, 0.2))
    works = Works()
    yield works
    works.chain.paused = False
    works.end()


def test_fly__more_queued_than_one_call_takes__several_are_in_flight_in_the_order_of_nonces(works: Works) -> None:
    works.lane.waiting = list(range(3 * IN_FLIGHT + 4))
    works.chain.paused = True
    works.outbox.start()
    wait_until(lambda: len(works.chain.pool) == IN_FLIGHT)
    time.sleep(0.02)
    assert sorted(works.chain.pool) == list(range(IN_FLIGHT))
    assert works.told("resolve") == []

    works.chain.paused = False
    wait_until(works.done)
    works.end()

    nonces = range(IN_FLIGHT + 2)
    assert works.told("keep") == [f"keep {nonce}" for nonce in nonces]
    assert works.told("resolve") == [f"resolve {nonce}" for nonce in nonces]
    assert works.final == [str(one) for one in range(3 * IN_FLIGHT + 4)]
    first = works.store.story.index("resolve 0")
    assert works.store.story[first - 1 : first + IN_FLIGHT] == ["index", *works.told("resolve")[:IN_FLIGHT]]


def test_fly__blocks_by_the_clock__so_much_gas_is_sent_between_two(works: Works) -> None:
    paced(works, in_flight=5, block_gas=20)
    works.lane.waiting = list(range(30))
    sent_by_heights(works, (None, 2), (1, 4), (2, 5), (3, 5))

    works.chain.paused = False
    wait_until(works.done)
    works.end()

    assert works.told("resolve") == [f"resolve {nonce}" for nonce in range(10)]


def test_fly__blocks_by_the_clock__how_far_calls_have_come_is_told_for_each_block(works: Works) -> None:
    told: list[dict[Hash, Finality]] = []
    paced(works, in_flight=2, block_gas=100)
    works.outbox.on_looked(told.append)
    works.lane.waiting = list(range(6))
    works.chain.depths = {"0:0,1,2": Finality.SEEN, "7:": Finality.CONFIRMED}
    sent_by_heights(works, (None, 2))
    assert told == []
    works.chain.height = 1
    wait_until(lambda: told == [{Hash("0:0,1,2"): Finality.SEEN}])
    works.chain.depths = {"0:0,1,2": Finality.CONFIRMED, "1:3,4,5": Finality.SEEN}
    time.sleep(0.03)
    works.chain.height = 2
    wait_until(lambda: len(told) == 2)
    assert told[1] == {Hash("0:0,1,2"): Finality.CONFIRMED, Hash("1:3,4,5"): Finality.SEEN}


@pytest.mark.parametrize(("block_gas", "sent"), [(30, (2, 4, 5, 6)), (31, (2, 4, 6, 7))])
def test_fly__beyond_a_blocks_gas__the_next_ones_is_the_less(works: Works, block_gas: int, sent: Sequence[int]) -> None:
    paced(works, in_flight=9, block_gas=block_gas)
    works.chain.gas, works.lane.waiting = (10, 30), list(range(30))
    sent_by_heights(works, *zip((None, 1, 2, 3), sent, strict=True))


def test_fly__blocks_by_the_clock__a_small_call_waits_for_the_next_one_at_most(works: Works) -> None:
    paced(works, in_flight=9, block_gas=1_000)
    works.lane.waiting = list(range(4))
    sent_by_heights(works, (None, 2))
    assert works.told("free") + works.told("busy") == ["free", *works.told("busy")]
    works.chain.height = 1
    wait_until(lambda: len(works.told("free")) > 1)


def test_fly__held_back_after_a_block__calls_are_kept_at_once_and_sent_when_it_is_time(
    works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    paced(works, in_flight=9, block_gas=20)
    room, held = works.outbox._room, [0.0]
    monkeypatch.setattr(room, "held_seconds", lambda: held[0])
    works.lane.waiting = list(range(30))
    sent_by_heights(works, (None, 2))
    held[0] = 0.01
    works.chain.height = 1
    wait_until(lambda: len(works.store.calls) == 4)
    time.sleep(0.03)
    assert sorted(works.chain.pool) == [0, 1]
    held[0] = 0.0
    wait_until(lambda: len(works.chain.pool) == 4)


def paced(works: Works, *, in_flight: int, block_gas: int) -> None:
    """Gives it a worker whose chain makes blocks by the clock, and none yet."""
    works.outbox = Outbox(
        [works.lane],
        works.store,  # type: ignore[arg-type]
        works.chain,
        works,
        in_flight=in_flight,
        room=BlockRoom(block_gas),
    )
    works.chain.paused = True


def sent_by_heights(works: Works, *steps: tuple[int | None, int]) -> None:
    """Has the worker work, and the chain grow: at each height so many calls have been sent, and no more come."""
    works.outbox.start()
    for height, sent in steps:
        works.chain.height = height
        wait_until(lambda sent=sent: len(works.chain.pool) == sent)  # type: ignore[misc]
        time.sleep(0.03)
        assert sorted(works.chain.pool) == list(range(sent))


def test_fly__a_call_is_kept__before_it_is_sent_and_after_the_one_before_was(works: Works) -> None:
    works.lane.waiting = list(range(9))
    kept: list[tuple[int, int]] = []
    send = works.chain.send

    def watched(call: SentCall) -> None:
        kept.append((call.nonce, len(works.store.calls)))
        send(call)

    works.chain.send = watched  # type: ignore[method-assign]
    works.work()

    assert kept == [(0, 1), (1, 2), (2, 3)]


def test_fly__a_nonce_is_lost__that_call_alone_is_abandoned_and_its_things_go_out_behind_the_others(
    works: Works,
) -> None:
    works.lane.waiting = list(range(9))
    send = works.chain.send

    def stolen(call: SentCall) -> None:
        if call.hash == "1:3,4,5":
            works.chain.mine()
            works.chain.mined.append("another's")
            works.chain.next = 2
        send(call)

    works.chain.send = stolen  # type: ignore[method-assign]
    works.work()

    assert works.store.ends == {
        "0:0,1,2": "resolved", "1:3,4,5": "abandoned", "2:6,7,8": "resolved", "3:3,4,5": "resolved",
    }  # fmt: skip
    assert sorted(map(int, works.final)) == list(range(9))


def test_fly__the_first_in_flight_loses_its_nonce_late__those_behind_it_take_effect_once(works: Works) -> None:
    works.lane.waiting = list(range(9))
    works.chain.deaf = {"0:0,1,2"}
    works.chain.paused = True

    def stolen() -> bool:
        if works.chain.paused and {1, 2} <= set(works.chain.pool):
            works.chain.mined.append("another's")
            works.chain.next = 1
            works.chain.paused = False
        return works.done()

    works.work(until=stolen)

    assert works.store.ends == {
        "0:0,1,2": "abandoned", "1:3,4,5": "resolved", "2:6,7,8": "resolved", "3:0,1,2": "resolved",
    }  # fmt: skip
    assert sorted(map(int, works.final)) == list(range(9))


def test_fly__a_call_vanished__the_same_bytes_are_sent_again(works: Works) -> None:
    works.lane.waiting = list(range(9))
    works.chain.deaf = {"1:3,4,5"}

    works.work()

    assert works.chain.mined == ["0:0,1,2", "1:3,4,5", "2:6,7,8"]
    assert works.chain.sent.count("1:3,4,5") >= 2
    assert works.told("resolve") == ["resolve 0", "resolve 1", "resolve 2"]


def test_fly__the_chain_went_back_with_calls_in_flight__what_it_lost_goes_first(works: Works) -> None:
    works.lane.waiting = list(range(6))
    works.outbox.start()
    wait_until(lambda: len(works.final) == 6)
    works.chain.paused = True
    works.lane.waiting = [6, 7, 8]
    works.outbox.wake()
    wait_until(lambda: 2 in works.chain.pool)

    works.chain.go_back(0)
    works.chain.paused = False
    wait_until(lambda: len(works.final) == 15)  # told again of what was restored

    assert works.chain.mined == ["0:0,1,2", "1:3,4,5", "2:6,7,8"]
    assert works.told("keep") == ["keep 0", "keep 1", "keep 2"]


def test_fly__the_chain_went_back_while_nothing_is_in_flight__what_it_lost_goes_first(works: Works) -> None:
    works.lane.waiting = list(range(6))
    works.outbox.start()
    wait_until(lambda: len(works.final) == 6)

    works.chain.go_back(1)
    works.lane.waiting = [6, 7, 8]
    works.outbox.wake()
    wait_until(lambda: len(works.final) == 12)

    assert works.chain.mined == ["0:0,1,2", "1:3,4,5", "2:6,7,8"]


@pytest.mark.parametrize("back_to", [0, 1])
def test_fly__the_chain_went_back_and_a_nonce_was_taken__what_it_carried_goes_out_anew(
    works: Works, back_to: int
) -> None:
    works.lane.waiting = list(range(6))
    works.outbox.start()
    wait_until(lambda: len(works.final) == 6)

    works.chain.go_back(back_to)
    works.chain.mined.append("somebody's")
    works.chain.next += 1
    wait_until(lambda: len(works.chain.mined) == 3)
    wait_until(works.done)
    works.end()

    kept = {0: ["somebody's", "1:3,4,5", "2:0,1,2"], 1: ["0:0,1,2", "somebody's", "2:3,4,5"]}
    assert works.chain.mined == kept[back_to]


def test_index_moved__nothing_in_flight__leaves_time_to_see_that_the_chain_went_back(works: Works) -> None:
    works.lane.waiting = [0, 1, 2]
    works.outbox.start()
    wait_until(lambda: len(works.final) == 3)

    works.chain.go_back(0)
    assert works.chain.mined == []

    def restored() -> bool:
        works.outbox.index_moved()
        return works.chain.mined == ["0:0,1,2"]

    wait_until(restored)


def test_fly__sending_fails__what_is_stored_is_finished_in_order_with_the_same_bytes(works: Works) -> None:
    works.lane.waiting = list(range(9))
    works.chain.down = {"1:3,4,5"}

    works.work()

    assert works.chain.mined == ["0:0,1,2", "1:3,4,5", "2:6,7,8"]
    assert sorted(map(int, works.final)) == list(range(9))


def test_fly__another_process_is_quicker__the_nonce_is_the_next_ones(works: Works) -> None:
    works.lane.waiting = list(range(7))
    works.lane.contested = {3}

    works.work()

    assert works.chain.mined == ["0:0,1,2", "1:4,5,6"]


def test_fly__calls_in_flight__the_lane_is_told_so(works: Works) -> None:
    works.lane.waiting = list(range(6))
    works.work()
    assert works.store.story[0] == "free"
    assert works.store.story[works.store.story.index("keep 0") + 1] == "busy"


def left_by_another(works: Works) -> SentCall:
    call = SentCall(Hash("left"), 5, Address("0x" + "07" * 20), "0x")
    works.store.calls[call.hash] = call, [70, 71]
    return call


def test_fly__another_account_left_a_call__is_brought_to_its_end_whatever_else_there_is_to_do(works: Works) -> None:
    works.outbox.start()
    wait_until(lambda: works.outbox.fault is None and bool(works.outbox._others_at))
    left = left_by_another(works)

    def busy() -> bool:
        works.lane.waiting = works.lane.waiting or [1, 2, 3]
        works.outbox.wake()
        return left.hash in works.store.ends

    wait_until(busy)

    assert works.store.ends[left.hash] == "resolved"
    assert works.chain.sent.count(left.hash) == 1
    assert {"70", "71"} <= set(works.final)


def test_fly__such_a_call_is_not_taken_any_more__nothing_waits_for_it(works: Works) -> None:
    left = left_by_another(works)
    works.chain.barred.add(left.sender)
    works.lane.waiting = [1, 2, 3, 4]
    works.outbox.start()
    wait_until(lambda: works.chain.sent.count(left.hash) > 1 and works.done())
    assert works.outbox.fault is None
    assert left.hash not in works.store.ends

    sent, began = works.chain.sent.count(left.hash), time.monotonic()
    wait_until(lambda: works.chain.sent.count(left.hash) == sent + 2)
    assert time.monotonic() - began > 0.1  # more and more rarely
    works.chain.barred.clear()
    wait_until(lambda: works.store.ends.get(left.hash) == "resolved")


def test_stop__calls_in_flight__are_landed_and_nothing_more_is_sent(
    works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RECEIPT_SECONDS", PATIENCE)
    works.lane.waiting = list(range(3 * IN_FLIGHT + 3))
    works.chain.paused = True
    works.outbox.start()
    wait_until(lambda: len(works.chain.pool) == IN_FLIGHT)
    works.outbox._stopping.set()
    works.chain.paused = False
    works.end()

    assert works.told("resolve") == [f"resolve {nonce}" for nonce in range(IN_FLIGHT)]
    assert len(works.lane.waiting) == 3


def test_restore__behind_a_nonce_that_nothing_stored_has__it_is_filled(works: Works) -> None:
    works.chain.mined, works.chain.next = ["a stranger's"], 1
    works.lane.waiting = [1, 2, 3]
    works.work()
    again = Works(chain=works.chain, store=works.store)

    again.chain.go_back(0)
    again.lane.waiting = [4]
    again.work()

    assert again.chain.mined == ["nothing 0", "1:1,2,3", "2:4"]
    assert set(again.chain.filled) == {0}


def test_fly__a_call_that_the_chain_does_not_take_for_long__loses_its_nonce(
    works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_NOT_TAKEN_SECONDS", 0.1)
    works.chain.refused = {"0:1,2,3"}
    works.lane.waiting = [1, 2, 3, 4]
    works.work()

    assert works.chain.filled == [0]
    assert works.store.ends["0:1,2,3"] == "abandoned"
    assert sorted(works.final) == ["1", "2", "3", "4"]
    assert works.outbox.fault is None


def test_fly__a_call_that_the_chain_takes_in_the_end__keeps_its_nonce(works: Works) -> None:
    works.chain.refused = {"0:1,2,3"}
    works.lane.waiting = [1, 2, 3]
    works.outbox.start()
    wait_until(lambda: works.outbox.fault == "CallNotTaken: oversized data")
    works.chain.refused = set()
    wait_until(works.done)
    works.end()

    assert (works.chain.filled, works.final) == ([], ["1", "2", "3"])


def test_restore__of_a_call_that_the_chain_does_not_take__loses_its_nonce(
    works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_NOT_TAKEN_SECONDS", 0.1)
    works.lane.waiting = [1, 2, 3]
    works.work()
    again = Works(chain=works.chain, store=works.store)

    again.chain.go_back(0)
    again.chain.refused = {"0:1,2,3"}
    again.outbox.start()
    wait_until(lambda: again.chain.mined == ["nothing 0", "1:1,2,3"])
    again.end()

    assert again.chain.filled == [0]


@pytest.mark.parametrize("restarted", [False, True])
def test_fly__behind_a_nonce_that_nothing_stored_has__it_is_filled(works: Works, restarted: bool) -> None:
    works.chain.mined, works.chain.next, works.chain.paused = ["a stranger's"], 1, True
    works.lane.waiting = [1, 2, 3]
    works.outbox.start()
    wait_until(lambda: bool(works.chain.pool))
    if restarted:
        works.end()
    again = Works(chain=works.chain, store=works.store) if restarted else works

    again.chain.go_back(0)
    again.chain.paused = False
    if restarted:
        again.outbox.start()
    wait_until(again.done)
    again.end()

    assert again.chain.mined == ["nothing 0", "1:1,2,3"]
