"""What a watch sees of a real deployment: roles, permissions, contracts, code.

the deployment → every role given, every function's role changed, by transaction
└── none of its contracts is foreign, all code is as on record
a role given and taken → told, by account; by a node that goes by a rival branch for a moment, too
a contract that somebody creates → told, by creator; one that fails → nothing
a record with another hash, an address without code → told, as are those that are linked to it
a front that runs foreign code, or another contract's → told      code with another domain for signatures built in → told
a contract whose roles another manager keeps, or that believes a foreign one → told
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from sqlalchemy import Engine

from node_api.chain.contracts import contract
from node_api.chain.eip712 import domain_separator
from node_api.chain.keys import ACCOUNT_ROLES, KeyRole
from node_api.chain.roles import ROLE_IDS
from node_api.chain.rpc import Request, RpcClient
from node_api.chain.rpc_errors import RpcError
from node_api.chain.rpc_values import Json, data
from node_api.chain.watched import WatchedNode
from node_api.domain.findings import Finding
from node_api.domain.findings import FindingKind as Kind
from node_api.services.watching import Watch
from node_api.storage.watch import WatchTables
from tests.world import World

STRANGER = "0x" + "57" * 20
ANSWERS_42 = bytes.fromhex("602a60005260206000f3")


@pytest.fixture
def store(world: World, engine: Engine) -> WatchTables:
    store = WatchTables(engine)
    Watch(WatchedNode(world.rpc, world.deployment), store).look()
    return store


def noticed(world: World, store: WatchTables, *kinds: Kind) -> list[Finding]:
    Watch(WatchedNode(world.rpc, world.deployment), store).look()
    return store.findings(kinds, limit=1_000)[::-1]


def created(world: World, name: str, *arguments: object) -> str:
    """Another instance of a contract of the release."""
    shipped = contract(name)
    made = (
        world.senders[KeyRole.OPERATOR].transact(None, shipped.creation + shipped.constructor.encode(arguments)).created
    )
    assert made is not None
    return made


def differences(world: World, engine: Engine, **addresses: str) -> list[str]:
    """What is told of a record that names these addresses."""
    contracts = dict(world.deployment.contracts)
    for name, address in addresses.items():
        contracts[name] = replace(contracts[name], address=address)
    store = WatchTables(engine)
    Watch(WatchedNode(world.rpc, replace(world.deployment, contracts=contracts)), store).look()
    return [one.detail for one in store.findings([Kind.CODE_DIFFERS], limit=1_000)]


def test_watch__over_a_deployment__tells_its_roles_and_nothing_foreign(world: World, store: WatchTables) -> None:
    granted = {(one.subject, one.detail.split(" ")[0]) for one in noticed(world, store, Kind.ROLE_GRANTED)}
    roles = [role for role in ACCOUNT_ROLES if role in ROLE_IDS]
    assert {(world.roles.address(role).lower(), role.name) for role in roles} <= granted
    changed = {one.subject for one in noticed(world, store, Kind.PERMISSIONS_CHANGED)}
    assert {world.addresses[name].lower() for name in ("Vouchers", "Treasury", "CaseDesk")} <= changed
    assert noticed(world, store, Kind.CONTRACT_CREATED, Kind.CODE_DIFFERS) == []


def test_watch__when_a_role_is_given_and_taken__tells_the_account(world: World, store: WatchTables) -> None:
    before = len(store.findings(limit=1_000))
    role = ROLE_IDS[KeyRole.AUDITOR]
    world.send(KeyRole.ADMIN, "AccessManager", "grantRole", role, STRANGER, 0)
    world.send(KeyRole.ADMIN, "AccessManager", "revokeRole", role, STRANGER)
    found = noticed(world, store)[before:]
    assert [(one.kind, one.subject, one.detail.split(" ")[0]) for one in found] == [
        (Kind.ROLE_GRANTED, STRANGER, "AUDITOR"),
        (Kind.ROLE_REVOKED, STRANGER, "AUDITOR"),
    ]


class RivalFollowed(RpcClient):
    """A node that goes by a rival block while it is asked for logs, and back: by height it has none, by hash it has all."""

    def try_batch(self, requests: Sequence[Request]) -> list[Json | RpcError]:
        asked = [params[0] for method, params in requests if method == "eth_getLogs"]
        if any(isinstance(one, dict) and "blockHash" not in one for one in asked):
            return [[] for _ in requests]
        return super().try_batch(requests)


def test_watch__when_a_rival_answers_for_a_moment__tells_the_role_all_the_same(
    world: World, store: WatchTables
) -> None:
    world.send(KeyRole.ADMIN, "AccessManager", "grantRole", ROLE_IDS[KeyRole.AUDITOR], STRANGER, 0)
    with RivalFollowed(world.rpc.url) as rpc:
        Watch(WatchedNode(rpc, world.deployment), store).look()
    assert STRANGER in {one.subject for one in noticed(world, store, Kind.ROLE_GRANTED)}


def test_watch__when_somebody_creates_a_contract__tells_its_creator(world: World, store: WatchTables) -> None:
    created = world.create(bytes.fromhex("00"))
    (one,) = noticed(world, store, Kind.CONTRACT_CREATED)
    assert one.subject == created.lower()
    assert one.detail.startswith(f"by {world.roles.address(KeyRole.OPERATOR).lower()} in 0x")


def test_watch__when_record_and_code_are_at_odds__tells(world: World, store: WatchTables) -> None:
    contracts = dict(world.deployment.contracts)
    contracts["Vouchers"] = replace(contracts["Vouchers"], code_hash="0x" + "0" * 64)
    contracts["Treasury"] = replace(contracts["Treasury"], address=STRANGER)
    node = WatchedNode(world.rpc, replace(world.deployment, contracts=contracts))
    Watch(node, store).look()
    found = store.findings([Kind.CODE_DIFFERS])
    treasury = world.addresses["Treasury"].lower()
    assert {(one.subject, one.detail.split(" ")[4]) for one in found} == {
        (world.addresses["Vouchers"].lower(), "on"),
        (world.addresses["Vouchers"].lower(), "this"),
        (STRANGER, "on"),
        *((world.addresses[name].lower(), f"{treasury},") for name in ("Vouchers", "ProgrammeRegistry", "CaseDesk")),
    }


def test_watch__when_a_front_runs_foreign_code__tells(world: World, engine: Engine) -> None:
    foreign = world.create(ANSWERS_42)  # it could as well write any slot of Vouchers
    vouchers = created(world, "Vouchers", world.addresses["AccessManager"], foreign)
    assert int.from_bytes(data(world.rpc.call("eth_call", [{"to": vouchers, "data": "0xdeadbeef"}, "latest"]))) == 42
    assert f"Vouchers: built into it is {foreign.lower()}, which the record does not lead to" in differences(
        world, engine, Vouchers=vouchers
    )


def test_watch__when_a_front_runs_another_contract_of_the_release__tells(world: World, engine: Engine) -> None:
    desk = created(world, "CaseDesk", world.addresses["AccessManager"], world.addresses["ProgrammeBack"])
    assert (
        f"CaseDesk: built into it is {world.addresses['ProgrammeBack'].lower()}, which the record does not lead to"
        in differences(world, engine, CaseDesk=desk)
    )


def test_watch__when_another_domain_is_built_in__tells(world: World, engine: Engine) -> None:
    code = data(world.rpc.call("eth_getCode", [world.addresses["Vouchers"], "latest"]))
    other = domain_separator(1, world.addresses["Vouchers"])  # signatures of another chain would count
    world.rpc.call("anvil_setCode", [world.addresses["Vouchers"], "0x" + code.replace(world.domain, other).hex()])
    (told,) = differences(world, engine)
    assert told == f"Vouchers: built into it is 0x{other.hex()}, which the record does not lead to"


def test_watch__when_another_manager_keeps_the_roles__tells(world: World, engine: Engine) -> None:
    manager = created(world, "AccessManager", world.holder_addresses[0])
    treasury = created(world, "Treasury", manager)
    assert f"Treasury: its AccessManager is {manager.lower()}, not the one on record" in differences(
        world, engine, Treasury=treasury
    )


def test_watch__when_a_contract_believes_a_foreign_one__tells(world: World, engine: Engine) -> None:
    vouchers = created(world, "Vouchers", world.addresses["AccessManager"], world.addresses["VouchersBack"])
    links = [world.addresses[name] for name in ("ProgrammeRegistry", "MerchantRegistry", "Treasury")]
    calldata = world.encode("VouchersBack", "link", *links, STRANGER)
    world.senders[KeyRole.ADMIN].transact(vouchers, calldata)
    told = [one for one in differences(world, engine, Vouchers=vouchers) if one.startswith("Vouchers:")]
    assert told == [f"Vouchers: its CaseDesk is {STRANGER}, not the one on record"]
