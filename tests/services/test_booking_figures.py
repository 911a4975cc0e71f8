"""Figures of the record while percentages and stored value are booked, captured, released and swept, on a real chain.

├── after each step, and at every block of the past .... every term agrees, from every source; each voucher's state, rest, what is
│                                                        booked of it and its next sequence are the contract's
├── pages of any size .................................. the same digest
├── a rewind to any block .............................. ends as a fresh index
└── traces ............................................. tell every booking and what was captured of it, and hold
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from node_api.chain.eip712 import booking_digest, sign
from node_api.chain.keys import KeyRole
from node_api.chain.ledger import Ledger
from node_api.chain.redeem_calls import RedeemCalls
from node_api.domain.ids import Address, Amount, Hash, MerchantId, UnixSeconds, VoucherId
from node_api.domain.items import Spend
from node_api.domain.models import VoucherState
from node_api.domain.reservations import Reservation
from node_api.domain.standing import state_of
from node_api.services.indexing import compare
from node_api.services.reconciling import reconcile
from node_api.services.tracing import trace
from node_api.storage.engine import open_database
from node_api.storage.index import IndexTables
from node_api.storage.migrate import migrate
from node_api.storage.reads import IndexReads
from tests.services.lives import told_the_same
from tests.services.test_kind_figures import PERCENTAGE, STORED, Purses
from tests.storage.conftest import indexer_of
from tests.world import ENDS_AT, FACE_A, World

FIXED = 1
SERVICE, RECEIPT = Hash("0x" + "5e" * 32), bytes(31) + b"\x02"
FAR = 2 * ENDS_AT


class Hotel(Purses):
    """The purses' world, where their vouchers are booked too, at merchant 1."""

    def book(self, batch: int, holder: int, amount: int, sequence: int = 0) -> bytes:
        """Until the end of the validity; returns what names the booking."""
        self.now += 60
        self.world.at(self.now)
        spends = (Spend(self.world.voucher(batch, 1, holder), Amount(amount), sequence),)
        deadline = UnixSeconds(self.now + 600)
        wish = Reservation(spends, MerchantId(1), SERVICE, 0, UnixSeconds(ENDS_AT), deadline)
        digest = booking_digest(self.world.domain, wish)
        signature = sign(self.world.holders[holder], digest)
        entry = ([(spends[0].voucher, amount, sequence)], ENDS_AT, bytes.fromhex(SERVICE[2:]), 0, deadline, signature)
        self.world.send(KeyRole.OPERATOR, "Vouchers", "book", [(1, [entry])], [])
        self.check()
        return digest

    def serve(self, booking: bytes, batch: int, holder: int, amount: int, bill: int = 10_000) -> None:
        """By the merchant's key."""
        parts = [(self.world.voucher(batch, 1, holder), amount)]
        self.world.send(KeyRole.EMERGENCY, "Vouchers", "capture", (booking, parts, bill, RECEIPT, FAR, b""))
        self.check()

    def free(self, booking: bytes, batch: int, holder: int) -> None:
        """By the merchant's key; once the booking has lapsed, by anybody."""
        sent = [self.world.voucher(batch, 1, holder)], FAR, b""
        self.world.send(KeyRole.EMERGENCY, "Vouchers", "release", booking, *sent)
        self.check()

    def vouchers(self) -> list[VoucherId]:
        return [self.world.voucher(batch, 1, place) for batch in (FIXED, PERCENTAGE, STORED) for place in range(4)]


@pytest.fixture(scope="module")
def hotel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hotel]:
    folder: Path = tmp_path_factory.mktemp("hotel")
    world = World(folder / "chain").start()
    engine = open_database(f"sqlite:///{folder / 'node.sqlite'}")
    migrate(engine)
    hotel = Hotel(world, engine)
    try:
        world.fund()
        world.issue()
        hotel.open()
        _live_through(hotel)
        yield hotel
    finally:
        engine.dispose()
        world.stop()


def _live_through(hotel: Hotel) -> None:
    whole = hotel.book(FIXED, 0, FACE_A)
    late = hotel.book(PERCENTAGE, 0, 700)
    hotel.serve(hotel.book(PERCENTAGE, 1, FACE_A), PERCENTAGE, 1, FACE_A, bill=30_000)  # redemption 1: 3,000 of 5,000
    hotel.take_back(1)
    hotel.serve(hotel.book(PERCENTAGE, 1, 4_000), PERCENTAGE, 1, 4_000, bill=20_000)  # 2: 2,000
    hotel.spend(STORED, 0, 1_000)  # 3
    first, second = hotel.book(STORED, 0, 2_000, 1), hotel.book(STORED, 0, 500, 2)
    hotel.spend(STORED, 0, 1_500, 3)  # 4: nothing but bookings is left
    hotel.serve(first, STORED, 0, 1_200)  # 5: 800 are free again
    hotel.take_back(3)
    third = hotel.book(STORED, 0, 300, 4)
    hotel.serve(hotel.book(STORED, 1, FACE_A), STORED, 1, FACE_A)  # 6: used up
    hotel.free(hotel.book(STORED, 2, 400), STORED, 2)
    hotel.world.at(ENDS_AT)
    for batch in (FIXED, PERCENTAGE, STORED):
        hotel.sweep(batch)
    hotel.free(second, STORED, 0)
    hotel.take_back(6, late=True)
    hotel.free(third, STORED, 0)  # the last of that voucher: it counts as swept now
    hotel.take_back(5, late=True)
    hotel.free(whole, FIXED, 0)
    hotel.free(late, PERCENTAGE, 0)


