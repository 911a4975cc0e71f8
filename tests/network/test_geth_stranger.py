"""A stranger's transactions, on real contracts at a real node of geth (`make geth`).

anybody may send: the node takes what they send, and puts it into blocks
redeem, issue, draft, grant → each reverts by the role it lacks, and no word of any contract has changed
└── the role is given → the same transaction by the same account goes through
the regulator's own node, by the network's plan → tells of a role given, of a contract created, of blocks that come too early
"""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount

from node_api.chain.contracts import contract, custom_errors
from node_api.chain.deployment.addresses import Deployment
from node_api.chain.deployment.run import deploy
from node_api.chain.handle import attach_chain
from node_api.chain.keys import ACCOUNT_ROLES, KeyRole
from node_api.chain.redeem_codec import encode_redeem
from node_api.chain.roles import ROLE_IDS
from node_api.chain.rpc import RpcClient
from node_api.chain.rpc_errors import RpcError, RpcUnavailable
from node_api.chain.rpc_values import quantity, record, text
from node_api.chain.sender import Reverted, Sender
from node_api.cli.deploy import open_chain
from node_api.cli.observe import watched
from node_api.config import Settings
from node_api.domain.access import ApiRole
from node_api.domain.ids import Address
from node_api.network.create import create_network
from node_api.network.processes import start, stop
from node_api.network.rules import WEAKNESSES
from node_api.observer import build_observer
from node_api.serving import serving
from tests.network.conftest import at_free_ports, geth_or_skip, organisations, parameters
from tests.network.geths import until, url_of
from tests.world import Roles

pytestmark = pytest.mark.slow
GAS = 3_000_000
_PULSE_SECONDS = 0.25
KINDS = ("role-granted", "contract-created", "code-differs", "block-early")
STARTS_AT, ENDS_AT = 4_000_000_000, 4_100_000_000
LINE = ("0x" + "11" * 20, 0, "everybody", "meals", 1_000)
RULES = (3_600, 86_400, 43_200, *(0,) * 11)


@dataclass
class Place:
    """A chain of one signer, with the contracts, and whose roles are known."""

    rpc: RpcClient
    admin: Sender
    deployment: Deployment
    deployments: Path
    block: int = 0

    def grant(self, role: KeyRole, account: str) -> int:
        """Gives a role; returns the block, at which everything stands that was there before."""
        granting = call("AccessManager", "grantRole", ROLE_IDS[role], account, 0)
        return self.admin.transact(self.address("AccessManager"), granting, gas=GAS).block

    def address(self, name: str) -> str:
        return self.deployment.address(name)

    def words(self, block: int) -> dict[str, str]:
        """The root of each contract's storage: equal as long as no word of it has changed."""
        return {
            name: text(record(self.rpc.call("eth_getProof", [entry.address, [], hex(block)]))["storageHash"])
            for name, entry in self.deployment.contracts.items()
        }


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder, program = tmp_path_factory.mktemp("stranger") / "city", geth_or_skip()
    roles, pulse = Roles(), Account.create()
    senders = (*(Address(roles.address(role)) for role in ACCOUNT_ROLES), Address(pulse.address))
    members = at_free_ports((replace(organisations(1)[0], accounts=senders),))
    network = create_network(folder, parameters(), members, WEAKNESSES).network
    _seal_at_once(folder / "treasury" / "shared" / "genesis.json")
    url = url_of(network.nodes[0])
    try:
        start(folder, network, program)
        with RpcClient(url) as rpc:
            until(lambda: _answers(rpc))
            handle = attach_chain(url, network.parameters.chain_id, folder / "identity.json")
            with pulsing(url, pulse, handle.chain_id):
                deployment = deploy(handle, folder / "deployments", roles)
                place = Place(
                    rpc, Sender(rpc, roles.account(KeyRole.ADMIN), handle.chain_id), deployment, folder / "deployments"
                )
                place.block = place.grant(KeyRole.AUDITOR, roles.address(KeyRole.AUDITOR))
                yield place
    finally:
        stop(folder)


def _seal_at_once(genesis: Path) -> None:
    """Blocks come with transactions instead of by the clock: how often they come is no part of block 0's hash."""
    found = json.loads(genesis.read_text())
    found["config"]["clique"]["period"] = 0
    genesis.write_text(json.dumps(found))


@contextmanager
def pulsing(url: str, account: LocalAccount, chain_id: int) -> Iterator[None]:
    """Sends something again and again: a node that seals on demand can leave one lying that comes as a block is made."""
    over = threading.Event()

    def send() -> None:
        with RpcClient(url) as rpc:
            for nonce in itertools.count():
                fields: dict[str, Any] = {"to": account.address, "value": 0, "nonce": nonce, "chainId": chain_id}
                signed = account.sign_transaction(fields | {"gas": 21_000, "gasPrice": 10**6})
                rpc.call("eth_sendRawTransaction", ["0x" + signed.raw_transaction.hex()])
                if over.wait(_PULSE_SECONDS):
                    return

    with ThreadPoolExecutor(1, "pulse") as pool:
        sent = pool.submit(send)
        try:
            yield
        finally:
            over.set()
            sent.result()


def _answers(rpc: RpcClient) -> bool:
    try:
        return rpc.call("eth_blockNumber") == "0x0"
    except RpcUnavailable:
        return False


