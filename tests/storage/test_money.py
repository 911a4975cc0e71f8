"""Settlement runs, moves of budget and merchants' changes, read as of a block.

a world whose merchants and budgets change
├── at every block ........ the identity holds, roll-ups and facts agree, the index agrees with the chain's words
├── budgets ............... moves counted in, the money that went along, who decided
├── what was paid of a day  counted from that day's redemptions alone
├── redemptions ........... of a merchant: a page reads the rows of its own
├── runs .................. entries in their order, paid, skipped with the reason, or open
├── payments .............. of the days asked for
├── merchants ............. terms, payout account and status of each block; limits move with a replaced terminal
└── rewound ............... as if the moves had not been
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from eth_utils.crypto import keccak
from sqlalchemy import Engine

from node_api.chain.keys import KeyRole
from node_api.chain.ledger import Ledger
from node_api.domain.ids import Address, Day, MerchantId, ProgrammeId
from node_api.domain.models import MerchantStatus
from node_api.domain.settlement import EntryState, MoveState
from node_api.services.reconciling import reconcile
from node_api.storage.engine import open_database, reading
from node_api.storage.index import IndexTables
from node_api.storage.migrate import migrate
from node_api.storage.reads import IndexReads
from node_api.storage.settled import settled_counts
from tests import changes
from tests.storage.conftest import MakeDatabase, indexer_of
from tests.storage.test_by_keys import plan, statements
from tests.world import CATERING, FACE_A, FACE_B, STARTS_AT, World

FIRST, SECOND = MerchantId(1), MerchantId(2)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The changed world: nobody may add to it."""
    world = World(tmp_path_factory.mktemp("changed") / "chain").start()
    yield changes.changed(world)
    world.stop()


