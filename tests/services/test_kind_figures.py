"""Figures of the record while percentages and stored value are redeemed, taken back, revoked and swept, on a real chain.

├── after each step, and at every block of the past .... every term agrees, from every source; each voucher's state, rest and next
│                                                        sequence are the contract's
├── counts of a batch .................................. are of vouchers, though stored value is redeemed and taken back in parts
├── pages of any size .................................. the same digest
├── the life of one taken back more than a hundred times  counts all of them
└── traces ............................................. tell every redemption and reversal, and hold; tell kind, rest, sequence
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine

from node_api.chain.case_desk import proof
from node_api.chain.keys import KeyRole
from node_api.chain.ledger import Ledger
from node_api.chain.redeem_calls import RedeemCalls
from node_api.chain.rpc_values import Json, data
from node_api.cli.audit_output import Cell
from node_api.cli.audit_sections import trace_sections
from node_api.domain.ids import Address, Amount, BatchId, MerchantId, VoucherId
from node_api.domain.item_words import ItemGroup
from node_api.domain.items import Spend
from node_api.domain.models import VoucherKind, VoucherState
from node_api.domain.standing import state_of
from node_api.domain.trail import BatchCounts
from node_api.services.indexing import compare
from node_api.services.lives import life
from node_api.services.ports.casework import Opening
from node_api.services.reconciling import reconcile
from node_api.services.tracing import trace
from node_api.storage.engine import open_database
from node_api.storage.index import IndexTables
from node_api.storage.migrate import migrate
from node_api.storage.reads import IndexReads
from tests.services.lives import told_the_same
from tests.storage.conftest import indexer_of
from tests.world import BEIJING, CATERING, DAY, ENDS_AT, FACE_A, STARTS_AT, World

WHY = bytes(31) + b"\x01"
PERCENTAGE, STORED = 4, 5  # batches
FIRST = STARTS_AT + 100
AUDITOR_ROLE = 6
WORTH = {"kind", "face value", "at most", "rest", "next sequence"}


class Purses:
    """A world with a batch of each kind, and an index that follows it."""

    def __init__(self, world: World, engine: Engine) -> None:
        self.world, self.engine = world, engine
        self.indexer = indexer_of(world, engine, page=2)
        self.now, self.started = FIRST, 0

    def open(self) -> None:
        terms = [
            (1, 1, kind, FACE_A, 0, rate, CATERING, BEIJING, 1, STARTS_AT, ENDS_AT, 0, 100)
            for kind, rate in ((1, 1_000), (2, 0))
        ]
        self.world.send(KeyRole.TREASURER, "Vouchers", "openBatches", ["a tenth off", "purse"], terms)
        self.world.send(KeyRole.TREASURER, "Vouchers", "issue", [PERCENTAGE, STORED], [1])
        self.started = self.world.head()

    def spend(self, batch: int, holder: int, amount: int, sequence: int = 0, bill: int = 10_000) -> None:
        """At merchant 1, a minute after what was before."""
        self.now += 60
        spends = (Spend(self.world.voucher(batch, 1, holder), Amount(amount), sequence),)
        item = self.world.sign(self.world.holders[holder], spends, 1, self.now, bill)
        self.world.redeem([ItemGroup.of(MerchantId(1), (item,))], self.now)
        self.check()

    def take_back(self, number: int, *, late: bool = False) -> None:
        """By the merchant's key, or by the arbiter once its window is over."""
        with IndexReads(self.engine).at_head() as reader:
            commitment = reader.commitment_of(number)
            assert commitment is not None
            call = reader.redemptions_from(commitment.first_number, commitment.count)
        opening = proof(Opening(commitment.first_number, call, number))
        if late:
            self.world.send(KeyRole.ARBITER, "CaseDesk", "reverseByArbiter", opening, 0, WHY)
        else:
            self.world.send(KeyRole.EMERGENCY, "CaseDesk", "reverse", opening, WHY, 2 * ENDS_AT, b"")
        self.check()

    def revoke(self, voucher: VoucherId) -> None:
        self.now += 60
        self.world.at(self.now)
        self.world.send(KeyRole.AUDITOR, "CaseDesk", "freeze", 1, voucher, self.now + DAY, "suspicion")
        self.world.send(KeyRole.ARBITER, "CaseDesk", "confirm", 1, voucher, "proved")
        self.check()

    def sweep(self, batch: int) -> None:
        self.world.send(KeyRole.TREASURER, "CaseDesk", "sweep", batch, 1)
        self.check()

    def check(self) -> None:
        self.indexer.catch_up()
        with IndexReads(self.engine).at_head() as reader:
            assert reconcile(reader, Ledger(self.world.rpc, self.world.addresses)).differences == []

    def word(self, voucher: VoucherId, block: int) -> int:
        call: Json = {
            "to": self.world.addresses["Vouchers"],
            "data": "0x" + self.world.encode("Vouchers", "storedWord", voucher).hex(),
        }
        return int.from_bytes(data(self.world.rpc.call("eth_call", [call, hex(block)])))

    def vouchers(self) -> list[VoucherId]:
        return [self.world.voucher(batch, 1, place) for batch in (PERCENTAGE, STORED) for place in range(4)]