class Stranger:
    """An account that nobody has heard of; it offers nothing for gas, which the node that it sends to takes."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.account = Account.create()
        self.sender = Sender(place.rpc, self.account, place.deployment.chain_id)
        self.block = place.block  # of its newest transaction

    def tries(self, name: str, calldata: bytes) -> str:
        """What came of a transaction that is in a block: the error it reverted with, or that it went through."""
        to = self.place.address(name)
        try:
            self.block = self.sender.transact(to, calldata, gas=GAS).block
        except Reverted as reverted:
            self.block = reverted.receipt.block
            return self._why(to, calldata)
        return "went through"

    def _why(self, to: str, calldata: bytes) -> str:
        try:
            self.place.rpc.call(
                "eth_call", [{"from": self.sender.address, "to": to, "data": "0x" + calldata.hex()}, hex(self.block)]
            )
        except RpcError as error:
            return custom_errors()[bytes.fromhex(error.data[2:10])].name
        raise AssertionError("it does not revert any more")


@pytest.fixture
def stranger(place: Place) -> Stranger:
    return Stranger(place)


def call(name: str, function: str, *arguments: object) -> bytes:
    return contract(name).function(function).encode(arguments)


def draft(place: Place) -> bytes:
    """A programme of nobody's."""
    terms = ("Meals", place.address("SettlementToken"), 480, STARTS_AT, ENDS_AT, 1, 0, 1, 1, bytes(32))
    return call("ProgrammeRegistry", "draft", "programme-meals", terms, RULES, [LINE])


def grant(stranger: Stranger, role: KeyRole) -> None:
    """The administrator gives the stranger a role, and it holds."""
    place, account = stranger.place, stranger.sender.address
    place.grant(role, account)
    if role is KeyRole.OPERATOR:
        place.admin.transact(place.address("Vouchers"), call("Vouchers", "syncRelayer", account), gas=GAS)


def test_stranger__when_it_tries_everything__then_reverts_and_nothing_has_changed(
    place: Place, stranger: Stranger
) -> None:
    before = place.words(stranger.block)
    assert len(set(before.values())) > 5
    operator = ROLE_IDS[KeyRole.OPERATOR]
    tried = {
        "redeem": stranger.tries("Vouchers", encode_redeem([])),
        "issue": stranger.tries("Vouchers", call("Vouchers", "issue", [1], [1])),
        "draft": stranger.tries("ProgrammeRegistry", draft(place)),
        "mint": stranger.tries("SettlementToken", call("SettlementToken", "mint", stranger.sender.address, 1)),
        "grant": stranger.tries(
            "AccessManager", call("AccessManager", "grantRole", operator, stranger.sender.address, 0)
        ),
        "revoke": stranger.tries("CaseDesk", call("CaseDesk", "revoke", [1], "because")),
    }
    assert tried == {
        "redeem": "Vouchers_SenderNotAllowed",
        "issue": "AccessManagedUnauthorized",
        "draft": "AccessManagedUnauthorized",
        "mint": "SettlementToken_CallerNotIssuer",
        "grant": "AccessManagerUnauthorizedAccount",
        "revoke": "AccessManagedUnauthorized",
    }
    assert place.words(stranger.block) == before
    count = place.rpc.call("eth_getTransactionCount", [stranger.sender.address, hex(stranger.block)])
    assert quantity(count) == len(tried)


def test_stranger__when_the_role_is_given__then_the_same_goes_through(place: Place, stranger: Stranger) -> None:
    redeeming, drafting = encode_redeem([]), draft(place)
    granting = call("AccessManager", "grantRole", ROLE_IDS[KeyRole.AUDITOR], stranger.sender.address, 0)
    asked = (("Vouchers", redeeming), ("ProgrammeRegistry", drafting), ("AccessManager", granting))
    assert [stranger.tries(*one) for one in asked] != ["went through"] * 3
    before = place.words(stranger.block)
    for role in (KeyRole.OPERATOR, KeyRole.TREASURER, KeyRole.ADMIN):
        grant(stranger, role)
    assert [stranger.tries(*one) for one in asked] == ["went through"] * 3
    changed = {name for name, words in place.words(stranger.block).items() if words != before[name]}
    assert {"ProgrammeRegistry", "AccessManager", "Vouchers"} <= changed


def test_regulators_node__when_a_stranger_is_given_a_role__then_it_tells(
    place: Place, stranger: Stranger, tmp_path: Path
) -> None:
    grant(stranger, KeyRole.ARBITER)
    created = Sender(place.rpc, stranger.account, place.deployment.chain_id).transact(
        None, bytes.fromhex("600160005360016000f3"), gas=GAS
    )
    settings = Settings(data=tmp_path, deployments=place.deployments, network=str(place.deployments.parent))
    told_beside = watched(settings, None)
    with build_observer(settings, open_chain(settings), told_beside) as observer, serving(observer.api) as url:
        token = observer.keyring.create(ApiRole.AUDITOR, "regulator")[1]
        with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=60) as client:
            until(
                lambda: (client.get("/v1/audit/findings").json()["watched"] or {"number": 0})["number"] >= created.block
            )
            asked = [client.get("/v1/audit/findings", params={"kind": kind, "limit": 1_000}).json() for kind in KINDS]
            found = [one for answer in asked for one in answer["findings"]]
            assert client.post("/v1/freezes", json={}).json()["reason"] == "NodeOnlyObserves"
    told = {(one["kind"], one["subject"], one["detail"].split(" ")[0]) for one in found}
    assert ("role-granted", stranger.sender.address.lower(), "ARBITER") in told
    assert ("contract-created", str(created.created).lower(), "by") in told
    kinds = {one["kind"] for one in found}
    assert "code-differs" not in kinds
    assert "block-early" in kinds  # the plan says a second
