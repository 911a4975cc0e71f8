"""Keys fall into the wrong hands, on a real chain with the node's own code.

the operator turns bad: OPERATOR's key is stolen, the node's database deleted
├── every function that is not OPERATOR's, by the table of roles, sent with its key: refused in a block, and nothing is logged
├── every function that it may call, tried without what others must sign: moves nothing
└── a second organisation's fresh node, given the chain's address and addresses.json: the same index, the same figures
a terminal's key is stolen
├── every function that is not a terminal's: refused in a block
├── redeems what holders signed, up to its daily limit, and nothing else
└── reverses what it answered for, up to its daily limit, and nothing else
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner
from coincurve import PrivateKey
from eth_account import Account

from node_api.__main__ import cli
from node_api.chain.case_desk import proof
from node_api.chain.contracts import contract
from node_api.chain.handle import attach_chain
from node_api.chain.keys import KeyRole
from node_api.chain.redeem_codec import REASONS, encode_redeem
from node_api.chain.sender import Receipt
from node_api.config import Settings
from node_api.domain.ids import Amount, MerchantId
from node_api.domain.items import Item, ItemGroup, Spend, TerminalSeal
from node_api.domain.reconciliation import Check
from node_api.record import Record, open_record
from node_api.services.ports.casework import Opening
from node_api.services.reconciling import reconcile
from tests.e2e.thief import NOW, Thief
from tests.world import CHAIN_ID, DAY, ENDS_AT, FACE_A, FACE_B, STARTS_AT, World
from tools.role_table import rows

FAR = 2 * ENDS_AT
WHY = bytes(31) + b"\x01"
DISPUTED, REVERSIBLE = 6, 7
TERMINAL_LIMIT = FACE_A + 3 * FACE_B
BEFORE_MIDNIGHT = STARTS_AT + 17 * 3_600  # 23:30 of the programmes' first day


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path / "chain").start()
    yield world
    world.stop()
    world.rpc.close()


@contextmanager
def opened(world: World, folder: Path) -> Iterator[Record]:
    """The record of a node that has its own folder, the chain's address and addresses.json, and no key."""
    known = Path("deployments") / str(CHAIN_ID) / "addresses.json"
    (folder / known).parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(world.folder / known, folder / known)
    settings = Settings(data=folder, chain_url=world.handle.url, chain_id=CHAIN_ID)
    record = open_record(settings, attach_chain(world.handle.url, CHAIN_ID, folder / "identity.json"))
    try:
        record.indexer.catch_up()
        yield record
    finally:
        record.close()


def figures(record: Record) -> list[Check]:
    """Every term that reconciliation compares; they must agree."""
    with record.reads.at_head() as reader:
        outcome = reconcile(reader, record.ledger)
    assert outcome.differences == []
    return list(outcome.checks)


def opening(record: Record, number: int) -> tuple[object, ...]:
    """The proof of a redemption, as anybody can read it off the chain."""
    with record.reads.at_head() as reader:
        commitment = reader.commitment_of(number)
        assert commitment is not None
        call = reader.redemptions_from(commitment.first_number, commitment.count)
    return proof(Opening(commitment.first_number, call, number))


# --- the operator ---


def live_on(world: World) -> None:
    """Some trade, a freeze, a dispute, a run prepared, a payout account and a version of the rules on their way."""
    world.fund()
    world.issue()
    world.spend()
    for holder, number in ((2, DISPUTED), (3, REVERSIBLE)):
        item = world.item(holder, [(1, 1)], 1, NOW - 100 + number)
        world.redeem([ItemGroup(MerchantId(1), (item,))], NOW - 100 + number)
    world.at(NOW)
    world.send(KeyRole.AUDITOR, "CaseDesk", "freeze", 1, world.voucher(2, 1, 1), NOW + 5 * DAY, "looks odd")
    day = [(1 << 16 | 1, 1, world.day(STARTS_AT + 100), FACE_A)]
    world.send(KeyRole.TREASURER, "Treasury", "prepareSettlement", day)
    world.send(KeyRole.REGISTRAR, "MerchantRegistry", "proposePayout", 1, world.roles.address(KeyRole.APPROVER))
    world.propose_rules(1, (0, [], 0), dayCount=1)