@pytest.fixture(scope="module")
def engine(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    path: Path = tmp_path_factory.mktemp("index") / "node.sqlite"
    engine = open_database(f"sqlite:///{path}")
    migrate(engine)
    indexer_of(world, engine).catch_up()
    yield engine
    engine.dispose()


def selector(error: str) -> str:
    return "0x" + keccak(text=error)[:4].hex()


def test_reader__at_every_block__holds_the_identity(world: World, engine: Engine) -> None:
    for number in range(world.deployment.first_block, world.head() + 1):
        with IndexReads(engine).at(number) as reader:
            for line in reader.lines():
                parts = line.available + line.committed + line.payable + line.settled + line.returned
                assert line.deposited == parts
                assert line.deposited <= line.budget


def test_paid__of_a_merchants_day__is_counted_from_that_day_alone(engine: Engine) -> None:
    with reading(engine) as connection, statements(engine) as said:
        paid = settled_counts(connection)
        assert paid
        for day, count in paid.items():
            said.clear()
            assert settled_counts(connection, days={day}) == {day: count}
            asked = list(said)
            (counting,) = [one for one in asked if "count(" in one[0]]
            assert "USING INDEX ix_redemptions_merchant_day (merchant=? AND day=?)" in str(plan(connection, *counting))
            steps = [str(step[3]) for one in asked for step in plan(connection, *one)]
            tables = ("payments", "redemptions", "reversals", "disputes", "opened", "found")
            assert [step for step in steps if step.startswith(tuple(f"SCAN {name}" for name in tables))] == []


def test_redemptions__of_a_merchant__are_put_together_for_their_page_alone(engine: Engine) -> None:
    with IndexReads(engine).at_head() as reader, statements(engine) as said:
        (found,) = reader.redemptions(merchant=FIRST, limit=1)
        asked = [one for one in said if "redemptions" in one[0]]
        assert next(done.number for done in reader.redemptions(merchant=FIRST)) == found.number
    with reading(engine) as connection:
        steps = [str(step[3]) for one in asked for step in plan(connection, *one)]
    assert any("COVERING INDEX ix_redemptions_merchant_day (merchant=?)" in step for step in steps), steps
    assert any("SEARCH redemptions USING INTEGER PRIMARY KEY (rowid=?)" in step for step in steps), steps


def test_reconcile__after_moves_and_skips__finds_everything_equal(world: World, engine: Engine) -> None:
    with IndexReads(engine).at_head() as reader:
        outcome = reconcile(reader, Ledger(world.rpc, world.addresses))
        assert outcome.differences == []
        assert reader.line_sums() == reader.line_sums_from_facts()


def test_budget_moves__approved_and_withdrawn__say_what_went_and_who_decided(world: World, engine: Engine) -> None:
    with IndexReads(engine).at_head() as reader:
        moves = reader.budget_moves(ProgrammeId(1))
        # 600,000 were deposited, six vouchers of 5,000 issued: 570,000 were there for both moves
        assert [(move.number, move.state, move.amount, move.money) for move in moves] == [
            (1, MoveState.APPROVED, changes.MOVED, 500_000),
            (2, MoveState.APPROVED, changes.MOVED_LATER, 70_000),
            (3, MoveState.WITHDRAWN, 1, 0),
        ]
        assert {move.proposer for move in moves} == {world.roles.address(KeyRole.TREASURER).lower()}
        assert moves[0].decided_by == world.roles.address(KeyRole.APPROVER).lower()
        assert reader.budget_moves(ProgrammeId(2)) == []
        assert reader.budget_of(changes.FIRST_LINE) == 1_000_000 - changes.MOVED - changes.MOVED_LATER
        assert reader.budget_of(changes.SECOND_LINE) == 1_000_000 + changes.MOVED + changes.MOVED_LATER
        first, second = reader.line(changes.FIRST_LINE), reader.line(changes.SECOND_LINE)
        assert first is not None
        assert second is not None
        assert (first.deposited, first.available) == (30_000, 0)
        assert second.deposited == 1_170_000
    with IndexReads(engine).at(moves[0].proposed.block.number) as reader:
        assert [move.state for move in reader.budget_moves()] == [MoveState.PROPOSED]
        assert reader.budget_of(changes.FIRST_LINE) == 1_000_000


def test_settlement_runs__with_skips__tell_every_entry(world: World, engine: Engine) -> None:
    with IndexReads(engine).at_head() as reader:
        first, second = reader.settlement_runs()
        assert reader.settlement_run(1) == first
        assert reader.settlement_run(3) is None
        assert reader.settlement_runs(limit=1) == [first]
        assert reader.settlement_runs(limit=1, after=1) == reader.settlement_runs(after=1) == [second]
        assert reader.settlement_runs(limit=1, after=2) == []
    assert [(entry.merchant, entry.amount, entry.state, entry.reason) for entry in first.entries] == [
        (1, FACE_A, EntryState.PAID, None),
        (
            1,
            FACE_B + 1,
            EntryState.SKIPPED,
            selector("Treasury_AmountDiffers(uint256,uint256,uint256,uint256,uint256)"),
        ),
        (2, FACE_A, EntryState.PAID, None),
        (1, 7, EntryState.SKIPPED, selector("Treasury_NothingPayable(uint256,uint256,uint256)")),
    ]
    assert first.entries[0].account == changes.NEW_PAYOUT
    assert first.paid == 2 * FACE_A
    assert first.totals.amount == 2 * FACE_A + FACE_B + 8
    assert first.totals.by_merchant == {1: FACE_A + FACE_B + 8, 2: FACE_A}
    assert first.totals.by_line == {changes.FIRST_LINE: 2 * FACE_A + 7, changes.SECOND_LINE: FACE_B + 1}
    assert (second.released, [entry.state for entry in second.entries]) == (None, [EntryState.OPEN])


def test_payments__of_a_period__are_those_of_its_days(engine: Engine) -> None:
    with IndexReads(engine).at_head() as reader:
        (paid,) = reader.payments(FIRST)
        after = Day(paid.day + 1)
        assert reader.payments(FIRST, from_day=paid.day, until_day=after) == [paid]
        assert reader.payments(FIRST, from_day=after) == reader.payments(FIRST, until_day=paid.day) == []


def test_merchant__changed__is_as_of_each_block(world: World, engine: Engine) -> None:
    with IndexReads(engine).at_head() as reader:
        merchant = reader.merchant(FIRST)
        assert merchant is not None
        assert (merchant.categories, merchant.region) == (CATERING, changes.REGION)
        assert merchant.payout == changes.NEW_PAYOUT
        assert [one.status for one in reader.merchants()] == [
            MerchantStatus.ACTIVE,
            MerchantStatus.REMOVED,
            MerchantStatus.REMOVED,
        ]
        assert reader.merchant_by_ref("shop-1") == merchant
        assert [(step.name, step.region) for step in reader.terms_steps(FIRST)] == [
            ("proposed", changes.REGION),
            ("changed", changes.REGION),
        ]
        names = [(change.name, change.reason) for change in reader.payout_changes(FIRST)]
        assert names == [("proposed", ""), ("withdrawn", "a forged letter"), ("proposed", ""), ("changed", "")]
        proposed = reader.payout_changes(FIRST)[2]
        assert proposed.ripe_at == proposed.tx.block.timestamp + 3 * 86_400
        assert [(step.name, step.reason) for step in reader.merchant_steps(SECOND)][-2:] == [
            ("removal-proposed", "closed"),
            ("removed", "shop closed"),
        ]
        changed_at = reader.terms_steps(FIRST)[1].tx.block.number
    with IndexReads(engine).at(changed_at - 1) as reader:
        before = reader.merchant(FIRST)
        assert before is not None
        assert before.region != changes.REGION
        assert before.payout == world.roles.address(KeyRole.ARBITER).lower()


def test_accounts__of_a_removed_merchant_and_a_replaced_terminal(world: World, engine: Engine) -> None:
    key, old = Address(world.roles.address(KeyRole.ARBITER)), world.address_of(world.terminal)
    with IndexReads(engine).at_head() as reader:
        assert reader.merchant_of_key(key) is None
        assert reader.terminal_merchant(old) is None
        assert reader.terminal_merchant(changes.NEW_TERMINAL) == FIRST
        assert reader.terminal_limit(changes.NEW_TERMINAL) == changes.LIMIT
        assert reader.terminal_limit(old) == 0
        facts = {fact.account: (fact.kind, fact.daily_limit) for fact in reader.merchant_accounts(FIRST)}
        assert facts[changes.NEW_TERMINAL] == ("terminal", changes.LIMIT)
        changed_at = reader.terms_steps(FIRST)[1].tx.block.number
    with IndexReads(engine).at(changed_at + 1) as reader:
        assert reader.terminal_limit(old) == changes.LIMIT


def test_rewind__behind_the_moves__leaves_no_trace_of_them(world: World, make_database: MakeDatabase) -> None:
    engine = make_database()
    indexer_of(world, engine).catch_up()
    tables = IndexTables(engine)
    with IndexReads(engine).at_head() as reader:
        before_moves = reader.budget_moves()[0].proposed.block.number - 1
        digest = tables.digest()
    seen, then = tables.checkpoint(), tables.header(before_moves)
    assert seen is not None
    assert then is not None
    tables.rewind(before_moves, seen)
    with IndexReads(engine).at_head() as reader:
        assert reader.budget_moves() == []
        assert reader.line_sums() == reader.line_sums_from_facts()
        line = reader.line(changes.FIRST_LINE)
        assert line is not None
        assert (line.budget, line.deposited) == (1_000_000, 600_000)
        assert reader.block.timestamp > STARTS_AT
    indexer_of(world, engine).catch_up()
    assert tables.digest() == digest
