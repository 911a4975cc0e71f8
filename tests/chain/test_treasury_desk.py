"""
The treasury's desk, on a real chain
├── refuses with the contract's own error, its rule and a remedy
│   ├── approval by the proposer, deposit with a used slip, over the budget
│   ├── roll of 0, 19 and 1,229 places' bytes, a zero address in a roll
│   └── issue over the quota, over the budget line, without money
├── a refusal behind commands that landed → they are yielded, and it alone is named
├── a refusal before a command that waits for its turn → that one is not sent, then or later
├── takes a roll of 1,228 places and none more
├── sends again what a chain that went back has lost
├── a call refused because what it rested on was lost → said so, and all is given back; without a loss → the contract's error
└── says so where another signs with the same key
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from node_api.chain.deployed import CallReverted, Deployed, Question
from node_api.chain.deployment.errors import NotDeployed
from node_api.chain.keys import KeyRole
from node_api.chain.pipeline import Pipeline
from node_api.chain.roles import ROLE_IDS
from node_api.chain.rpc import RpcClient
from node_api.chain.sender import NonceTaken
from node_api.chain.treasury_book import ChainBook
from node_api.chain.treasury_desk import ChainDesk
from node_api.domain.ids import Address, Amount, BatchId, Hash, LineId, MerchantId, ProgrammeId, RollId, UnixSeconds
from node_api.domain.models import MerchantStatus
from node_api.services.ports import treasury as t
from tests.world import BEIJING, CATERING, CHAIN_ID, ENDS_AT, FACE_A, STARTS_AT, TILL_ONLY, World

ONE_HOLDER = bytes(19) + b"\x01"
TERMS = t.BatchTerms(
    programme=ProgrammeId(1),
    line=1,
    face=Amount(FACE_A),
    minimum_spend=Amount(0),
    categories=CATERING,
    region=BEIJING,
    channels=TILL_ONLY,
    valid_from=UnixSeconds(STARTS_AT),
    valid_until=UnixSeconds(ENDS_AT),
    claim_days=0,
    quota=100,
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A funded world with batches and rolls; tests add to it."""
    world = World(tmp_path_factory.mktemp("desk") / "chain").start()
    world.fund()
    world.issue()
    yield world
    world.stop()


def desk_of(world: World) -> ChainDesk:
    deployed = Deployed(world.rpc, world.addresses)
    return ChainDesk(deployed, world.roles, Pipeline(deployed, world.roles, CHAIN_ID))


def refusal(desk: ChainDesk, *commands: t.Command) -> t.CommandRefused:
    with pytest.raises(t.CommandRefused) as caught:
        list(desk.carry_out(commands))
    assert "the rule: " in str(caught.value)
    assert "what to do: " in str(caught.value)
    return caught.value


def roll(ref: str, holders: bytes) -> t.WriteRoll:
    return t.WriteRoll(ProgrammeId(1), ref, custodial=False, holders=holders)


def test_desk__approval_by_the_proposer__is_refused(world: World) -> None:
    """The treasurer is given the approver's role as well: one person with two roles still needs another."""
    both = world.roles.address(KeyRole.TREASURER)
    world.send(KeyRole.ADMIN, "AccessManager", "grantRole", 2, both, 0)
    line = t.LineTerms(Address(both), BEIJING, "everybody", "meals", Amount(1_000))
    token = world.addresses["SettlementToken"]
    starts, ends = UnixSeconds(STARTS_AT), UnixSeconds(ENDS_AT)
    terms = t.ProgrammeTerms("Own", token, 480, starts, ends, CATERING, BEIJING, TILL_ONLY, 1, t.NO_DOCUMENT)
    desk = desk_of(world)
    list(desk.carry_out([t.DraftProgramme("own", terms, t.RulesTerms(600, 0, 0), (line,))]))
    (own,) = ChainBook(Deployed(world.rpc, world.addresses), world.roles).programmes(["own"])
    assert own is not None
    list(desk.carry_out([t.ProposeProgramme(own.id)]))
    calldata = world.encode("ProgrammeRegistry", "approve", own.id)
    why = Deployed(world.rpc, world.addresses).why(
        both, world.addresses["ProgrammeRegistry"], "0x" + calldata.hex(), "approve", world.head()
    )
    assert why.error == "ProgrammeRegistry_OwnProposal"


