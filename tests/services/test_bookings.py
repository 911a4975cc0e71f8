"""Receipts of captures, over stores on SQLite and PostgreSQL; the contract and the record are played.

a capture
├── done → its receipt is claimed; a redemption and another booking's capture are refused against it
├── refused by the contract → the receipt is free again; not where another capture of the booking was made against it
├── without an answer from the chain → the claim stays; asked for again it is carried out, or refused and the receipt free
├── another one of its booking without an answer → that one's claim stays, though this one is refused
├── against the receipt of a redemption, of another booking, captured here or through another node → ReceiptUsed, nothing sent
├── asked for twice at once → told twice, sent once or refused once
├── against one receipt for two bookings at once → one is ReceiptUsed
├── refused while another one of its booking is under way → that one's receipt stays claimed
└── of another amount or receipt than the one that was made → the contract's refusal
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from node_api.domain.access import ApiKey, ApiRole
from node_api.domain.bookings import Booking
from node_api.domain.errors import BookingRefused, ChainUnavailable
from node_api.domain.ids import Amount, Hash, MerchantId, ProgrammeId, UnixSeconds, VoucherId
from node_api.domain.models import VoucherKind
from node_api.domain.operations import OperationState
from node_api.domain.refusals import ReceiptUsed
from node_api.domain.reservations import Capture, Part
from node_api.services.bookings import Bookings
from node_api.services.ports.operations import Claim
from node_api.storage.case_requests import CaseRequestTable
from node_api.storage.operations import Operations
from tests.storage.conftest import MakeDatabase
from tests.storage.test_operations import BLOCK, operation, outcome, word

PROGRAMME, SHOP = ProgrammeId(1), MerchantId(1)
TILL = ApiKey("key_1", ApiRole.MERCHANT, SHOP, "till", UnixSeconds(0))
ONE, TWO, FIRST, SECOND = VoucherId(1), VoucherId(2), word(1), word(2)
RECEIPT, OTHER = word(777), word(778)
CLAIM: Claim = (PROGRAMME, SHOP, RECEIPT)


@dataclass
class Contract:
    """Bookings `FIRST` and `SECOND` of vouchers `ONE` and `TWO` each. Implements desk and record."""

    kind: VoucherKind = VoucherKind.FIXED
    taken: dict[tuple[Hash, VoucherId], tuple[Hash, int]] = field(default_factory=dict)
    faults: list[Exception] = field(default_factory=list)
    before: Callable[[Capture], object] = lambda _: None
    sent: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    block: Any = BLOCK

    def capture(self, capture: Capture) -> None:
        """The courier's way: one after the other; what was captured before is refused."""
        self.before(capture)
        with self.lock:
            self.sent += 1
            if self.faults:
                raise self.faults.pop()
            places = [(capture.booking, part.voucher) for part in capture.parts]
            if self.taken.keys() & set(places):
                raise refused()
            self.taken |= dict.fromkeys(places, (capture.receipt, 500))

    @contextmanager
    def open(self) -> Iterator[tuple[Any, UnixSeconds]]:
        yield self, UnixSeconds(1)

    def booking(self, digest: Hash) -> list[Booking]:
        return [self._booking(digest, voucher) for voucher in (ONE, TWO)]

    def _booking(self, digest: Hash, voucher: VoucherId) -> Any:
        receipt, amount = self.taken.get((digest, voucher), (None, 0))
        captured = receipt and SimpleNamespace(receipt=receipt, amount=amount)
        named = {"digest": digest, "voucher": voucher, "merchant": SHOP, "line": 1 << 16 | 1}
        return SimpleNamespace(**named, captured=captured, released=None)

    def voucher(self, _: VoucherId) -> Any:
        return SimpleNamespace(batch=SimpleNamespace(kind=self.kind))

    def receipted(self, wanted: Collection[Claim]) -> Mapping[Claim, frozenset[Hash]]:
        return {
            claim: frozenset(digest for (digest, _), (receipt, _) in self.taken.items() if receipt == claim[2])
            for claim in wanted
        }


def refused() -> BookingRefused:
    return BookingRefused("Vouchers_NotBooked", "voucher 1", "it is booked", "nothing")


