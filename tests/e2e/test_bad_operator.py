"""The operator turns bad: OPERATOR's key is stolen, the node's database deleted. On a real chain with the node's own code.

├── every function that is not OPERATOR's, by the table of roles, sent with its key: refused in a block, and nothing is logged
├── every function that it may call, tried without what others must sign: moves nothing
└── a second organisation's fresh node, given the chain's address and addresses.json: the same index, the same figures
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from coincurve import PrivateKey
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_account.signers.local import LocalAccount

from node_api.__main__ import cli
from node_api.chain.contracts import custom_errors
from node_api.chain.eip712 import NAME, VERSION, booking_digest, sign
from node_api.chain.keys import KeyRole
from node_api.chain.redeem_codec import encode_redeem
from node_api.domain.ids import Amount, BatchId, Hash, MerchantId, Place, RollId, UnixSeconds, voucher_id
from node_api.domain.item_words import ItemGroup
from node_api.domain.items import Spend
from node_api.domain.reservations import Reservation
from tests.e2e.other_node import figures, opened, opening
from tests.e2e.thief import NOW, Thief, encoded, refusals
from tests.world import CHAIN_ID, DAY, ENDS_AT, FACE_A, FACE_B, STARTS_AT, World
from tools.role_table import rows

FAR = 2 * ENDS_AT
WHY = bytes(31) + b"\x01"
DISPUTED, REVERSIBLE = 6, 7
BOOKED = voucher_id(BatchId(2), RollId(1), Place(3))
BOOKING = Reservation(
    (Spend(BOOKED, Amount(FACE_B), 0),),
    MerchantId(1),
    Hash("0x" + WHY.hex()),
    0,
    UnixSeconds(NOW + 5 * DAY),
    UnixSeconds(NOW + 3_000),
)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path / "chain").start()
    yield world
    world.stop()
    world.rpc.close()


def live_on(world: World) -> None:
    """Some trade, a freeze, a dispute, a run prepared, a payout account and a version of the rules on their way."""
    world.fund()
    world.issue()
    world.spend()
    for holder, number in ((2, DISPUTED), (3, REVERSIBLE)):
        item = world.item(holder, [(1, 1)], 1, NOW - 100 + number)
        world.redeem([ItemGroup.of(MerchantId(1), (item,))], NOW - 100 + number)
    world.at(NOW)
    world.send(KeyRole.AUDITOR, "CaseDesk", "freeze", 1, world.voucher(2, 1, 1), NOW + 5 * DAY, "looks odd")
    day = [(1 << 16 | 1, 1, world.day(STARTS_AT + 100), FACE_A)]
    world.send(KeyRole.TREASURER, "Treasury", "prepareSettlement", day)
    world.send(KeyRole.REGISTRAR, "MerchantRegistry", "proposePayout", 1, world.roles.address(KeyRole.APPROVER))
    world.propose_rules(1, (0, [], 0), dayCount=1)
    world.send(KeyRole.OPERATOR, "Vouchers", "book", [(1, [reservation(world, world.holders[3])])], [])
    root = bytes([7]) * 32
    world.send(KeyRole.REGISTRAR, "CaseDesk", "proposeRoot", 1, root, "the first list")
    world.send(KeyRole.APPROVER, "CaseDesk", "approveRoot", 1, root)
    world.send(KeyRole.TREASURER, "CaseDesk", "openRound", 1, (2, NOW, NOW + 5 * DAY, root, [2]))


def reservation(world: World, signer: PrivateKey) -> tuple[object, ...]:
    """The fourth holder's voucher of batch 2, for a service at merchant 1."""
    signed = BOOKING.signed(sign(signer, booking_digest(world.domain, BOOKING)))
    spends = [(spend.voucher, spend.amount, spend.sequence) for spend in signed.spends]
    return spends, signed.lapse_at, WHY, signed.channel, signed.deadline, signed.signature


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
        "book": lambda: _book_for_others(thief),
        "capture": lambda: _capture_for_others(thief),
        "release": lambda: _release_for_others(thief),
        "syncRelayer": lambda: _list_others(thief),
        "syncAttestor": lambda: _list_others(thief),
        "claim": lambda: _claim_for_others(thief),
        "closeRound": lambda: thief.says("CaseDesk_RoundRunning", "CaseDesk", "closeRound", 1, 1),
        "appeal": lambda: _record_an_appeal(thief),
        "reverse": lambda: thief.says("CaseDesk_NotTheMerchant", "CaseDesk", "reverse", reversible, WHY, FAR, b""),
        "dispute": lambda: thief.says("CaseDesk_NotAParty", "CaseDesk", "dispute", reversible, WHY, FAR, b""),
        "decideByDefault": lambda: thief.says("CaseDesk_DecisionOpen", "CaseDesk", "decideByDefault", 1),
        "transfer": lambda: thief.says("ERC20InsufficientBalance", "SettlementToken", "transfer", thief.address, 1),
        "transferFrom": lambda: _take_escrow(thief),
        "approve": lambda: thief.send("SettlementToken", encoded("SettlementToken", "approve", thief.address, 1)),
        "cancel": lambda: _cancel(thief),
        "renounceRole": lambda: _renounce_for_others(thief),
        "multicall": lambda: _grant_in_a_multicall(thief),
    }
    open_to_operator = {row.function for row in rows() if "OPERATOR" in row.may and row.note != "reads"}
    assert set(attempts) == open_to_operator, "a function OPERATOR may call that nobody tries here"
    for attempt in attempts.values():
        attempt()