@pytest.mark.parametrize(
    ("command", "error"),
    [
        (t.DepositMoney(LineId(1 << 16 | 1), Amount(1), Hash("0x" + "0101" * 16)), "Treasury_SlipUsed"),
        (t.DepositMoney(LineId(1 << 16 | 1), Amount(400_001), Hash("0x" + "ee" * 32)), "Treasury_DepositOverBudget"),
        (t.DepositMoney(LineId(9 << 16 | 1), Amount(1), Hash("0x" + "dd" * 32)), "Treasury_LineUnknown"),
        (roll("none", b""), "Vouchers_RollSizeInvalid"),
        (roll("torn", bytes(18) + b"\x01"), "Vouchers_RollSizeInvalid"),
        (roll("long", ONE_HOLDER * 1_229), "Vouchers_RollSizeInvalid"),
        (roll("zero", ONE_HOLDER * 3 + bytes(20) + ONE_HOLDER), "Vouchers_HolderZero"),
        (roll("roll-a", ONE_HOLDER), "Vouchers_ReferenceTaken"),
        (t.IssuePack((BatchId(1),), (RollId(1),), 4), "Vouchers_AlreadyIssued"),
        (t.OpenBatches((("kind", replace(TERMS, region=0)),)), "Vouchers_OutsideProgramme"),
        (t.ActivateProgramme(ProgrammeId(1)), "ProgrammeRegistry_StateWrong"),
        (t.AllowToken(Address("0x" + "11" * 20)), "Treasury_TokenInvalid"),
        (t.NameCategories(((64, "too many"),)), "MerchantRegistry_CategoryInvalid"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_desk__what_a_contract_refuses__carries_its_error(world: World, command: t.Command, error: str) -> None:
    if error == "Vouchers_OutsideProgramme":  # programmes of this world reach everywhere: leave their dates instead
        command = t.OpenBatches((("late", replace(TERMS, valid_until=UnixSeconds(ENDS_AT + 1))),))
    assert refusal(desk_of(world), command).error == error


def test_desk__refused_behind_what_landed__yields_that_and_names_what_was_refused(world: World) -> None:
    good = [roll(f"before-{number}", ONE_HOLDER * 3) for number in range(12)]
    bad, behind = t.IssuePack((BatchId(1),), (RollId(1),), 4), roll("behind", ONE_HOLDER)
    carried: list[t.Command] = []
    with pytest.raises(t.CommandRefused) as caught:
        carried.extend(one.command for one in desk_of(world).carry_out([*good, bad, behind]))
    assert carried == good
    assert caught.value.command is bad


def test_desk__refused_before_one_that_waits__does_not_send_that(world: World) -> None:
    """Where blocks do not keep the order, another account's command waits until those before it have landed."""
    rpc = RpcClient(world.rpc.url, profile=replace(world.rpc.profile, in_order=False))
    deployed = Deployed(rpc, world.addresses)
    desk = ChainDesk(deployed, world.roles, Pipeline(deployed, world.roles, CHAIN_ID))
    waiting, next_one = t.NameCategories(((8, "eight"),)), t.NameCategories(((9, "nine"),))
    assert refusal(desk, t.IssuePack((BatchId(1),), (RollId(1),), 4), waiting).error == "Vouchers_AlreadyIssued"
    assert [one.command for one in desk.carry_out([next_one])] == [next_one]
    assert ChainBook(deployed, world.roles).category_names([8, 9]) == ["", "nine"]


def test_desk__roll_of_1228__is_taken_whole(world: World) -> None:
    holders = b"".join(number.to_bytes(20) for number in range(1, 1_229))
    list(desk_of(world).carry_out([roll("full", holders)]))
    book = ChainBook(Deployed(world.rpc, world.addresses), world.roles)
    (full,) = book.rolls(["full"])
    assert full is not None
    assert full.places == 1_228
    assert book.holders([full.pointer]) == [holders]


def test_desk__issue_beyond_quota_line_or_money__is_refused(world: World) -> None:
    desk, book = desk_of(world), ChainBook(Deployed(world.rpc, world.addresses), world.roles)
    tight, dear = replace(TERMS, quota=1), replace(TERMS, face=Amount(500_000))
    unbacked = replace(TERMS, face=Amount(300_000))
    opened = t.OpenBatches((("tight", tight), ("dear", dear), ("unbacked", unbacked)))
    list(desk.carry_out([opened, roll("two", ONE_HOLDER * 2)]))
    (two,) = book.rolls(["two"])
    assert two is not None
    ids = [seen.id for seen in book.batches(["tight", "dear", "unbacked"]) if seen is not None]
    refusals = [refusal(desk, t.IssuePack((batch,), (two.id,), 2)) for batch in ids]
    # The line has a budget of 1,000,000, of which 600,000 were deposited and 30,000 issued.
    assert [entry.error for entry in refusals] == [
        "Vouchers_QuotaExceeded",
        "Treasury_OverBudgetLine",
        "Treasury_Unbacked",
    ]
    assert "count=2, left=1" in refusals[0].detail
    assert "amount=1000000, left=970000" in refusals[1].detail
    assert "amount=600000, available=570000" in refusals[2].detail


def test_pipeline__chain_that_went_back__gets_again_what_it_lost(tmp_path: Path) -> None:
    world = World(tmp_path / "chain").start()
    try:
        desk = desk_of(world)
        before = world.rpc.call("evm_snapshot")
        list(desk.carry_out([t.NameCategories(((1, "one"),)), t.NameCategories(((2, "two"),))]))
        assert world.rpc.call("evm_revert", [before]) is True
        list(desk.carry_out([t.NameCategories(((3, "three"),))]))
        book = ChainBook(Deployed(world.rpc, world.addresses), world.roles)
        assert book.category_names([1, 2, 3]) == ["one", "two", "three"]
    finally:
        world.stop()


def shop(world: World) -> t.EnterMerchants:
    payout = Address(world.roles.address(KeyRole.ARBITER))
    return t.EnterMerchants((("shop", t.MerchantTerms(CATERING, BEIJING, TILL_ONLY, payout)),))


def test_pipeline__refused_on_a_chain_that_went_back__says_so_and_gives_back(tmp_path: Path) -> None:
    world = World(tmp_path / "chain").start()
    try:
        desk, book = desk_of(world), ChainBook(Deployed(world.rpc, world.addresses), world.roles)
        list(desk.carry_out([shop(world)]))
        before = world.rpc.call("evm_snapshot")
        list(desk.carry_out([t.ActivateMerchants((MerchantId(1),))]))
        assert world.rpc.call("evm_revert", [before]) is True
        suspension = t.SuspendMerchant(MerchantId(1), "late")
        names = [t.NameCategories(((number, "one"),)) for number in range(1, 5)]
        with pytest.raises(t.ChainWentBack, match=r"MerchantRegistry.suspend was refused meanwhile"):
            list(desk.carry_out([suspension, *names]))
        assert [seen.status for seen in book.merchants(["shop"]) if seen] == [MerchantStatus.ACTIVE]
        assert book.category_names([1, 2, 3, 4]) == ["one"] * 4  # what was in flight has landed
        list(desk.carry_out([suspension]))
        assert refusal(desk, suspension).error == "MerchantRegistry_StatusWrong"  # nothing was lost this time
    finally:
        world.stop()


def test_pipeline__what_it_gives_back_fares_otherwise__says_so(tmp_path: Path) -> None:
    """Another registrar takes the reference between the loss and the resending."""
    world = World(tmp_path / "chain").start()
    try:
        desk, other = desk_of(world), KeyRole.OPERATOR
        world.send(
            KeyRole.ADMIN, "AccessManager", "grantRole", ROLE_IDS[KeyRole.REGISTRAR], world.roles.address(other), 0
        )
        before = world.rpc.call("evm_snapshot")
        list(desk.carry_out([shop(world)]))
        assert world.rpc.call("evm_revert", [before]) is True
        world.send(other, "MerchantRegistry", "enter", ["shop"], [(CATERING, BEIJING, TILL_ONLY, "0x" + "11" * 20)])
        with pytest.raises(t.ChainWentBack, match="fared otherwise"):
            list(desk.carry_out([]))
        list(desk.carry_out([]))  # told once
    finally:
        world.stop()


def test_pipeline__another_signs_with_the_same_key__says_so(world: World) -> None:
    first, second = desk_of(world), desk_of(world)
    list(first.carry_out([roll("mine", ONE_HOLDER)]))
    list(second.carry_out([roll("yours", ONE_HOLDER)]))
    with pytest.raises(NonceTaken, match="something else signs with this key"):
        list(first.carry_out([roll("mine again", ONE_HOLDER)]))


def test_deployed__nothing_at_the_address__says_that_it_is_the_wrong_chain(world: World) -> None:
    nowhere = Deployed(RpcClient(world.rpc.url), {"Vouchers": Address("0x" + "12" * 20)})
    with pytest.raises(NotDeployed, match="is this the right chain"):
        nowhere.ask(Question("Vouchers", "counts"))
    with pytest.raises(NotDeployed, match="vouchertrail deploy"):
        nowhere.ask(Question("Treasury", "runOf", (1,)))


def test_deployed__view_that_reverts__names_the_error(world: World) -> None:
    with pytest.raises(CallReverted) as caught:
        Deployed(world.rpc, world.addresses).ask(Question("Vouchers", "holderOf", (1 << 58,)))
    assert caught.value.error == "Vouchers_VoucherUnknown"
