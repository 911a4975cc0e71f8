"""Deployment of the real contracts on a real chain.

run
├── first → every contract, link, role and grant is as the table says
├── first, five days on → ADMIN changes no authority and no function's role at once
├── second → sends nothing
├── where blocks come by the clock → an account's steps are sent together, each once
├── a step refused because what it rests on was in a block that was replaced → sent once more; refused again → named
├── killed again and again, at every kind of moment → everything once
├── cut off when all is on the chain but the addresses are not written → the next run writes them
├── after the chain went back → the same bytes again, the same addresses
├── a nonce taken by another transaction → signed anew
├── two at once → the second is refused
└── refused by the chain → names step, error and sender; the next run goes on
a finished step
├── whose bytecode changed → error naming both hashes
├── whose arguments changed → error naming both
└── whose code on the chain is other code → error naming both
journal
├── of another chain → refused, nothing written
├── cut anywhere → read up to the last whole line
└── a line before the last one damaged → refused with its number, and left as it is
addresses
└── absent, incomplete or of another chain → said so
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node_api.chain.clock import ChainClock
from node_api.chain.contracts import contract
from node_api.chain.deployment import engine
from node_api.chain.deployment.addresses import Deployment, read_deployment, write_deployment
from node_api.chain.deployment.engine import Deployer, StepReport, created_address, journal_path
from node_api.chain.deployment.errors import (
    ChangedBytecode,
    ChangedStep,
    DeploymentBusy,
    JournalDamaged,
    JournalOfOtherChain,
    NotDeployed,
    StepRefused,
    UnexpectedCode,
)
from node_api.chain.deployment.journal import Finished, Journal, Started
from node_api.chain.deployment.steps import AddressOf, Call, Deploy, Plan, Step, load_plan, migrations_folder
from node_api.chain.keys import KeyRing, KeyRole
from node_api.chain.profile import ANVIL
from node_api.chain.roles import GUARDED, ROLE_IDS
from node_api.chain.rpc import RpcClient
from node_api.chain.rpc_errors import RpcError
from node_api.chain.rpc_values import Json, data, quantity
from node_api.chain.sender import Receipt, Reverted, Sender, SignedTransaction, TxHash, nonce_of, see_through
from node_api.domain.ids import UnixSeconds
from tests.chain.conftest import CREATE_NOTHING, Chain

PLAN = load_plan(migrations_folder())


@pytest.fixture
def keys(tmp_path: Path) -> KeyRing:
    ring = KeyRing(tmp_path / "keys")
    ring.create_missing()
    return ring


@pytest.fixture
def deployments(tmp_path: Path) -> Path:
    return tmp_path / "deployments"


@pytest.fixture
def make_deployer(chain: Chain, keys: KeyRing, deployments: Path) -> Callable[..., Deployer]:
    def make(plan: Plan = PLAN, report: Callable[[StepReport], None] = lambda _: None) -> Deployer:
        identity = (chain.handle.chain_id, chain.handle.genesis_hash)
        return Deployer(chain.rpc, identity, deployments, plan, keys, report)

    return make


def ask(chain: Chain, deployment: Deployment, name: str, function: str, *arguments: object) -> object:
    """The first value a view of a deployed contract returns."""
    asked = contract(deployment.contracts[name].contract).function(function)
    call = {"to": deployment.address(name), "data": "0x" + asked.encode(arguments).hex()}
    return asked.decode(data(chain.rpc.call("eth_call", [call, "latest"])))[0]  # type: ignore[list-item]


def head_number(chain: Chain) -> int:
    return quantity(chain.rpc.call("eth_blockNumber"))


def place_of(name: str) -> int:
    """How many steps of the plan come before the one with this name."""
    return [step.action.name for step in PLAN.steps].index(name)


def with_step(action: Deploy | Call, plan: Plan = PLAN) -> Plan:
    return replace(plan, steps=(*plan.steps, Step(f"0002.{action.name}", action)))


def with_action(name: str, action: Deploy | Call) -> Plan:
    return replace(PLAN, steps=tuple(replace(s, action=action) if s.action.name == name else s for s in PLAN.steps))


# --- run ---


def test_run__when_first__then_everything_is_as_the_table_says(
    chain: Chain, keys: KeyRing, deployments: Path, make_deployer: Callable[..., Deployer]
) -> None:
    deployment = make_deployer().run()
    assert read_deployment(deployments, chain.handle.chain_id, chain.handle.genesis_hash) == deployment
    backs = {"VouchersBack", "VouchersBooking", "VouchersRecord", "CaseDeskBack", "CaseDeskClaims"}
    backs |= {"ProgrammeBack", "ProgrammePolicies"}
    assert set(deployment.contracts) == {*GUARDED, "AccessManager", "SettlementToken", *backs}
    assert deployment.first_block == 1
    for name, entry in deployment.contracts.items():
        code = data(chain.rpc.call("eth_getCode", [entry.address, "latest"]))
        assert contract(name).without_immutables(code) == contract(name).runtime
        assert entry.code_hash == contract(name).code_hash()
    for name in GUARDED:
        assert str(ask(chain, deployment, name, "authority")) == deployment.address("AccessManager").lower()
        for function in contract(name).functions.values():
            expected = next((ROLE_IDS[r] for r, named in GUARDED[name].items() if function.name in named), 0)
            where = deployment.address(name)
            found = ask(chain, deployment, "AccessManager", "getTargetFunctionRole", where, function.selector)
            assert (name, function.name, found) == (name, function.name, expected)
    for role, role_id in ROLE_IDS.items():
        for holder in ROLE_IDS:
            held = ask(chain, deployment, "AccessManager", "hasRole", role_id, keys.address(holder))
            assert (role, holder, held) == (role, holder, role is holder)
    assert ask(chain, deployment, "Vouchers", "isRelayer", keys.address(KeyRole.OPERATOR)) is True
    assert ask(chain, deployment, "Treasury", "isTokenAllowed", deployment.address("SettlementToken")) is True
    assert str(ask(chain, deployment, "SettlementToken", "issuer")) == keys.address(KeyRole.ISSUER).lower()


def test_run__where_blocks_come_by_the_clock__then_steps_are_sent_together(
    chain: Chain, keys: KeyRing, make_deployer: Callable[..., Deployer]
) -> None:
    chain.rpc.profile = replace(ANVIL, steady=True)
    told: list[tuple[str, str]] = []
    deployment = make_deployer(report=lambda one: told.append((one.step, one.state))).run()
    assert list(dict.fromkeys(step for step, state in told if state == "started")) == [step.id for step in PLAN.steps]
    together = [state for _, state in told].index("sent")
    assert together > 20  # steps of ADMIN were signed before any was waited for
    assert nonce_of(chain.rpc, keys.address(KeyRole.ADMIN)) == sum(
        step.action.sender is KeyRole.ADMIN for step in PLAN.steps
    )
    assert ask(chain, deployment, "Vouchers", "isRelayer", keys.address(KeyRole.OPERATOR)) is True
    make_deployer(report=lambda one: told.append((one.step, "again " + one.state))).run()
    assert {state for _, state in told if state.startswith("again")} == {"again done"}


@pytest.mark.parametrize("times", [1, 2])
def test_run__when_what_a_step_rests_on_was_replaced__then_sent_once_more(
    chain: Chain, make_deployer: Callable[..., Deployer], monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    chain.rpc.profile = replace(ANVIL, steady=True, confirmations=1)
    refused: list[str] = []
    label = next(step.id for step in PLAN.steps if step.id.endswith("label_operator"))
    deployer = make_deployer()

    def see(rpc: RpcClient, signed: SignedTransaction) -> Receipt:
        receipt = see_through(rpc, signed)
        entry = deployer._journal.started.get(label)
        if entry is not None and entry.signed == signed and len(refused) < times:
            refused.append(signed.hash)
            chain.sender.transact(None, CREATE_NOTHING, gas=100_000)  # another block on it
            raise Reverted(receipt)
        return receipt

    monkeypatch.setattr(engine, "see_through", see)
    if times == 1:
        assert deployer.run().contracts
    else:
        with pytest.raises(StepRefused, match=label):
            deployer.run()
    assert len(set(refused)) == times


def test_run__when_five_days_have_passed__then_admin_changes_nothing_at_once(
    chain: Chain, keys: KeyRing, make_deployer: Callable[..., Deployer]
) -> None:
    deployment = make_deployer().run()
    manager, treasury = contract("AccessManager"), deployment.address("Treasury")
    release = contract("Treasury").function("releaseSettlement").selector
    changes = (
        manager.function("updateAuthority").encode((treasury, deployment.address("AccessManager"))),
        manager.function("setTargetFunctionRole").encode((treasury, [release], 0)),
    )
    calls: list[Json] = [
        {
            "from": keys.address(KeyRole.ADMIN),
            "to": deployment.address("AccessManager"),
            "data": "0x" + change.hex(),
        }
        for change in changes
    ]
    for call in calls:
        assert chain.rpc.call("eth_call", [call, "latest"]) == "0x"
    clock = ChainClock(chain.rpc)
    clock.jump_to(UnixSeconds(clock.last_block_time() + 5 * 86_400 + 1))
    for call in calls:
        with pytest.raises(RpcError, match="revert"):
            chain.rpc.call("eth_call", [call, "latest"])
    for role, role_id in ROLE_IDS.items():
        if role is not KeyRole.ADMIN:
            guardian = ask(chain, deployment, "AccessManager", "getRoleGuardian", role_id)
            assert guardian == ROLE_IDS[KeyRole.EMERGENCY]


def test_run__when_second__then_sends_nothing(chain: Chain, make_deployer: Callable[..., Deployer]) -> None:
    assert {told.state for told in make_deployer().look()} == {"pending"}
    assert head_number(chain) == 0
    first = make_deployer().run()
    head = chain.head()
    assert {told.state for told in make_deployer().look()} == {"done"}
    assert make_deployer().run() == first
    assert chain.head() == head


class CutOff(Exception):
    """The run ends here."""


def test_run__when_cut_off_before_the_addresses_are_written__then_the_next_run_writes_them(
    chain: Chain, deployments: Path, make_deployer: Callable[..., Deployer]
) -> None:
    def report(told: StepReport) -> None:
        if (told.step, told.state) == (PLAN.steps[-1].id, "done"):
            raise CutOff

    identity = (chain.handle.chain_id, chain.handle.genesis_hash)
    with pytest.raises(CutOff):
        make_deployer(report=report).run()
    with pytest.raises(NotDeployed, match="not complete"):
        read_deployment(deployments, *identity)
    head = chain.head()
    assert make_deployer().run() == read_deployment(deployments, *identity)
    assert chain.head() == head


def test_run__when_killed_again_and_again__then_everything_once(
    chain: Chain, keys: KeyRing, make_deployer: Callable[..., Deployer]
) -> None:
    # A step tells of itself when it is pending, started (journaled, not sent), sent, and done: 4 moments a step.
    # Every run is killed 7 moments later than the run before it got; 7 is prime to 4, so every kind of moment is hit.
    kills = 0
    chain.rpc.close()  # no connection is shared with the processes forked below
    while (child := os.fork()) == 0 or os.WIFSIGNALED(os.waitpid(child, 0)[1]):
        if child == 0:
            run_until_killed(make_deployer, moments=7)
        kills += 1
    assert kills > 15
    deployment = make_deployer().run()
    by_sender: dict[KeyRole, int] = {}
    for step in PLAN.steps:
        by_sender[step.action.sender] = by_sender.get(step.action.sender, 0) + 1
    assert {role: nonce_of(chain.rpc, keys.address(role)) for role in by_sender} == by_sender
    assert head_number(chain) == len(PLAN.steps)
    assert deployment.complete


def run_until_killed(make_deployer: Callable[..., Deployer], moments: int) -> None:
    """Deploys in this forked process until it has worked for some moments, then kills itself; else ends with 0."""
    left = iter(range(moments))

    def report(told: StepReport) -> None:
        if not (told.state == "done" and told.step in finished) and next(left, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)

    code = 1
    try:
        work = make_deployer(report=report)
        finished = set(work._journal.finished)
        work.run()
        code = 0
    finally:
        os._exit(code)


def test_run__when_the_chain_went_back__then_the_same_addresses(
    chain: Chain, make_deployer: Callable[..., Deployer]
) -> None:
    marks: list[Json] = []

    def report(told: StepReport) -> None:
        if (told.step, told.state) == ("0001.ProgrammeRegistry", "done") and not marks:
            marks.append(chain.rpc.call("evm_snapshot"))

    first = make_deployer(report=report).run()
    chain.rpc.call("evm_revert", marks)
    states = [told.state for told in make_deployer().look()]
    kept = place_of("ProgrammeRegistry") + 1
    assert states == ["done"] * kept + ["gone"] * (len(PLAN.steps) - kept)
    second = make_deployer().run()
    assert {name: entry.address for name, entry in second.contracts.items()} == {
        name: entry.address for name, entry in first.contracts.items()
    }
    assert head_number(chain) == len(PLAN.steps)


def test_run__when_another_transaction_took_the_nonce__then_signed_anew(
    chain: Chain, keys: KeyRing, make_deployer: Callable[..., Deployer]
) -> None:
    class Stop(Exception):
        pass

    def stop(told: StepReport) -> None:
        if (told.step, told.state) == ("0001.Vouchers", "started"):
            raise Stop

    with pytest.raises(Stop):
        make_deployer(report=stop).run()
    Sender(chain.rpc, keys.account(KeyRole.ADMIN), chain.handle.chain_id).transact(None, CREATE_NOTHING, gas=100_000)
    deployment = make_deployer().run()
    assert deployment.address("Vouchers") == created_address(keys.address(KeyRole.ADMIN), place_of("Vouchers") + 1)


def test_run__when_another_process_deploys__then_refused(make_deployer: Callable[..., Deployer]) -> None:
    def meanwhile(told: StepReport) -> None:
        if told.state == "sent":
            make_deployer().run()

    with pytest.raises(DeploymentBusy):
        make_deployer(report=meanwhile).run()


def test_run__when_the_chain_refuses_a_step__then_named_and_resumable(
    chain: Chain, make_deployer: Callable[..., Deployer]
) -> None:
    by_outsider = Call(
        "by_outsider", "Vouchers", "syncRelayer", {"account": AddressOf("Vouchers")}, sender=KeyRole.AUDITOR
    )
    again = Call("again", "MerchantRegistry", "link", {"vouchers": AddressOf("Vouchers")})
    forbidden = replace(again, name="forbidden", sender=KeyRole.AUDITOR)
    with pytest.raises(
        StepRefused, match=r"0002.again is refused: MerchantRegistry_AlreadyLinked\(\) \(sent by ADMIN\)"
    ):
        make_deployer(with_step(again)).run()
    with pytest.raises(StepRefused, match=r"AccessManagedUnauthorized\(caller=.*sent by AUDITOR"):
        make_deployer(with_step(forbidden)).run()
    before = head_number(chain)
    make_deployer(with_step(by_outsider)).run()
    assert head_number(chain) == before + 1


# --- a finished step ---


def test_finished__when_the_bytecode_changed__then_both_hashes_are_named(
    make_deployer: Callable[..., Deployer],
) -> None:
    make_deployer().run()
    changed = with_action("CaseDesk", Deploy("CaseDesk", "Treasury", {"manager": AddressOf("AccessManager")}))
    with pytest.raises(ChangedBytecode) as caught:
        make_deployer(changed).run()
    assert contract("CaseDesk").code_hash() in str(caught.value)
    assert contract("Treasury").code_hash() in str(caught.value)


def test_finished__when_the_arguments_changed__then_both_are_named(make_deployer: Callable[..., Deployer]) -> None:
    make_deployer().run()
    changed = load_plan(migrations_folder(), {"token_symbol": "CNY"})
    with pytest.raises(ChangedStep, match=r"0001\.SettlementToken.*VTC.*CNY"):
        make_deployer(changed).run()


def test_finished__when_the_chain_shows_other_code__then_both_hashes_are_named(
    chain: Chain, make_deployer: Callable[..., Deployer]
) -> None:
    deployment = make_deployer().run()
    chain.rpc.call("anvil_setCode", [deployment.address("Treasury"), "0x" + contract("CaseDesk").runtime.hex()])
    with pytest.raises(UnexpectedCode, match=contract("Treasury").code_hash()):
        make_deployer().run()


# --- journal ---


def test_journal__when_of_another_chain__then_refused(
    chain: Chain, keys: KeyRing, deployments: Path, make_deployer: Callable[..., Deployer]
) -> None:
    make_deployer().run()
    path = journal_path(deployments, chain.handle.chain_id)
    before = path.read_bytes()
    other = Deployer(chain.rpc, (chain.handle.chain_id, "0x" + "11" * 32), deployments, PLAN, keys)
    for attempt in (other.run, other.look):
        with pytest.raises(JournalOfOtherChain, match=chain.handle.genesis_hash):
            attempt()
    assert path.read_bytes() == before


SIGNED = SignedTransaction("0x02", TxHash("0x" + "ab" * 32), "0x" + "00" * 20, 7)


@given(cut=st.integers(min_value=1, max_value=2000))
def test_journal__when_cut_anywhere__then_read_to_the_last_whole_line(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    path = tmp_path_factory.mktemp("journal") / "journal.jsonl"
    journal = Journal(path)
    with journal.writing(1, "0xaa"):
        for number in range(3):
            journal.start(Started(f"step{number}", SIGNED, "0xcc", "0xdd", {"a": "1"}))
            journal.finish(Finished(f"step{number}", SIGNED.hash, number))
    content = path.read_bytes()
    path.write_bytes(content[:-cut])
    whole = content[:-cut].count(b"\n")  # chain, then started and finished in turn
    found = Journal.read(path)
    assert (len(found.started), len(found.finished)) == (max(0, whole) // 2, max(0, whole - 1) // 2)
    with found.writing(1, "0xaa"):
        found.start(Started("later", SIGNED, "", "", {}))
    assert Journal.read(path).started.keys() == {f"step{number}" for number in range(whole // 2)} | {"later"}


@pytest.mark.parametrize("line", [0, 1, 3, 5])
@pytest.mark.parametrize("damaged", [b"\0" * 40, b"", b'{"event": "star', b"[]", b"\xff"])
def test_journal__when_a_line_before_the_last_is_damaged__then_refused_and_left(
    tmp_path: Path, line: int, damaged: bytes
) -> None:
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    with journal.writing(1, "0xaa"):
        for number in range(3):
            journal.start(Started(f"step{number}", SIGNED, "0xcc", "0xdd", {"a": "1"}))
            journal.finish(Finished(f"step{number}", SIGNED.hash, number))
    lines = path.read_bytes().splitlines(keepends=True)
    lines[line] = damaged + b"\n"
    path.write_bytes(content := b"".join(lines))
    with pytest.raises(JournalDamaged, match=f"line {line + 1} "):
        Journal.read(path)
    with pytest.raises(JournalDamaged), journal.writing(1, "0xaa"):
        pytest.fail("it is open for writing")
    assert path.read_bytes() == content


def test_journal__when_a_step_failed__then_it_starts_anew(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    with journal.writing(1, "0xaa"):
        journal.start(Started("step", SIGNED, "0xcc", "", {}))
        journal.fail("step", "refused")
    assert Journal.read(tmp_path / "journal.jsonl").started == {}


# --- addresses ---


def test_addresses__when_absent_incomplete_or_of_another_chain__then_said_so(tmp_path: Path) -> None:
    with pytest.raises(NotDeployed, match="nothing is deployed on chain 5"):
        read_deployment(tmp_path, 5, "0xaa")
    (tmp_path / "5").mkdir()
    write_deployment(tmp_path / "5", Deployment(5, "0xaa", False, {}))
    with pytest.raises(NotDeployed, match="not complete"):
        read_deployment(tmp_path, 5, "0xaa")
    with pytest.raises(JournalOfOtherChain, match="0xbb"):
        read_deployment(tmp_path, 5, "0xbb")
    write_deployment(tmp_path / "5", Deployment(5, "0xaa", True, {}))
    with pytest.raises(NotDeployed, match="no contract Vouchers"):
        read_deployment(tmp_path, 5, "0xaa").address("Vouchers")


@pytest.mark.parametrize(
    ("nonce", "address"),
    [  # the published examples of EIP-1014's forerunner: sender 0x6ac7…, as every client computes them
        (0, "0xcd234A471b72ba2F1Ccf0A70FCABA648a5eeCD8d"),
        (1, "0x343c43A37D37dfF08AE8C4A11544c718AbB4fCF8"),
        (2, "0xf778B86FA74E846c4f0a1fBd1335FE81c00a0C91"),
    ],
)
def test_created_address__when_small_nonces__then_the_published_ones(nonce: int, address: str) -> None:
    assert created_address("0x6ac7ea33f8831ea9dcc53393aaa88b25a785dbf0", nonce) == address


def test_created_address__when_large_nonces__then_what_the_chain_makes(chain: Chain) -> None:
    for nonce in range(130):
        receipt = chain.send()
        if nonce > 125:
            assert receipt.created == created_address(chain.sender.address, nonce)