def test_operator__with_the_key_stolen_and_the_database_deleted__moves_nothing(world: World, tmp_path: Path) -> None:
    live_on(world)
    with opened(world, tmp_path / "node") as record:
        disputed, reversible = opening(record, DISPUTED), opening(record, REVERSIBLE)
        world.send(KeyRole.EMERGENCY, "CaseDesk", "dispute", disputed, WHY, FAR, b"")
        record.indexer.catch_up()
        before = figures(record)
    (tmp_path / "node" / "node.sqlite").unlink()

    thief = Thief(world, world.roles.account(KeyRole.OPERATOR))
    assert thief.is_refused_all("OPERATOR") >= 80
    _try_what_is_open(thief, reversible)

    with opened(world, tmp_path / "other") as record:
        assert figures(record) == before
        with record.reads.at_head() as reader:
            assert [row.number for row in reader.redemptions_from(1, 100)] == list(range(1, REVERSIBLE + 1))
        digest = record.tables.digest_of()
    with opened(world, tmp_path / "node") as record:  # the first node, built again from nothing
        assert record.tables.digest_of() == digest
    _other_organisation_verifies(world, tmp_path / "other")


def _try_what_is_open(thief: Thief, reversible: tuple[object, ...]) -> None:
    """Everything that the table gives OPERATOR, without what others must sign."""
    attempts: dict[str, Callable[[], object]] = {
        "redeem": lambda: _redeem_for_others(thief),
        "redeemWithConsents": lambda: _consent_for_others(thief),
        "syncRelayer": lambda: _list_others(thief),
        "syncAttestor": lambda: _list_others(thief),
        "appeal": lambda: _record_an_appeal(thief),
        "reverse": lambda: _says(thief, "CaseDesk_NotTheMerchant", "CaseDesk", "reverse", reversible, WHY, FAR, b""),
        "dispute": lambda: _says(thief, "CaseDesk_NotAParty", "CaseDesk", "dispute", reversible, WHY, FAR, b""),
        "decideByDefault": lambda: _says(thief, "CaseDesk_DecisionOpen", "CaseDesk", "decideByDefault", 1),
        "transfer": lambda: _says(thief, "ERC20InsufficientBalance", "SettlementToken", "transfer", thief.address, 1),
        "transferFrom": lambda: _take_escrow(thief),
        "approve": lambda: thief.send("SettlementToken", _encoded("SettlementToken", "approve", thief.address, 1)),
        "cancel": lambda: _cancel(thief),
        "renounceRole": lambda: _renounce_for_others(thief),
        "multicall": lambda: _grant_in_a_multicall(thief),
    }
    open_to_operator = {row.function for row in rows() if "OPERATOR" in row.may and row.note != "reads"}
    assert set(attempts) == open_to_operator, "a function OPERATOR may call that nobody tries here"
    for attempt in attempts.values():
        attempt()


def _encoded(target: str, function: str, *arguments: object) -> bytes:
    return contract(target).function(function).encode(arguments)


def _says(thief: Thief, error: str, target: str, function: str, *arguments: object) -> None:
    assert thief.refusal(target, _encoded(target, function, *arguments)).startswith(error)


def _stolen_item(thief: Thief, now: int) -> Item:
    """The third holder's voucher, signed by the thief."""
    spends = (Spend(thief.world.voucher(2, 1, 2), Amount(FACE_B), 0),)
    return thief.world.sign(PrivateKey(), spends, 1, now)


def _reasons(receipt: Receipt) -> list[str]:
    """Names of the reasons in a call's logs, which are all refusals."""
    words = [str(log["data"])[2:] for log in receipt.logs]
    return [REASONS[bytes.fromhex(word[-64:-56])] for word in words]


def _redeem_for_others(thief: Thief) -> None:
    """Without the holder's signature, and with one that was used."""
    used = thief.world.item(0, [(1, 1), (2, 1)], 1, STARTS_AT + 100)
    receipt = thief.send("Vouchers", encode_redeem([ItemGroup(MerchantId(1), (_stolen_item(thief, NOW), used))]))
    assert _reasons(receipt) == ["SignatureInvalid", "DeadlinePassed"]


def _consent_for_others(thief: Thief) -> None:
    items: list[object] = []
    group = [(1, "0x" + "00" * 20, b"", items)]
    data = _encoded("Vouchers", "redeemWithConsents", group, [(WHY, bytes(65))])
    assert thief.send("Vouchers", data).logs == ()


def _list_others(thief: Thief) -> None:
    for function, view in (("syncRelayer", "isRelayer"), ("syncAttestor", "isAttestor")):
        accomplice = str(Account.create().address)
        thief.send("Vouchers", _encoded("Vouchers", function, accomplice))
        assert thief.ask("Vouchers", view, accomplice) is False
    thief.send("Vouchers", _encoded("Vouchers", "syncAttestor", thief.address))
    assert thief.ask("Vouchers", "isAttestor", thief.address) is False