@pytest.fixture(scope="module")
def purses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Purses]:
    folder: Path = tmp_path_factory.mktemp("purses")
    world = World(folder / "chain").start()
    engine = open_database(f"sqlite:///{folder / 'node.sqlite'}")
    migrate(engine)
    purses = Purses(world, engine)
    try:
        world.fund()
        world.send(KeyRole.ADMIN, "AccessManager", "grantRole", AUDITOR_ROLE, world.roles.address(KeyRole.ARBITER), 0)
        world.issue()
        purses.open()
        purses.spend(PERCENTAGE, 0, FACE_A, bill=30_000)  # redemption 1: 3,000 of 5,000
        purses.spend(PERCENTAGE, 1, FACE_A, bill=90_000)  # 2: the cap
        purses.take_back(1)
        purses.spend(PERCENTAGE, 0, 700)  # 3: what was signed
        purses.spend(STORED, 0, 2_000)  # 4
        purses.spend(STORED, 0, 1_000, 1)  # 5
        purses.take_back(4)
        purses.spend(STORED, 0, 4_000, 2)  # 6: used up
        purses.spend(STORED, 1, 1_500)  # 7
        purses.spend(STORED, 2, 2_500)  # 8
        purses.revoke(world.voucher(STORED, 1, 2))
        purses.take_back(8)  # of a voucher that was revoked meanwhile
        world.at(ENDS_AT)
        purses.sweep(PERCENTAGE)
        purses.sweep(STORED)
        purses.take_back(3, late=True)  # a percentage after its sweep
        purses.take_back(7, late=True)  # a part whose rest was swept
        purses.take_back(5, late=True)  # of one that was used up
        purses.take_back(6, late=True)
        yield purses
    finally:
        engine.dispose()
        world.stop()


def test_reconcile__at_every_block__agrees(purses: Purses) -> None:
    reads, ledger = IndexReads(purses.engine), Ledger(purses.world.rpc, purses.world.addresses)
    for block in range(purses.started, purses.world.head() + 1):
        with reads.at(block) as reader:
            assert reconcile(reader, ledger).differences == [], block


def test_voucher__at_every_block__is_the_contracts(purses: Purses) -> None:
    reads, ledger = IndexReads(purses.engine), Ledger(purses.world.rpc, purses.world.addresses)
    seen: dict[VoucherId, set[VoucherState]] = {voucher: set() for voucher in purses.vouchers()}
    for block in range(purses.started, purses.world.head() + 1):
        with reads.at(block) as reader:
            for voucher, states in seen.items():
                facts = reader.voucher(voucher)
                state, _ = ledger.voucher(voucher, reader.block)
                states.add(state)
                assert (VoucherState.NONE if facts is None else state_of(facts, reader.block.timestamp)) == state
                word = purses.word(voucher, block)
                taken = (0, 0) if facts is None else (facts.taken.spent, facts.taken.sequence)
                assert taken == (word & (1 << 64) - 1, word >> 128), (block, voucher)
    used_up = {VoucherState.LIVE, VoucherState.REDEEMED, VoucherState.EXPIRED}
    assert seen[purses.world.voucher(STORED, 1, 0)] == used_up
    assert seen[purses.world.voucher(STORED, 1, 1)] == used_up - {VoucherState.REDEEMED}


def test_index__by_pages_of_any_size__ends_the_same(purses: Purses, engine: Engine) -> None:
    indexer_of(purses.world, engine, page=7).catch_up()
    assert not compare(IndexTables(purses.engine).digest(), IndexTables(engine).digest())


def test_lives__of_all_vouchers__are_told_the_same_at_the_head(purses: Purses) -> None:
    assert told_the_same(purses.world, purses.engine)


