"""Reading the record as of a block.

reader
├── at every block of the story ............ the ledger's identity holds, states follow the chain's steps
├── absence ................................ None or nothing, never an exception
├── open while the chain goes on ........... does not see what is indexed meanwhile
├── accounts ............................... the newest word counts
├── vouchers of a holder ................... by number, in pages, by programme
├── a programme by its reference ........... the first, of two that differ on chain and are one text here
├── redemptions ............................ by merchant, day, programme, in pages
├── limits ................................. 1 to 1,000
└── an empty index, a block beyond it ...... named errors
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Engine

from node_api.chain.keys import KeyRole
from node_api.domain.ids import (
    Address,
    BatchId,
    Day,
    LineId,
    MerchantId,
    ProgrammeId,
    RollId,
    VoucherId,
    split_voucher,
)
from node_api.domain.models import MerchantStatus, ProgrammeState
from node_api.services.ports.auditing import AuditReader
from node_api.services.ports.reading import BlockNotIndexed, IndexEmpty
from node_api.storage.reads import IndexReads
from tests.storage.conftest import MakeDatabase, indexer_of
from tests.world import CATERING, ENDS_AT, EVERYWHERE, STARTS_AT, TILL_ONLY, TRAVEL, World

FIRST, SECOND = ProgrammeId(1), ProgrammeId(2)


@pytest.fixture
def reads(told: World, make_database: MakeDatabase) -> IndexReads:
    engine = make_database()
    indexer_of(told, engine).catch_up()
    return IndexReads(engine)


def test_reader__at_every_block__holds_the_identity_and_follows_the_steps(told: World, reads: IndexReads) -> None:
    states = []
    for number in range(told.deployment.first_block, told.head() + 1):
        with reads.at(number) as reader:
            for line in reader.lines():
                parts = line.available + line.committed + line.payable + line.settled + line.returned
                assert line.deposited == parts
            programme = reader.programme(SECOND)
            states.append(ProgrammeState.NONE if programme is None else programme.state)
            assert reader.block.number == number
    assert list(dict.fromkeys(states)) == [state for state in ProgrammeState if state != ProgrammeState.REJECTED]


def test_reader__of_the_newest_block__says_the_same_from_roll_ups_and_facts(told: World, reads: IndexReads) -> None:
    with reads.at_head() as head, reads.at(told.head()) as facts:
        facts._at_head = False  # the same block, asked as if it were an older one
        assert facts.lines() == head.lines()
        assert facts.totals() == head.totals()
        assert facts.batches(FIRST) == head.batches(FIRST)
        assert facts.merchant_days(programme=SECOND) == head.merchant_days(programme=SECOND)


def test_reader__asked_for_what_is_not_there__answers_nothing(reads: IndexReads) -> None:
    nobody = Address("0x" + 40 * "9")
    with reads.at_head() as reader:
        checked: AuditReader = reader  # the port, held by the type checker
        assert checked.programme(ProgrammeId(9)) is None
        assert checked.programme_by_ref("none") is None
        assert checked.rules(FIRST, 9) is None
        assert checked.line(LineId(99)) is None
        assert checked.merchant(MerchantId(9)) is None
        assert checked.merchant_by_ref("none") is None
        assert checked.batch(BatchId(9)) is None
        assert checked.batch_by_ref("none") is None
        assert checked.roll(RollId(9)) is None
        assert checked.roll_by_ref("none") is None
        assert checked.holders(RollId(9)) == []
        assert checked.issued(BatchId(3), RollId(1)) is None
        assert checked.voucher(VoucherId(1)) is None
        assert checked.voucher(VoucherId(1 << 80)) is None
        assert checked.redemption(99) is None
        assert checked.redemption_of(VoucherId(1 << 70)) is None
        assert checked.vouchers_of(nobody) == []
        assert checked.vouchers_of(Address("no address")) == []
        assert checked.terminal_merchant(nobody) is None
        assert checked.merchant_of_key(nobody) is None
        assert checked.commitment_of(99) is None
        assert checked.sweep_of(BatchId(1), RollId(1)) is None


def test_reader__open_while_the_chain_goes_on__sees_one_state(world: World, make_database: MakeDatabase) -> None:
    engine = make_database()
    world.fund()
    indexer_of(world, engine).catch_up()
    with IndexReads(engine).at_head() as reader:
        before = reader.block
        world.issue()
        indexer_of(world, engine).catch_up()
        assert reader.batches() == []
        assert reader.block == before
    with IndexReads(engine).at_head() as reader:
        assert len(reader.batches()) == 3


def test_accounts__taken_and_given_again__belong_to_whom_the_newest_word_says(
    world: World, make_database: MakeDatabase
) -> None:
    engine = make_database()
    world.fund()
    key, terminal = Address(world.roles.address(KeyRole.EMERGENCY)), world.address_of(world.terminal)

    def owners() -> tuple[MerchantId | None, MerchantId | None, list[str]]:
        indexer_of(world, engine).catch_up()
        with IndexReads(engine).at_head() as reader:
            kinds = [kind for _, kind in reader.accounts_of(MerchantId(1))]
            return reader.merchant_of_key(key), reader.terminal_merchant(terminal), sorted(kinds)

    assert owners() == (1, 1, ["key", "terminal"])
    world.send(KeyRole.REGISTRAR, "MerchantRegistry", "removeKey", 1, key)
    assert owners() == (None, 1, ["terminal"])
    world.send(KeyRole.REGISTRAR, "MerchantRegistry", "addKey", 2, key)
    world.send(KeyRole.REGISTRAR, "MerchantRegistry", "removeTerminal", 1, terminal)
    assert owners() == (2, None, [])


def test_merchant__suspended_and_reinstated__has_its_steps(world: World, engine: Engine) -> None:
    world.fund()
    world.send(KeyRole.REGISTRAR, "MerchantRegistry", "suspend", 2, "missing papers")
    indexer_of(world, engine).catch_up()
    with IndexReads(engine).at_head() as reader:
        suspended = reader.merchant(MerchantId(2))
        assert suspended is not None
        assert suspended.status is MerchantStatus.SUSPENDED
    world.send(KeyRole.APPROVER, "MerchantRegistry", "reinstate", 2, "papers came")
    indexer_of(world, engine).catch_up()
    with IndexReads(engine).at_head() as reader:
        assert [(step.name, step.reason) for step in reader.merchant_steps(MerchantId(2))] == [
            ("applied", ""),
            ("activated", ""),
            ("suspended", "missing papers"),
            ("reinstated", "papers came"),
        ]
        assert [merchant.status for merchant in reader.merchants()] == [MerchantStatus.ACTIVE] * 2


def test_programme__by_a_reference_that_is_one_text_of_two__is_the_first(world: World, engine: Engine) -> None:
    world.fund()
    token = world.addresses["SettlementToken"]
    terms = ("Third", token, 480, STARTS_AT, ENDS_AT, CATERING, EVERYWHERE, TILL_ONLY, 1, bytes(32))
    lines = [(world.roles.address(KeyRole.AUDITOR), EVERYWHERE, "everybody", "meals", 1)]
    for raw in (b"\xff and more", b"\\xff and more"):
        drafted = world.encode("ProgrammeRegistry", "draft", "q" * len(raw), terms, world.rules_terms({}), lines)
        calldata = drafted.replace(b"q" * len(raw), raw)
        world.senders[KeyRole.TREASURER].transact(world.addresses["ProgrammeRegistry"], calldata)
    indexer_of(world, engine).catch_up()
    with IndexReads(engine).at_head() as reader:
        (third, fourth) = reader.programmes()[2:]
        assert third.ref == fourth.ref
        assert reader.programme_by_ref(third.ref) == third


def test_masks__with_their_highest_bit__come_back_whole(reads: IndexReads) -> None:
    with reads.at_head() as reader:
        assert [programme.categories for programme in reader.programmes()] == [CATERING | TRAVEL] * 2
        assert reader.category_names() == {3: "catering", 63: "travel"}


def test_vouchers_of__a_holder__come_by_number_and_in_pages(told: World, reads: IndexReads) -> None:
    holder = told.holder_addresses[0]
    with reads.at_head() as reader:
        everything = [facts.voucher for facts in reader.vouchers_of(holder)]
        assert [split_voucher(voucher)[:2] for voucher in everything] == [(1, 1), (1, 2), (2, 1), (2, 2), (3, 3)]
        paged: list[VoucherId] = []
        while page := reader.vouchers_of(holder, limit=2, after=paged[-1] if paged else None):
            paged += [facts.voucher for facts in page]
        assert paged == everything
        assert [facts.voucher for facts in reader.vouchers_of(holder, SECOND)] == everything[-1:]
        for facts in reader.vouchers_of(holder):
            assert reader.voucher(facts.voucher) == facts
        spent = [facts.voucher for facts in reader.vouchers_of(holder) if facts.redeemed]
        assert spent == [told.voucher(1, 1, 0), told.voucher(2, 1, 0)]


def test_redemptions__by_merchant_day_and_programme(told: World, reads: IndexReads) -> None:
    def numbers(**which: object) -> list[int]:
        with reads.at_head() as reader:
            return [done.number for done in reader.redemptions(**which)]  # type: ignore[arg-type]

    with reads.at_head() as reader:
        first = reader.redemption(1)
        assert first is not None
        day = Day(first.day)
    assert numbers() == [1, 2, 3, 4, 5]
    assert numbers(limit=2, after=1) == [2, 3]
    assert numbers(merchant=MerchantId(2)) == [3]
    assert numbers(merchant=MerchantId(1), day=day) == [1, 2]
    assert numbers(programme=SECOND) == [4, 5]


@pytest.mark.parametrize("limit", [0, 1_001, -1])
def test_limits__outside_their_bounds__are_refused(reads: IndexReads, limit: int) -> None:
    asked: list[Callable[[AuditReader], object]] = [
        lambda reader: reader.redemptions(limit=limit),
        lambda reader: reader.refusals(limit=limit),
        lambda reader: reader.vouchers_of(Address("0x" + 40 * "1"), limit=limit),
    ]
    with reads.at_head() as reader:
        for ask in asked:
            with pytest.raises(ValueError, match="1 to 1000"):
                ask(reader)


def test_readers__of_what_is_not_indexed__are_refused(told: World, make_database: MakeDatabase) -> None:
    engine = make_database()
    with pytest.raises(IndexEmpty), IndexReads(engine).at_head():
        pass
    indexer_of(told, engine).catch_up()
    with pytest.raises(BlockNotIndexed, match=f"stands at block {told.head()}"), IndexReads(engine).at(10_000):
        pass
