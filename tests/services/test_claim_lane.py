"""When the lane of claims sends what has gathered.

next
├── while the oldest has not waited long enough: nothing, and all that wait are read a few times a second only
├── once it has: at that moment, all of them
├── when a call is full: at the next look
├── when nobody waited: the first is seen at once
└── when the clock was set back: as if nobody had looked
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

import pytest

from node_api.domain.claims import Claim
from node_api.domain.ids import Address, Hash, ProgrammeId, UnixSeconds
from node_api.domain.operations import SentCall
from node_api.services.claim_lane import ClaimLane
from node_api.services.ports.claims import ClaimQueue, WaitingClaim
from node_api.services.ports.relaying import ClaimRelay

GATHER = 2.0
BEGAN = 1_780_000_000.0
FULL = 300
"""Claims of a call of 120 kB."""


def claim(person: int) -> Claim:
    nullifier = Hash(f"0x{person:064x}")
    holder = Address(f"0x{person:040x}")
    return Claim(ProgrammeId(1), 1, holder, nullifier, UnixSeconds(1 << 32), b"", Hash("0x" + "0" * 64), (), True)


@dataclass
class Queue:
    """Claims that wait, all since the beginning; counts how often they are read."""

    people: int = 0
    looks: int = 0

    def waiting(self, limit: int) -> list[WaitingClaim]:
        self.looks += 1
        there = range(min(self.people, limit))
        return [WaitingClaim(str(person), claim(person), int(BEGAN * 1_000)) for person in there]


@dataclass
class Relay:
    """Signs anything."""

    signed: list[int] = field(default_factory=list)

    def size(self, _: Claim) -> int:
        return 120_000 // FULL

    def sign(self, claims: Sequence[Claim]) -> SentCall:
        self.signed.append(len(claims))
        return SentCall(Hash("0x" + "1" * 64), 0, Address("0x" + "2" * 40), "0x")


@dataclass
class Desk:
    """The lane between them, and a clock that is set by hand."""

    queue: Queue
    relay: Relay = field(default_factory=Relay)
    now: float = BEGAN

    def __post_init__(self) -> None:
        self.lane = ClaimLane(cast("ClaimQueue", self.queue), cast("ClaimRelay", self.relay), GATHER, lambda: self.now)

    def turns(self, seconds: float, *, times: int) -> None:
        """The outbox comes by so many times in the next seconds."""
        for _ in range(times):
            self.now += seconds / times
            self.lane.next(busy=False)


@pytest.mark.parametrize("people", [1, FULL])
def test_next__while_claims_gather__reads_them_a_few_times_a_second(people: int) -> None:
    desk = Desk(Queue(people))
    desk.turns(GATHER - 0.01, times=1_000)
    assert desk.relay.signed == []
    assert desk.queue.looks <= GATHER / 0.1
    desk.turns(0.02, times=1)
    assert desk.relay.signed == [people]


def test_next__when_a_call_is_full__sends_it_at_the_next_look() -> None:
    desk = Desk(Queue(1))
    desk.lane.next(busy=False)
    desk.queue.people = FULL + 1
    desk.turns(0.25, times=25)
    assert desk.relay.signed[0] == FULL


def test_next__when_nobody_waited__sees_the_first_at_once() -> None:
    desk = Desk(Queue())
    desk.turns(1.0, times=100)
    assert desk.queue.looks == 100
    desk.queue.people = 10 * FULL
    assert desk.lane.next(busy=False) is not None


def test_next__when_the_clock_was_set_back__looks_again() -> None:
    desk = Desk(Queue(1))
    desk.lane.next(busy=False)
    desk.now -= 600
    assert desk.lane.next(busy=False) is not None, "nobody waits for a clock to come back to where it was"