@pytest.fixture
def contract() -> Contract:
    return Contract()


@pytest.fixture
def store(make_database: MakeDatabase) -> Operations:
    return Operations(make_database())


@pytest.fixture
def bookings(contract: Contract, store: Operations) -> Bookings:
    played: Any = contract
    return Bookings(played, played, CaseRequestTable(store.engine), played, store, None)


def served(booking: Hash, *vouchers: VoucherId, receipt: Hash = RECEIPT, amount: int = 500) -> Capture:
    parts = tuple(Part(voucher, Amount(amount)) for voucher in vouchers or (ONE,))
    return Capture(booking, parts, Amount(1_000), receipt, UnixSeconds(2))


def ask(bookings: Bookings, capture: Capture, key: str = "key") -> list[Booking]:
    return bookings.capture(TILL, key, repr(capture).rjust(64)[-64:], capture)[0]


def at_once(*asks: Callable[[], list[Booking]]) -> list[Future[list[Booking]]]:
    with ThreadPoolExecutor(len(asks)) as pool:
        return [pool.submit(one) for one in asks]


def sold(store: Operations, receipt: int = 777) -> OperationState:
    """What becomes of a redemption at the till against the receipt."""
    (kept,) = store.add([operation(f"op_{receipt}", outcome(receipt))])
    return kept.state


def test_capture__done__claims_its_receipt(bookings: Bookings, store: Operations, contract: Contract) -> None:
    (done,) = ask(bookings, served(FIRST))

    assert done.captured is not None
    assert store.claimed({CLAIM}) == {CLAIM}
    assert sold(store) is OperationState.REFUSED
    contract.taken.clear()  # as where the index does not tell of it yet
    with pytest.raises(ReceiptUsed):
        ask(bookings, served(SECOND), "another")
    assert contract.sent == 1
    assert ask(bookings, served(FIRST, TWO), "the rest")


def test_capture__refused__gives_the_receipt_free(bookings: Bookings, store: Operations, contract: Contract) -> None:
    contract.faults.append(refused())

    with pytest.raises(BookingRefused):
        ask(bookings, served(FIRST))

    assert store.claimed({CLAIM}) == set()
    assert sold(store) is OperationState.QUEUED


def test_capture__refused_after_another_of_its_booking__leaves_that_ones_receipt(
    bookings: Bookings, store: Operations
) -> None:
    ask(bookings, served(FIRST))

    with pytest.raises(BookingRefused):
        ask(bookings, served(FIRST), "another")

    assert store.claimed({CLAIM}) == {CLAIM}


@pytest.mark.parametrize("ends", ["done", "refused"])
def test_capture__without_an_answer__keeps_the_claim_until_it_ends(
    bookings: Bookings, store: Operations, contract: Contract, ends: str
) -> None:
    contract.faults.append(ChainUnavailable("no receipt in time"))
    with pytest.raises(ChainUnavailable):
        ask(bookings, served(FIRST))
    assert store.claimed({CLAIM}) == {CLAIM}

    if ends == "done":
        assert ask(bookings, served(FIRST))
    else:
        contract.faults.append(refused())
        with pytest.raises(BookingRefused):
            ask(bookings, served(FIRST))

    assert store.claimed({CLAIM}) == ({CLAIM} if ends == "done" else set())


def test_capture__refused_after_another_of_its_booking_had_no_answer__keeps_that_ones_claim(
    bookings: Bookings, store: Operations, contract: Contract
) -> None:
    contract.faults.append(ChainUnavailable("no receipt in time"))
    with pytest.raises(ChainUnavailable):
        ask(bookings, served(FIRST, ONE), "first")
    contract.faults.append(refused())
    with pytest.raises(BookingRefused):
        ask(bookings, served(FIRST, TWO), "second")

    assert store.claimed({CLAIM}) == {CLAIM}


def test_capture__against_the_receipt_of_a_redemption__is_refused(
    bookings: Bookings, store: Operations, contract: Contract
) -> None:
    assert sold(store) is OperationState.QUEUED

    with pytest.raises(ReceiptUsed):
        ask(bookings, served(FIRST))

    assert contract.sent == 0
    assert store.claimed({CLAIM}) == {CLAIM}