def _record_an_appeal(thief: Thief) -> None:
    voucher = thief.world.voucher(2, 1, 1)
    held = thief.ask("Vouchers", "frozenUntil", 1, voucher)
    thief.send("CaseDesk", _encoded("CaseDesk", "appeal", 1, voucher, WHY))
    assert thief.ask("Vouchers", "frozenUntil", 1, voucher) == held == NOW + 5 * DAY


def _take_escrow(thief: Thief) -> None:
    treasury = thief.world.addresses["Treasury"]
    _says(thief, "ERC20InsufficientAllowance", "SettlementToken", "transferFrom", treasury, thief.address, 1)


def _cancel(thief: Thief) -> None:
    vouchers = thief.world.addresses["Vouchers"]
    _says(thief, "AccessManagerNotScheduled", "AccessManager", "cancel", thief.address, vouchers, WHY)


def _renounce_for_others(thief: Thief) -> None:
    admin = thief.world.roles.address(KeyRole.ADMIN)
    _says(thief, "AccessManagerBadConfirmation", "AccessManager", "renounceRole", 0, admin)


def _grant_in_a_multicall(thief: Thief) -> None:
    grant = _encoded("AccessManager", "grantRole", 1, thief.address, 0)
    _says(thief, "AccessManagerUnauthorizedAccount", "AccessManager", "multicall", [grant])


def _other_organisation_verifies(world: World, folder: Path) -> None:
    """With the commands a person would type."""
    env = {
        "VOUCHERTRAIL_DATA": str(folder),
        "VOUCHERTRAIL_CHAIN_URL": world.handle.url,
        "VOUCHERTRAIL_CHAIN_ID": str(CHAIN_ID),
    }
    for command in (["index", "verify"], ["audit", "reconcile"]):
        done = CliRunner().invoke(cli, [*command, "--json"], env=env)
        assert done.exit_code == 0, done.output
        assert json.loads(done.stdout.strip().splitlines()[-1])["equal"] is True


# --- the terminal ---


def test_terminal__with_the_key_stolen__does_what_its_caps_say(world: World, tmp_path: Path) -> None:
    world.fund()
    world.issue()
    world.send(
        KeyRole.REGISTRAR, "MerchantRegistry", "limitTerminal", 1, world.address_of(world.terminal), TERMINAL_LIMIT
    )
    thief = Thief(world, Account.from_key(world.terminal.secret))

    def sell(now: int, *items: Item, merchant: int = 1) -> bytes:
        seal = TerminalSeal(world.address_of(world.terminal), b"")
        world.at(now)
        return encode_redeem([ItemGroup(MerchantId(merchant), items, seal)])

    day1, day2 = BEFORE_MIDNIGHT, BEFORE_MIDNIGHT + 3_600
    relayed = world.item(2, [(1, 1)], 1, day1 - 60)
    world.redeem([ItemGroup(MerchantId(1), (relayed,))], day1 - 60)
    first, second = (world.item(holder, [(1, 1)], 1, day1) for holder in (0, 1))
    sold = thief.send("Vouchers", sell(day1, first, second, _stolen_item(thief, day1)))
    assert _reasons(_refusals(sold)) == ["TerminalLimitPassed", "SignatureInvalid"]
    assert thief.refusal("Vouchers", sell(day1 + 2, merchant=2)).startswith("Vouchers_SenderNotAllowed")
    thief.send("Vouchers", sell(day2, world.item(1, [(1, 1)], 1, day2)))  # another day, another limit

    with opened(world, tmp_path / "node") as record:
        others, own, later = (opening(record, number) for number in (1, 2, 3))
        _says(thief, "CaseDesk_TerminalNotNamed", "CaseDesk", "reverse", others, WHY, FAR, b"")
        thief.send("CaseDesk", _encoded("CaseDesk", "reverse", own, WHY, FAR, b""))
        _says(thief, "CaseDesk_TerminalLimitPassed", "CaseDesk", "reverse", later, WHY, FAR, b"")
        assert thief.is_refused_all("terminal") >= 80
        record.indexer.catch_up()
        figures(record)
        with record.reads.at_head() as reader:
            assert [reader.reversal_of(number) is not None for number in (1, 2, 3)] == [False, True, False]


def _refusals(receipt: Receipt) -> Receipt:
    """The receipt with its refusals alone."""
    topics = {"0x" + contract("Vouchers").topics[name].hex() for name in ("RedemptionRefused", "RedemptionItemRefused")}
    logs = tuple(log for log in receipt.logs if isinstance(log["topics"], list) and log["topics"][0] in topics)
    return Receipt(
        receipt.transaction,
        receipt.block,
        receipt.block_hash,
        receipt.succeeded,
        receipt.gas_used,
        receipt.created,
        logs,
    )
