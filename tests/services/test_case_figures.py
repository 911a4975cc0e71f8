"""Figures of the record while redemptions are taken back and disputed, on a real chain.

One merchant's days under one budget line: a reversal in time, a dispute that outlasts the day's payment and is then paid, a paid
redemption reversed at a later day's cost, a voucher reversed after its pair was swept.
├── after each step, and at every block of the past .... every term agrees, from every source
├── pages of any size .................................. the same digest
├── a rewind to any block .............................. ends as a fresh index
├── traces ............................................. tell who took it back, who decided, and which payment paid it
└── a merchant's report ................................ sums up all that was reversed and refused, more than it lists
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert, select

from node_api.chain.case_desk import proof
from node_api.chain.keys import KeyRole
from node_api.chain.ledger import Ledger
from node_api.chain.redeem_calls import RedeemCalls
from node_api.cli.audit_sections import merchant_sections
from node_api.domain.ids import Address, MerchantId, VoucherId, line_id
from node_api.domain.item_words import ItemGroup
from node_api.domain.models import VoucherState
from node_api.domain.tracing import VoucherTrace
from node_api.services.auditing import merchant_report
from node_api.services.indexing import compare
from node_api.services.ports.casework import Opening
from node_api.services.reconciling import reconcile
from node_api.services.tracing import trace
from node_api.storage import tables as t
from node_api.storage.engine import open_database
from node_api.storage.index import IndexTables
from node_api.storage.migrate import migrate
from node_api.storage.reads import IndexReads
from tests.services.lives import told_the_same
from tests.storage.conftest import indexer_of
from tests.world import DAY, ENDS_AT, FACE_A, STARTS_AT, World

WHY = bytes(31) + b"\x01"
FAR = 2 * ENDS_AT
FIRST, LATER = STARTS_AT + 100, STARTS_AT + 6 * DAY


class Court:
    """A world with an index that follows it."""

    def __init__(self, world: World, engine: Engine) -> None:
        self.world, self.engine = world, engine
        self.indexer = indexer_of(world, engine, page=2)

    def sell(self, holders: list[int], now: int) -> None:
        items = tuple(self.world.item(holder, [(1, 1)], 1, now) for holder in holders)
        self.world.redeem([ItemGroup.of(items[0].merchant, items)], now)

    def opening(self, number: int) -> tuple[object, ...]:
        self.indexer.catch_up()
        with IndexReads(self.engine).at_head() as reader:
            commitment = reader.commitment_of(number)
            assert commitment is not None
            call = reader.redemptions_from(commitment.first_number, commitment.count)
        return proof(Opening(commitment.first_number, call, number))

    def say(self, function: str, number: int, now: int) -> None:
        """By the merchant's own key."""
        opening = self.opening(number)
        self.world.at(now)
        self.world.send(KeyRole.EMERGENCY, "CaseDesk", function, opening, WHY, FAR, b"")

    def settle(self, run: int, day: int, now: int, amount: int) -> None:
        entries = [(line_id(1, 1), 1, self.world.day(day), amount)]  # type: ignore[arg-type]
        self.world.at(now)
        self.world.send(KeyRole.TREASURER, "Treasury", "prepareSettlement", entries)
        self.world.send(KeyRole.APPROVER, "Treasury", "releaseSettlement", run, entries)

    def check(self) -> None:
        self.indexer.catch_up()
        with IndexReads(self.engine).at_head() as reader:
            assert reconcile(reader, Ledger(self.world.rpc, self.world.addresses)).differences == []

    def trace(self, place: int) -> VoucherTrace:
        vouchers = Address(self.world.addresses["Vouchers"])
        calls = RedeemCalls(self.world.rpc, self.world.handle.chain_id, vouchers)
        with IndexReads(self.engine).at_head() as reader:
            ledger = Ledger(self.world.rpc, self.world.addresses)
            return trace(reader, ledger, calls, VoucherId(self.world.voucher(1, 1, place)))


@pytest.fixture(scope="module")
def court(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Court]:
    folder: Path = tmp_path_factory.mktemp("court")
    world = World(folder / "chain").start()
    engine = open_database(f"sqlite:///{folder / 'node.sqlite'}")
    migrate(engine)
    court = Court(world, engine)
    world.fund()
    world.issue()
    court.sell([0, 1, 2], FIRST)
    court.say("reverse", 2, FIRST + 60)
    court.check()
    court.say("dispute", 3, FIRST + 120)
    court.check()
    court.settle(1, FIRST, LATER - DAY, FACE_A)
    court.check()
    world.send(KeyRole.ARBITER, "CaseDesk", "decide", 1, True, WHY)
    court.check()
    court.settle(2, FIRST, LATER - 100, FACE_A)
    court.check()
    court.sell([1], LATER)
    opening = court.opening(1)
    world.send(KeyRole.ARBITER, "CaseDesk", "reverseByArbiter", opening, world.day(LATER), WHY)
    court.check()
    court.sell([3], ENDS_AT - 10)
    world.at(ENDS_AT)
    world.send(KeyRole.TREASURER, "CaseDesk", "sweep", 1, 1)
    court.check()
    court.say("reverse", 5, ENDS_AT + 60)
    court.check()
    yield court
    engine.dispose()
    world.stop()