def test_capture__against_a_receipt_captured_through_another_node__is_refused(
    bookings: Bookings, store: Operations, contract: Contract
) -> None:
    contract.taken[SECOND, ONE] = RECEIPT, 500

    with pytest.raises(ReceiptUsed):
        ask(bookings, served(FIRST))

    assert (contract.sent, store.claimed({CLAIM})) == (0, set())


def test_capture__the_same_twice_at_once__tells_both(bookings: Bookings, store: Operations, contract: Contract) -> None:
    told = at_once(*[lambda: ask(bookings, served(FIRST))] * 4)

    assert [[one.captured is not None for one in done.result()] for done in told] == [[True]] * 4
    assert store.claimed({CLAIM}) == {CLAIM}


def test_captures__of_two_bookings_against_one_receipt_at_once__are_one(
    bookings: Bookings, store: Operations, contract: Contract
) -> None:
    both = threading.Barrier(2)

    def first_look() -> None:
        with pytest.raises(threading.BrokenBarrierError):
            both.wait(0.2)  # the other one does not come so far

    contract.before = lambda _: first_look()
    told = at_once(lambda: ask(bookings, served(FIRST), "a"), lambda: ask(bookings, served(SECOND), "b"))

    assert sorted(type(one.exception()).__name__ for one in told) == ["NoneType", "ReceiptUsed"]
    assert contract.sent == 1


def test_capture__refused_beside_another_of_its_booking__leaves_that_ones_receipt(
    bookings: Bookings, store: Operations, contract: Contract
) -> None:
    under_way, later = threading.Event(), threading.Event()

    def hold(capture: Capture) -> None:
        if capture.parts[0].voucher == TWO:
            under_way.set()
            later.wait(0.5)
        else:
            contract.faults.append(refused())

    contract.before = hold

    def bad() -> list[Booking]:
        under_way.wait(5)
        try:
            return ask(bookings, served(FIRST, ONE), "bad")
        finally:
            later.set()

    good, ill = at_once(lambda: ask(bookings, served(FIRST, TWO), "good"), bad)

    assert (good.exception(), type(ill.exception())) == (None, BookingRefused)
    assert store.claimed({CLAIM}) == {CLAIM}


def test_capture__refused_through_another_process__leaves_the_receipt_of_one_under_way(
    bookings: Bookings, store: Operations, contract: Contract
) -> None:
    played: Any = contract
    beside = Bookings(played, played, CaseRequestTable(store.engine), played, store, None)  # takes turns of its own
    claimed, under_way, given_free = threading.Event(), threading.Event(), threading.Event()

    def hold(capture: Capture) -> None:
        if capture.parts[0].voucher == ONE:
            claimed.set()
            under_way.wait(5)
            contract.faults.append(refused())
        else:
            under_way.set()
            given_free.wait(5)

    contract.before = hold

    def bad() -> list[Booking]:
        try:
            return ask(bookings, served(FIRST, ONE), "bad")
        finally:
            given_free.set()

    def good() -> list[Booking]:
        claimed.wait(5)
        return ask(beside, served(FIRST, TWO), "good")

    ill, well = at_once(bad, good)

    assert (type(ill.exception()), well.exception()) == (BookingRefused, None)
    assert store.claimed({CLAIM}) == {CLAIM}


@pytest.mark.parametrize(
    ("kind", "asked", "told"),
    [
        (VoucherKind.FIXED, served(FIRST, receipt=OTHER), False),
        (VoucherKind.STORED, served(FIRST, amount=501), False),
        (VoucherKind.STORED, served(FIRST, amount=500), True),
        (VoucherKind.PERCENTAGE, served(FIRST, amount=501), True),
        (VoucherKind.PERCENTAGE, served(FIRST, amount=499), False),
    ],
)
def test_capture__of_which_another_was_made_meanwhile__is_told_if_it_is_the_same(
    bookings: Bookings, contract: Contract, kind: VoucherKind, asked: Capture, *, told: bool
) -> None:
    contract.kind = kind
    contract.before = lambda _: contract.taken.update({(FIRST, ONE): (RECEIPT, 500)})

    if told:
        assert ask(bookings, asked)
    else:
        with pytest.raises(BookingRefused):
            ask(bookings, asked)