def test_reconcile__at_every_block__agrees(hotel: Hotel) -> None:
    reads, ledger = IndexReads(hotel.engine), Ledger(hotel.world.rpc, hotel.world.addresses)
    for block in range(hotel.started, hotel.world.head() + 1):
        with reads.at(block) as reader:
            assert reconcile(reader, ledger).differences == [], block


def test_voucher__at_every_block__is_the_contracts(hotel: Hotel) -> None:
    reads, ledger = IndexReads(hotel.engine), Ledger(hotel.world.rpc, hotel.world.addresses)
    seen: dict[VoucherId, set[VoucherState]] = {voucher: set() for voucher in hotel.vouchers()}
    for block in range(hotel.started, hotel.world.head() + 1):
        with reads.at(block) as reader:
            for voucher, states in seen.items():
                facts = reader.voucher(voucher)
                assert facts is not None
                state, _ = ledger.voucher(voucher, reader.block)
                states.add(state)
                assert state_of(facts, reader.block.timestamp) == state, (block, voucher)
                word, mask, taken = hotel.word(voucher, block), (1 << 64) - 1, facts.taken
                expected = (word & mask, word >> 64 & mask, word >> 128)
                assert (taken.spent, taken.booked, taken.sequence) == expected, (block, voucher)
    booked = {VoucherState.LIVE, VoucherState.BOOKED, VoucherState.EXPIRED}
    assert seen[hotel.world.voucher(FIXED, 1, 0)] == seen[hotel.world.voucher(PERCENTAGE, 1, 0)] == booked
    assert seen[hotel.world.voucher(STORED, 1, 0)] == booked
    assert seen[hotel.world.voucher(STORED, 1, 1)] == booked | {VoucherState.REDEEMED}


def test_index__by_pages_of_any_size__ends_the_same(hotel: Hotel, engine: Engine) -> None:
    indexer_of(hotel.world, engine, page=7).catch_up()
    assert not compare(IndexTables(hotel.engine).digest(), IndexTables(engine).digest())


def test_index__rewound_to_any_block__ends_the_same(hotel: Hotel, engine: Engine) -> None:
    indexer = indexer_of(hotel.world, engine, page=50)
    indexer.catch_up()
    tables = IndexTables(engine)
    head = tables.checkpoint()
    assert head is not None
    for block in range(head.number - 1, hotel.started, -3):
        tables.rewind(block, head)
        indexer.catch_up()
        assert not compare(IndexTables(hotel.engine).digest(), tables.digest()), block


def test_lives__of_all_vouchers__are_told_the_same_at_the_head(hotel: Hotel) -> None:
    assert told_the_same(hotel.world, hotel.engine)


def test_trace__of_each_voucher__is_sound(hotel: Hotel) -> None:
    told = {"redeemed", "reversed", "booked", "booking released", "expired and swept"}

    captured: list[tuple[str, str]] = []

    def steps(voucher: VoucherId) -> list[str]:
        calls = RedeemCalls(hotel.world.rpc, hotel.world.handle.chain_id, Address(hotel.world.addresses["Vouchers"]))
        with IndexReads(hotel.engine).at_head() as reader:
            found = trace(reader, Ledger(hotel.world.rpc, hotel.world.addresses), calls, voucher)
        assert found.sound, found.findings
        details = [step.details for step in found.steps if step.what == "redeemed"]
        captured.extend((one["amount"], one["booked"]) for one in details if "booked" in one)
        return [step.what for step in found.steps if step.what in told]

    redeemed, back, booked, freed, swept = "redeemed", "reversed", "booked", "booking released", "expired and swept"
    assert steps(hotel.world.voucher(PERCENTAGE, 1, 0)) == [booked, freed]
    assert steps(hotel.world.voucher(PERCENTAGE, 1, 1)) == [booked, redeemed, back, booked, redeemed, swept]
    assert steps(hotel.world.voucher(STORED, 1, 0)) == [
        *(redeemed, booked, booked, redeemed, redeemed, back, booked, swept, freed, freed, back)
    ]
    assert steps(hotel.world.voucher(STORED, 1, 1)) == [booked, redeemed, back]
    assert steps(hotel.world.voucher(STORED, 1, 2)) == [booked, freed, swept]
    assert captured == [("3000", "5000"), ("2000", "4000"), ("1200", "2000"), ("5000", "5000")]
