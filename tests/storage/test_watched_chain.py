"""What a watch sees of a real deployment: roles, permissions, contracts, code.

the deployment → every role given, every function's role changed, by transaction
└── none of its contracts is foreign, all code is as on record
a role given and taken → told, by account      a contract that somebody creates → told, by creator; one that fails → nothing
a record with another hash, an address without code → told
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import Engine

from node_api.chain.keys import ACCOUNT_ROLES, KeyRole
from node_api.chain.roles import ROLE_IDS
from node_api.chain.watched import WatchedNode
from node_api.domain.findings import Finding
from node_api.domain.findings import FindingKind as Kind
from node_api.services.watching import Watch
from node_api.storage.watch import WatchTables
from tests.world import World

STRANGER = "0x" + "57" * 20


@pytest.fixture
def store(world: World, engine: Engine) -> WatchTables:
    store = WatchTables(engine)
    Watch(WatchedNode(world.rpc, world.deployment), store).look()
    return store


def noticed(world: World, store: WatchTables, *kinds: Kind) -> list[Finding]:
    Watch(WatchedNode(world.rpc, world.deployment), store).look()
    return store.findings(kinds, limit=1_000)[::-1]


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
    assert {(one.subject, one.detail.split(" ")[4]) for one in found} == {
        (world.addresses["Vouchers"].lower(), "on"),
        (world.addresses["Vouchers"].lower(), "this"),
        (STRANGER, "on"),
    }