def _redeem_for_others(thief: Thief) -> None:
    """Without the holder's signature, and with one that was used."""
    used = thief.world.item(0, [(1, 1), (2, 1)], 1, STARTS_AT + 100)
    receipt = thief.send("Vouchers", encode_redeem([ItemGroup.of(MerchantId(1), (thief.stolen_item(NOW), used))]))
    assert refusals(receipt) == ["SignatureInvalid", "DeadlinePassed"]


def _consent_for_others(thief: Thief) -> None:
    items: list[object] = []
    group = [(1, "0x" + "00" * 20, b"", items)]
    data = encoded("Vouchers", "redeemWithConsents", group, [(WHY, bytes(65))])
    assert thief.send("Vouchers", data).logs == ()


def _book_for_others(thief: Thief) -> None:
    forged = reservation(thief.world, PrivateKey())
    receipt = thief.send("Vouchers", encoded("Vouchers", "book", [(1, [forged])], []))
    assert refusals(receipt) == ["SignatureInvalid"]


def _capture_for_others(thief: Thief) -> None:
    booking = booking_digest(thief.world.domain, BOOKING)
    served = (booking, [(BOOKED, FACE_B)], 100_000, WHY, FAR, b"")
    thief.says("Vouchers_NotTheMerchant", "Vouchers", "capture", served)


def _release_for_others(thief: Thief) -> None:
    booking = booking_digest(thief.world.domain, BOOKING)
    thief.says("Vouchers_ReleaseNotAllowed", "Vouchers", "release", booking, [BOOKED], FAR, b"")


def _claim_for_others(thief: Thief) -> None:
    """In a holder's name, and in the thief's own, which is on no list."""
    own: LocalAccount = Account.create()
    claims = [_claim(thief, holder, own) for holder in (thief.world.holder_addresses[0], str(own.address))]
    receipt = thief.send("CaseDesk", encoded("CaseDesk", "claim", 1, 1, False, claims))
    words = [bytes.fromhex(str(log["data"])[2:])[-32:-28] for log in receipt.logs]
    assert [custom_errors()[word].name for word in words] == ["CaseDesk_ClaimSignatureInvalid", "CaseDesk_NotEligible"]


def _claim(thief: Thief, holder: str, signer: LocalAccount) -> tuple[object, ...]:
    fields = ("uint256 programme", "uint256 round", "address holder", "bytes32 nullifier", "uint256 deadline")
    contract_ = thief.world.addresses["Vouchers"]
    domain = {"name": NAME, "version": VERSION, "chainId": CHAIN_ID, "verifyingContract": contract_}
    types = {"Claim": [dict(zip(("type", "name"), field.split(), strict=True)) for field in fields]}
    message = {"programme": 1, "round": 1, "holder": holder, "nullifier": WHY, "deadline": FAR}
    signed = signer.sign_message(encode_typed_data(domain, types, message))
    no_proof: list[bytes] = []
    return holder, WHY, FAR, bytes(signed.signature), bytes(32), no_proof


def _list_others(thief: Thief) -> None:
    for function, view in (("syncRelayer", "isRelayer"), ("syncAttestor", "isAttestor")):
        accomplice = str(Account.create().address)
        thief.send("Vouchers", encoded("Vouchers", function, accomplice))
        assert thief.ask("Vouchers", view, accomplice) is False
    thief.send("Vouchers", encoded("Vouchers", "syncAttestor", thief.address))
    assert thief.ask("Vouchers", "isAttestor", thief.address) is False


def _record_an_appeal(thief: Thief) -> None:
    voucher = thief.world.voucher(2, 1, 1)
    held = thief.ask("Vouchers", "frozenUntil", 1, voucher)
    thief.send("CaseDesk", encoded("CaseDesk", "appeal", 1, voucher, WHY))
    assert thief.ask("Vouchers", "frozenUntil", 1, voucher) == held == NOW + 5 * DAY


def _take_escrow(thief: Thief) -> None:
    treasury = thief.world.addresses["Treasury"]
    thief.says("ERC20InsufficientAllowance", "SettlementToken", "transferFrom", treasury, thief.address, 1)


def _cancel(thief: Thief) -> None:
    vouchers = thief.world.addresses["Vouchers"]
    thief.says("AccessManagerNotScheduled", "AccessManager", "cancel", thief.address, vouchers, WHY)


def _renounce_for_others(thief: Thief) -> None:
    admin = thief.world.roles.address(KeyRole.ADMIN)
    thief.says("AccessManagerBadConfirmation", "AccessManager", "renounceRole", 0, admin)


def _grant_in_a_multicall(thief: Thief) -> None:
    grant = encoded("AccessManager", "grantRole", 1, thief.address, 0)
    thief.says("AccessManagerUnauthorizedAccount", "AccessManager", "multicall", [grant])


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