def test_life__of_one_taken_back_often__counts_all_of_it(purses: Purses, tmp_path: Path) -> None:
    voucher, path = purses.world.voucher(STORED, 1, 0), tmp_path / "node.sqlite"
    with closing(
        sqlite3.connect(path)
    ) as copy:  # what it was taken back after its sweep comes behind a hundred other reversals
        with closing(sqlite3.connect(str(purses.engine.url.database))) as original:
            original.backup(copy)
        copy.execute("UPDATE redemptions SET number = number + 1000 WHERE voucher = ? AND number > 4", [voucher])
        copy.execute("UPDATE reversals SET number = number + 1000 WHERE voucher = ? AND swept", [voucher])
        columns = [str(row[1]) for row in copy.execute("PRAGMA table_info(reversals)")]
        values = [{"number": "?", "amount": "0"}.get(name, name) for name in columns]
        row = f"SELECT {', '.join(values)} FROM reversals WHERE voucher = ? AND NOT swept AND number < 900"  # noqa: S608
        copy.executemany(f"INSERT INTO reversals {row}", [(number, voucher) for number in range(900, 1_000)])
        copy.commit()
    calls = RedeemCalls(purses.world.rpc, purses.world.handle.chain_id, Address(purses.world.addresses["Vouchers"]))
    engine = open_database(f"sqlite:///{path}")
    with IndexReads(engine).at_head() as reader:
        assert "expired and swept" not in [step.what for step in life(reader, calls, voucher).steps]
    engine.dispose()


def test_trace__of_each_voucher__is_sound(purses: Purses) -> None:
    left: dict[VoucherId, tuple[VoucherKind, int, int]] = {}

    def steps(voucher: VoucherId) -> list[str]:
        calls = RedeemCalls(purses.world.rpc, purses.world.handle.chain_id, Address(purses.world.addresses["Vouchers"]))
        with IndexReads(purses.engine).at_head() as reader:
            told = trace(reader, Ledger(purses.world.rpc, purses.world.addresses), calls, voucher)
        assert told.sound, told.findings
        left[voucher] = told.kind, told.rest, told.next_sequence
        return [
            step.what for step in told.steps if step.what in {"redeemed", "reversed", "revoked", "expired and swept"}
        ]

    redeemed, back, swept = "redeemed", "reversed", "expired and swept"
    assert steps(purses.world.voucher(PERCENTAGE, 1, 0)) == [redeemed, back, redeemed, swept, back]
    assert steps(purses.world.voucher(STORED, 1, 0)) == [redeemed, redeemed, back, redeemed, back, back]
    assert steps(purses.world.voucher(STORED, 1, 1)) == [redeemed, swept, back]
    assert steps(purses.world.voucher(STORED, 1, 2)) == [redeemed, "revoked", back]
    purse, rate = VoucherKind.STORED, VoucherKind.PERCENTAGE
    assert list(left.values()) == [(rate, FACE_A, 0), (purse, FACE_A, 3), (purse, FACE_A, 1), (purse, FACE_A, 1)]


def test_trace__of_each_kind__says_what_is_left(purses: Purses) -> None:
    def told(batch: int, place: int, block: int) -> dict[Cell, Cell]:
        calls = RedeemCalls(purses.world.rpc, purses.world.handle.chain_id, Address(purses.world.addresses["Vouchers"]))
        ledger, voucher = Ledger(purses.world.rpc, purses.world.addresses), purses.world.voucher(batch, 1, place)
        with IndexReads(purses.engine).at(block) as reader:
            rows = trace_sections(trace(reader, ledger, calls, voucher))[0].rows
        return {str(name): value for name, value in rows if name in WORTH}

    def spent_last(batch: int, place: int) -> int:
        with IndexReads(purses.engine).at_head() as reader:
            return reader.redemptions_of(purses.world.voucher(batch, 1, place))[-1].tx.block.number

    assert told(PERCENTAGE, 1, spent_last(PERCENTAGE, 1)) == {
        "kind": "percentage, 10 % of the bill",
        "at most": FACE_A,
        "rest": 0,
    }
    assert told(STORED, 1, spent_last(STORED, 1)) == {
        "kind": "stored value",
        "face value": FACE_A,
        "rest": 3_500,
        "next sequence": 1,
    }
    assert told(1, 0, purses.started) == {"kind": "fixed value", "face value": FACE_A, "rest": FACE_A}


def test_counts__of_stored_value__are_of_vouchers_not_of_their_parts(purses: Purses) -> None:
    with IndexReads(purses.engine).at_head() as reader:
        counts = reader.batch_counts()
    assert counts is not None
    assert counts[BatchId(STORED)] == BatchCounts(BatchId(STORED), issued=4, used_up=0, swept=3)
    with IndexReads(purses.engine).at(purses.started) as reader:
        assert reader.batch_counts() is None, "the roll-ups are kept as they stand"
