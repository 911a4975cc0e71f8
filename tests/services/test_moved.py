"""Vouchers passed on and places given to others, as the record tells them, on a real chain.

A voucher passed on, spent by its new holder, taken back, passed on again; another that comes back; a place given to somebody,
with the vouchers of a later issue; a proposal taken back.
├── after each step, and at every block of the past .... index and contract agree, holders included
├── lists of holders ................................... what they have now, and had then, in pages, on every database
├── redemptions ........................................ name who held the voucher then
├── a rewind to any block .............................. ends as a fresh index
├── traces ............................................. tell every step, name both holders, and are sound
│   └── in pages of one .................................. tell the same
└── a transfer or reassignment the index has wrong ..... is named by the reconciliation
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from coincurve import PrivateKey
from sqlalchemy import Engine, delete, update

from node_api.chain.keys import KeyRole
from node_api.chain.ledger import Ledger
from node_api.chain.redeem_calls import RedeemCalls
from node_api.domain.ids import Address, Amount, ProgrammeId, VoucherId
from node_api.domain.item_words import ItemGroup
from node_api.domain.items import Spend
from node_api.domain.tracing import VoucherTrace
from node_api.services import pages
from node_api.services.indexing import compare
from node_api.services.reconciling import reconcile
from node_api.services.tracing import trace
from node_api.storage import tables as t
from node_api.storage.engine import open_database
from node_api.storage.index import IndexTables
from node_api.storage.migrate import migrate
from node_api.storage.reads import IndexReads
from tests.services.lives import told_the_same
from tests.services.test_case_figures import FAR, WHY
from tests.storage.conftest import MakeDatabase, indexer_of
from tests.world import DAY, FACE_A, FACE_B, STARTS_AT, TRANSFERABLE, World

FIRST = STARTS_AT + 100
GIVEN_AT = STARTS_AT + 8 * DAY


class Fair:
    """A world whose vouchers may be passed on, with an index that follows it, and somebody who stands in no roll."""

    def __init__(self, world: World, engine: Engine) -> None:
        self.world, self.engine = world, engine
        self.indexer = indexer_of(world, engine, page=2)
        self.friend = PrivateKey()
        world.holders.append(self.friend)  # number 4
        self.address = Address(world.address_of(self.friend).lower())

    def voucher(self, place: int, batch: int = 1, roll: int = 1) -> VoucherId:
        return self.world.voucher(batch, roll, place)

    def buy(self, voucher: VoucherId, key: PrivateKey, now: int) -> None:
        item = self.world.sign(key, (Spend(voucher, Amount(FACE_A)),), 1, now)
        self.world.redeem([ItemGroup.of(item.merchant, (item,))], now)

    def check(self) -> None:
        self.indexer.catch_up()
        with IndexReads(self.engine).at_head() as reader:
            assert reconcile(reader, Ledger(self.world.rpc, self.world.addresses)).differences == []

    def trace(self, voucher: VoucherId) -> VoucherTrace:
        vouchers = Address(self.world.addresses["Vouchers"])
        calls = RedeemCalls(self.world.rpc, self.world.handle.chain_id, vouchers)
        with IndexReads(self.engine).at_head() as reader:
            return trace(reader, Ledger(self.world.rpc, self.world.addresses), calls, voucher)

    def has(self, holder: Address, **query: int) -> list[int]:
        with IndexReads(self.engine).at_head() as reader:
            return [int(facts.voucher) for facts in reader.vouchers_of(holder, **query)]  # type: ignore[arg-type]


def reverse(fair: Fair) -> None:
    """The friend's redemption, number 1 of its call, by the merchant's key."""
    world = fair.world
    fair.indexer.catch_up()
    with IndexReads(fair.engine).at_head() as reader:
        (done,) = reader.redemptions_from(1, 1)
    leaf = (bytes.fromhex(done.digest[2:]), done.voucher, done.amount, 1, "0x" + "0" * 40, done.tx.block.timestamp, 1)
    world.send(KeyRole.EMERGENCY, "CaseDesk", "reverse", (1, leaf, [], []), WHY, FAR, b"")


@pytest.fixture(scope="module")
def fair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fair]:
    folder: Path = tmp_path_factory.mktemp("fair")
    world = World(folder / "chain").start()
    engine = open_database(f"sqlite:///{folder / 'node.sqlite'}")
    migrate(engine)
    fair = Fair(world, engine)
    world.fund(flags=TRANSFERABLE)
    world.issue()
    second = Address(world.holder_addresses[1])
    world.transfer(fair.voucher(0), 0, fair.address)
    fair.check()
    fair.buy(fair.voucher(0), fair.friend, FIRST)
    fair.check()
    reverse(fair)
    fair.check()
    world.transfer(fair.voucher(0), 4, second)
    world.transfer(fair.voucher(2), 2, fair.address)
    world.transfer(fair.voucher(2), 4, Address(world.holder_addresses[2]))
    fair.check()
    fair.buy(fair.voucher(0), world.holders[1], FIRST + 60)
    world.send(KeyRole.REGISTRAR, "CaseDesk", "proposeReassignment", 1, 1, fair.address, "a slip of the pen")
    world.send(KeyRole.REGISTRAR, "CaseDesk", "withdrawReassignment", 1, 1, "not this one")
    world.reassign(1, 3, fair.address, GIVEN_AT)
    fair.check()
    terms = (1, 1, 0, FACE_B, 0, 0, 1 << 3, 0x1100000002, 1, STARTS_AT, STARTS_AT + 20 * DAY, 0, 10)
    world.send(KeyRole.TREASURER, "Vouchers", "openBatches", ["late"], [terms])
    world.send(KeyRole.TREASURER, "Vouchers", "issue", [4], [1])
    fair.check()
    yield fair
    engine.dispose()
    world.stop()


def test_reconcile__at_every_block__agrees(fair: Fair) -> None:
    with IndexReads(fair.engine).at_head() as reader:
        head = reader.block.number
    ledger = Ledger(fair.world.rpc, fair.world.addresses)
    for block in range(head - 20, head + 1):
        with IndexReads(fair.engine).at(block) as reader:
            assert reconcile(reader, ledger).differences == [], block
            assert reconcile(reader, ledger, ProgrammeId(1)).differences == [], block


def test_holders__have__what_they_hold_now(fair: Fair) -> None:
    world, voucher = fair.world, fair.voucher
    first, second, third, fourth = (Address(address.lower()) for address in world.holder_addresses)

    assert fair.has(fair.address) == [voucher(3), voucher(3, 2), voucher(3, 4)]
    assert voucher(0) not in fair.has(first)
    assert voucher(0, 2) in fair.has(first)
    assert fair.has(second)[:2] == [voucher(0), voucher(1)]
    assert voucher(2) in fair.has(third)
    assert fair.has(fourth) == [world.voucher(3, 3, 3)]
    for holder in (fair.address, second):
        everything, page = fair.has(holder), fair.has(holder, limit=1)
        while page[-1] != everything[-1]:
            page += fair.has(holder, limit=1, after=page[-1])
        assert page == everything
    assert fair.has(second, programme=2) == [world.voucher(3, 3, 1)]
    assert fair.has(fair.address, programme=2) == []


def test_holders__on_every_database__are_the_same(fair: Fair, make_database: MakeDatabase) -> None:
    other = make_database()
    indexer_of(fair.world, other).catch_up()
    with IndexReads(fair.engine).at_head() as ours, IndexReads(other).at_head() as theirs:
        for holder in (fair.address, *map(Address, fair.world.holder_addresses)):
            assert theirs.vouchers_of(holder) == ours.vouchers_of(holder)
            assert theirs.vouchers_of(holder, ProgrammeId(2)) == ours.vouchers_of(holder, ProgrammeId(2))
        assert theirs.moved(ProgrammeId(1)) == ours.moved() == ours.moved(ProgrammeId(1))
        assert ours.moved(ProgrammeId(2)) == ({}, {})


def test_holder__at_older_blocks__is_who_had_it_then(fair: Fair) -> None:
    with IndexReads(fair.engine).at_head() as reader:
        passed = reader.transfers(voucher=fair.voucher(0))
        (given,) = [one for one in reader.place_changes() if one.name == "reassigned"]
    before = passed[0].tx.block.number - 1
    expected = {before: passed[0].sender, before + 1: fair.address, passed[1].tx.block.number: passed[1].receiver}
    for block, holder in expected.items():
        with IndexReads(fair.engine).at(block) as reader:
            facts = reader.voucher(fair.voucher(0))
            assert facts is not None
            assert facts.holder == holder, block
            assert facts.moved == (block > before)
            assert fair.voucher(0) in [one.voucher for one in reader.vouchers_of(holder)]
    with IndexReads(fair.engine).at(given.tx.block.number - 1) as reader:
        facts = reader.voucher(fair.voucher(3))
        assert facts is not None
        assert facts.holder == fair.world.holder_addresses[3].lower()


def test_redemptions__of_a_voucher__name_who_held_it_then(fair: Fair) -> None:
    with IndexReads(fair.engine).at_head() as reader:
        done = reader.redemptions_of(fair.voucher(0))
        facts = reader.voucher(fair.voucher(0))

    second = fair.world.holder_addresses[1].lower()
    assert [one.holder for one in done] == [fair.address, second]
    assert facts is not None
    assert facts.redeemed == done[1]
    assert (facts.holder, facts.roll_holder) == (second, fair.world.holder_addresses[0].lower())
    assert facts.custodial is None


def test_transfers__by_voucher_and_holder__are_listed_in_pages(fair: Fair) -> None:
    with IndexReads(fair.engine).at_head() as reader:
        everything = reader.transfers()
        assert len(everything) == 4
        first = everything[0].tx
        assert reader.transfers(limit=2, after=(first.block.number, first.log_index)) == everything[1:3]
        assert reader.transfers(holder=fair.address) == everything
        assert reader.transfers(voucher=fair.voucher(2)) == everything[2:]
        steps = reader.place_changes()
        assert [(one.place, one.name) for one in steps] == [
            (1, "proposed"),
            (1, "withdrawn"),
            (3, "proposed"),
            (3, "reassigned"),
        ]
        assert reader.place_changes(steps[2].roll, steps[2].place) == steps[2:]
        assert [one.ripe_at for one in steps] == [steps[0].tx.block.timestamp + 7 * DAY, None, GIVEN_AT, None]


def test_rules__that_let_vouchers_be_passed_on__tell_their_caps(fair: Fair) -> None:
    with IndexReads(fair.engine).at_head() as reader:
        rules = reader.rules(ProgrammeId(1), 1)
    assert rules is not None
    assert (rules.transferable, rules.transfer_amount, rules.transfer_month_amount) == (True, FACE_A, 2 * FACE_A)


def test_lives__of_all_vouchers__are_told_the_same_at_the_head(fair: Fair) -> None:
    assert told_the_same(fair.world, fair.engine)


def test_trace__of_vouchers_that_moved__tells_every_step(fair: Fair) -> None:
    told = fair.trace(fair.voucher(0))
    assert told.sound, told.findings
    assert told.custodial is None
    wanted = {"passed on", "redeemed", "reversed"}
    assert [step.what for step in told.steps if step.what in wanted] == [
        "passed on",
        "redeemed",
        "reversed",
        "passed on",
        "redeemed",
    ]
    given = fair.trace(fair.voucher(3))
    assert given.sound, given.findings
    assert [step.what for step in given.steps if "reass" in step.what] == ["reassignment proposed", "place reassigned"]
    assert fair.trace(fair.voucher(2)).custodial is True  # it came back


def test_trace__of_more_moves_than_a_page_has__tells_every_step(fair: Fair, monkeypatch: pytest.MonkeyPatch) -> None:
    told = fair.trace(fair.voucher(0))
    monkeypatch.setattr(pages, "SIZE", 1)
    assert fair.trace(fair.voucher(0)) == told


def test_index__rewound_to_any_block__ends_as_a_fresh_one(fair: Fair, tmp_path: Path) -> None:
    other = open_database(f"sqlite:///{tmp_path / 'other.sqlite'}")
    migrate(other)
    indexer_of(fair.world, other).catch_up()
    wanted, tables = IndexTables(fair.engine).digest(), IndexTables(other)
    head = tables.checkpoint()
    assert head is not None
    for back in range(1, 16):
        tables.rewind(head.number - back, head)
        indexer_of(fair.world, other).catch_up()
        assert not compare(wanted, tables.digest()), back
    other.dispose()


def test_reconcile__with_moves_the_index_has_wrong__names_them(fair: Fair, tmp_path: Path) -> None:
    other = open_database(f"sqlite:///{tmp_path / 'other.sqlite'}")
    migrate(other)
    indexer_of(fair.world, other).catch_up()
    with other.begin() as connection:
        connection.execute(delete(t.transfers).where(t.transfers.c.voucher == fair.voucher(2)))
        connection.execute(update(t.transfers).values(receiver=bytes(19) + b"\x07"))
        connection.execute(update(t.place_steps).values(receiver=bytes(19) + b"\x08"))
    with IndexReads(other).at_head() as reader:
        differences = reconcile(reader, Ledger(fair.world.rpc, fair.world.addresses)).differences
    found = {
        (check.subject, check.term): {one.value: value for one, value in check.values.items()} for check in differences
    }
    second = int(fair.world.holder_addresses[1], 16)
    assert found == {
        (f"voucher {fair.voucher(0)}", "holder"): {"index": 7, "chain": second},
        ("roll 1, place 3", "holder"): {"index": 8, "chain": int(fair.address, 16)},
        ("batch 1, roll 1", "passed on"): {"bits": 2, "events": 1},
    }
    other.dispose()
