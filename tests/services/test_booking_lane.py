"""The lane of reservations: which of those that wait go into one call, and who is told.

next
├── of many small ones → fifty
└── of large ones, by bytes or by vouchers → as many as any network takes, and the others by the next call
drop
├── of one that waits → it is in no call
├── of one whose call is signed → it goes with it, and each of the others is told its own
├── of one whose call is abandoned then → it is in no other
└── of all of a call whose end another process sees to → nothing of the call is kept
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from node_api.domain.ids import Address, Amount, Hash, MerchantId, UnixSeconds, VoucherId
from node_api.domain.items import Spend
from node_api.domain.models import BlockRef
from node_api.domain.operations import Place, SentCall
from node_api.domain.reservations import BookingVerdict, Reservation
from node_api.services.booking_lane import MAX_RESERVATIONS, BookingLane, BookingShipment, Waiting
from node_api.services.packing import ANY_NETWORK

WORD = Hash("0x" + "22" * 32)
BLOCK = BlockRef(7, WORD, UnixSeconds(9))


@dataclass
class Calls:
    """Keeps nothing: the lane's own memory is what is looked at."""

    def sending(self, call: SentCall, places: Sequence[Place]) -> bool:
        return True

    def abandon(self, call: Hash) -> None:
        pass

    def resolve(self, call: Hash, block: BlockRef, outcomes: Sequence[object]) -> list[str]:
        return []


@dataclass
class Relay:
    """Signs nothing, and keeps what it was to sign."""

    signed: list[list[int]] = field(default_factory=list)

    def size(self, one: Reservation) -> int:
        return 600 + len(one.consent)

    def is_own(self, call: SentCall) -> bool:
        return True

    def sign(self, reservations: Sequence[Reservation]) -> SentCall:
        self.signed.append([int(one.merchant) for one in reservations])
        return SentCall(Hash(f"0x{len(self.signed):064x}"), len(self.signed), Address("0x" + "11" * 20), "0x")


@pytest.fixture
def relay() -> Relay:
    return Relay()


@pytest.fixture
def lane(relay: Relay) -> BookingLane:
    return BookingLane(Calls(), relay)  # type: ignore[arg-type]


def reservation(number: int, vouchers: int = 1, consent: int = 0) -> Reservation:
    spends = tuple(Spend(VoucherId(one), Amount(500)) for one in range(vouchers))
    return Reservation(spends, MerchantId(number), WORD, 0, UnixSeconds(9), UnixSeconds(8), b"signed", bytes(consent))


def shipped(lane: BookingLane) -> BookingShipment:
    shipment = lane.next(busy=False)
    assert shipment is not None
    assert shipment.keep()
    return shipment


@pytest.mark.parametrize(
    ("vouchers", "consent", "together"),
    [
        (1, 0, MAX_RESERVATIONS),
        (1, 2_048, ANY_NETWORK.data // 2_648),
        (100, 0, ANY_NETWORK.vouchers // 100),
        (1_000, 0, 1),
    ],
)
def test_next__of_many__takes_what_any_network_takes(
    lane: BookingLane, relay: Relay, vouchers: int, consent: int, together: int
) -> None:
    for number in range(2 * together):
        lane.put(reservation(number, vouchers, consent))

    shipped(lane)
    shipped(lane)

    assert relay.signed == [list(range(together)), list(range(together, 2 * together))]
    assert lane.next(busy=False) is None


def test_drop__of_one_that_waits__it_is_in_no_call(lane: BookingLane, relay: Relay) -> None:
    verdicts = [lane.put(reservation(number)) for number in range(3)]

    lane.drop(verdicts[1])

    shipped(lane)
    assert relay.signed == [[0, 2]]


def test_drop__of_one_whose_call_is_signed__the_others_are_told_their_own(lane: BookingLane, relay: Relay) -> None:
    verdicts = [lane.put(reservation(number)) for number in range(2)]
    shipment = lane.next(busy=False)
    assert shipment is not None
    later = lane.put(reservation(2))

    lane.drop(verdicts[0])
    assert shipment.keep()
    shipment.resolve(BLOCK, [BookingVerdict(), BookingVerdict(fault="no")])

    assert verdicts[1].result(0).fault == "no"
    shipped(lane).resolve(BLOCK, [BookingVerdict(fault="later")])
    assert relay.signed == [[0, 1], [2]]
    assert later.result(0).fault == "later"


def test_drop__of_one_whose_call_is_abandoned_then__it_is_in_no_other(lane: BookingLane, relay: Relay) -> None:
    verdicts = [lane.put(reservation(number)) for number in range(2)]
    shipment = shipped(lane)

    lane.drop(verdicts[0])
    shipment.abandon()

    shipped(lane)
    assert relay.signed == [[0, 1], [1]]


def test_drop__of_all_of_a_call__keeps_nothing_of_it(lane: BookingLane) -> None:
    verdicts = [lane.put(reservation(number)) for number in range(2)]
    shipment = lane.next(busy=False)
    assert shipment is not None
    assert shipment.keep()
    lane.drop(verdicts[0])
    assert [one.verdict for one in waiting(lane, shipment)] == verdicts
    lane.drop(verdicts[1])
    assert not waiting(lane, shipment)


def waiting(lane: BookingLane, shipment: BookingShipment) -> Sequence[Waiting]:
    again = lane.again(shipment.call)
    assert again is not None
    return again.waiting