def test_figures__of_the_whole_story__are_those_of_the_ledger(court: Court) -> None:
    with IndexReads(court.engine).at_head() as reader:
        sums = reader.line_sums()[line_id(1, 1)]  # type: ignore[arg-type]
        days = {day.day: day for day in reader.merchant_days()}
    assert (sums.redeemed, sums.redeemed_count) == (2 * FACE_A, 2)  # places 1 and 2 stand
    assert (sums.settled, sums.settled_count, sums.payable) == (2 * FACE_A, 2, 0)
    first = days[court.world.day(FIRST)]  # type: ignore[index]
    assert (first.redeemed, first.settled, first.settled_count, first.disputed) == (2 * FACE_A, 2 * FACE_A, 2, 0)
    assert court.world.day(LATER) not in days  # its money paid for the reversal of the first day's


def test_figures__at_every_block__agree(court: Court) -> None:
    with IndexReads(court.engine).at_head() as reader:
        head = reader.block.number
    ledger = Ledger(court.world.rpc, court.world.addresses)
    for block in range(head - 22, head + 1):
        with IndexReads(court.engine).at(block) as reader:
            outcome = reconcile(reader, ledger)
            assert outcome.differences == [], block
            if block == head:
                reader._at_head = False  # the same block, asked as if it were an older one
                days = reader.merchant_days()
                reader._at_head = True
                assert days == reader.merchant_days()


@pytest.mark.parametrize("page", [1, 3, 500])
def test_index__by_pages_of_any_size__is_the_same(court: Court, tmp_path: Path, page: int) -> None:
    other = open_database(f"sqlite:///{tmp_path / 'other.sqlite'}")
    migrate(other)
    indexer_of(court.world, other, page=page).catch_up()
    assert not compare(IndexTables(court.engine).digest(), IndexTables(other).digest())
    other.dispose()


def test_index__rewound_to_any_block__ends_as_a_fresh_one(court: Court, tmp_path: Path) -> None:
    other = open_database(f"sqlite:///{tmp_path / 'other.sqlite'}")
    migrate(other)
    indexer_of(court.world, other).catch_up()
    wanted, tables = IndexTables(court.engine).digest(), IndexTables(other)
    head = tables.checkpoint()
    assert head is not None
    for back in range(1, 24):
        tables.rewind(head.number - back, head)
        short = open_database(f"sqlite:///{tmp_path / f'short-{back}.sqlite'}")
        migrate(short)
        indexer_of(court.world, short).catch_up(head.number - back)
        assert not compare(IndexTables(short).digest(), tables.digest()), back
        short.dispose()
        indexer_of(court.world, other).catch_up()
        assert not compare(wanted, tables.digest()), back
    other.dispose()


def test_lives__of_all_vouchers__are_told_the_same_at_the_head(court: Court) -> None:
    assert told_the_same(court.world, court.engine)


def test_trace__of_each_voucher__tells_its_cases(court: Court) -> None:
    def steps(place: int) -> list[str]:
        told = court.trace(place)
        assert told.sound, told.findings
        return [
            step.what for step in told.steps if step.what not in {"issued", "roll written"} and "pro" not in step.what
        ][1:]

    assert steps(0) == ["redeemed", "merchant paid", "reversed", "expired and swept"]
    assert steps(1) == ["redeemed", "reversed", "redeemed"]
    assert steps(2) == ["redeemed", "disputed", "dispute decided", "merchant paid"]
    assert steps(3) == ["redeemed", "reversed"]
    assert court.trace(0).state is VoucherState.EXPIRED
    assert court.trace(1).state is VoucherState.REDEEMED
    assert court.trace(3).state is VoucherState.EXPIRED
    paid = next(step for step in court.trace(2).steps if step.what == "merchant paid")
    assert paid.details["run"] == "2"


def test_report__of_a_merchant_with_thousands_of_reversals_and_refusals__counts_them_all(
    court: Court, engine: Engine
) -> None:
    indexer_of(court.world, engine).catch_up()
    with engine.begin() as connection:
        of = t.transactions.c
        block, tx_index = connection.execute(select(of.block, of.tx_index).limit(1)).one()
        where = {"block": block, "tx_index": tx_index}
        said = {"digest": bytes(32), "actor": bytes(20), "reason": WHY, "live": True, "swept": False}
        back = {"voucher": 1, "merchant": 2, "line": line_id(1, 1), "day": 1, "amount": 7, **said, **where}  # type: ignore[arg-type]
        refused = {"voucher": 1, "merchant": 2, "reason": bytes(4), "digest": bytes(32), **where}
        numbers = range(1_000, 3_500)
        connection.execute(insert(t.reversals), [{**back, "number": one, "log_index": one} for one in numbers])
        connection.execute(insert(t.chain_refusals), [{**refused, "log_index": 10_000 + one} for one in numbers])

    with IndexReads(engine).at_head() as reader:
        merchant = reader.merchant(MerchantId(2))
        assert merchant is not None
        report, sums = merchant_report(reader, merchant), reader.reversed_sum(merchant.id)

    told = {row[0]: row[1] for row in merchant_sections(report)[0].rows}
    assert sums == (2_500 * 7, 2_500)
    assert (told["reversed"], told["refused on chain"]) == (2_500 * 7, 2_500)
    assert (report.reversed, report.reversed_count, report.refused) == (2_500 * 7, 2_500, 2_500)
