"""What goes wrong around the node, and a holder that is a contract.

the chain is gone → 503 ChainUnavailable, /readyz and /metrics say so; back again → it goes on
the disk takes nothing → 503 StoreUnavailable; when it does again, the same key goes on
the database's connections are all in use → 503 StoreBusy, saying when to ask again; once one is free → it goes on
the relayer lost its role → /readyz says so, the call fails (502 CallFailed, the receipt free); with the role again → accepted
as many wait as may → 503 QueueFull for new keys, and when to ask again; what was taken in is kept and carried out
a contract as holder → its yes is a signature (ERC-1271), its no and its silence are not
"""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine

from node_api import app
from node_api.app import build_node
from node_api.chain.keys import KeyRing, KeyRole
from node_api.chain.roles import ROLE_IDS
from node_api.config import Settings
from node_api.domain.access import ApiRole
from node_api.domain.ids import Address, Amount
from node_api.domain.items import Spend
from node_api.services.queue_room import LOOK_SECONDS
from node_api.serving import serving
from node_api.storage import engine as storage_engine
from tests.api.conftest import Client, Json, Served
from tests.api.processes import wait_for
from tests.api.test_redeeming import RECEIPT, assert_refused, merchant_time, signed_message
from tests.world import FACE_A, World

SAYS_YES = bytes.fromhex("631626ba7e60e01b60005260206000f3")
SAYS_NO = bytes.fromhex("63ffffffff60e01b60005260206000f3")
SAYS_NOTHING = bytes.fromhex("600080fd")


def deploy(world: World, runtime: bytes) -> Address:
    """A contract of these bytes."""
    creation = bytes([0x60, len(runtime), 0x80, 0x60, 0x0B, 0x60, 0, 0x39, 0x60, 0, 0xF3]) + runtime
    receipt = world.senders[KeyRole.TREASURER].transact(None, creation)
    assert receipt.created is not None
    return Address(receipt.created)


@pytest.fixture(scope="module")
def contracts(served: Served) -> int:
    """A roll whose places belong to contracts: one that says yes, one that says no, one that says nothing."""
    world = served.world
    holders = b"".join(bytes.fromhex(deploy(world, code)[2:]) for code in (SAYS_YES, SAYS_NO, SAYS_NOTHING))
    world.send(KeyRole.TREASURER, "Vouchers", "writeRoll", 1, "roll-contracts", 0, holders)
    roll = world.last_roll()
    world.send(KeyRole.TREASURER, "Vouchers", "issue", [1], [roll])
    return roll


@pytest.mark.parametrize(("place", "reason"), [(0, None), (1, "SignatureInvalid"), (2, "SignatureInvalid")])
def test_redeem__holder_is_a_contract__its_answer_counts(
    served: Served, merchant: Client, contracts: int, place: int, reason: str | None
) -> None:
    world = served.world
    spends = (Spend(world.voucher(1, contracts, place), Amount(FACE_A)),)
    item = world.sign(world.holders[0], spends, 1, merchant_time(served) + place)

    answer = merchant.redeem(signed_message(item))

    if reason is None:
        assert answer.status_code == 200, answer.text
    else:
        assert_refused(answer, reason)


def code(wallet: Client, world: World, person: int) -> Json:
    wanted = {
        "programme": "programme-Meals",
        "person": f"person-{person}",
        "vouchers": [str(world.voucher(4, 4, person))],
        "merchant": 1,
        "receipt": {"number": f"R-{person}", **RECEIPT, "salt": "0x" + "07" * 16},
    }
    answer = wallet.post("/v1/wallet/codes", wanted)
    assert answer.status_code == 200, answer.text
    return {"code": answer.json()["code"]}


def test_relayer__without_its_role__fails_and_recovers(crashing: tuple[World, Settings, Json]) -> None:
    world, settings, tokens = crashing
    keys = KeyRing(settings.keys_folder)
    operator = keys.address(KeyRole.OPERATOR)
    with build_node(settings, world.handle, keys) as node, serving(node.api) as url:
        wallet, till = Client(url, tokens["wallet"]), Client(url, tokens["merchant"])
        with wallet.http, till.http:
            world.send(KeyRole.ADMIN, "AccessManager", "revokeRole", ROLE_IDS[KeyRole.OPERATOR], operator)
            world.send(KeyRole.TREASURER, "Vouchers", "syncRelayer", operator)

            assert f"relayers grant {operator.lower()}" in httpx.get(f"{url}/readyz").json()["faults"]["relayer"]
            problem = assert_refused(till.redeem(code(wallet, world, 0)), "CallFailed", 502)

            assert "SenderNotAllowed" in problem["value"]
            failed = till.get(f"/v1/operations/{problem['operation']}").json()
            assert (failed["state"], failed["items"][0]["vouchers"]) == ("failed", [])
            world.send(KeyRole.ADMIN, "AccessManager", "grantRole", ROLE_IDS[KeyRole.OPERATOR], operator, 0)
            world.send(KeyRole.TREASURER, "Vouchers", "syncRelayer", operator)
            assert httpx.get(f"{url}/readyz").json() == {"ready": True, "faults": {}}
            assert till.redeem(code(wallet, world, 0)).status_code == 200


def test_chain__gone__is_said_and_waited_for(crashing: tuple[World, Settings, Json]) -> None:
    world, settings, tokens = crashing
    with build_node(settings, world.handle, KeyRing(settings.keys_folder)) as node, serving(node.api) as url:
        wallet, till = Client(url, tokens["wallet"]), Client(url, tokens["merchant"])
        with wallet.http, till.http:
            shown = code(wallet, world, 0)
            world.stop()

            assert_refused(till.redeem(shown, "while-gone"), "ChainUnavailable", 503)
            assert_refused(till.get("/v1/programmes"), "ChainUnavailable", 503)
            readiness = till.get("/readyz")
            assert readiness.status_code == 503
            assert readiness.json()["ready"] is False
            assert "chain" in readiness.json()["faults"]
            assert till.get("/healthz").status_code == 200
            with Client(url, node.keyring.create(ApiRole.OPERATOR, "watch")[1]).http as watch:
                assert "vouchertrail_chain_up 0.0" in watch.get("/metrics").text


def test_queue__full__takes_nothing_new_in_and_forgets_nothing(crashing: tuple[World, Settings, Json]) -> None:
    world, settings, tokens = crashing
    few = settings.model_copy(update={"queue_items": 2})
    with build_node(few, world.handle, KeyRing(settings.keys_folder)) as node, serving(node.api) as url:
        wallet, till = Client(url, tokens["wallet"]), Client(url, tokens["merchant"])
        with wallet.http, till.http:
            shown = [code(wallet, world, person) for person in range(4)]
            world.rpc.call("evm_setAutomine", [False])
            first = till.post("/v1/redemptions?wait=0", shown[0], "key-0").json()
            wait_for(url, tokens, first["id"], "sent")
            waiting = [till.post("/v1/redemptions?wait=0", shown[at], f"key-{at}").json() for at in (1, 2)]
            time.sleep(LOOK_SECONDS)

            refused = till.post("/v1/redemptions?wait=0", shown[3], "key-3")
            again = till.post("/v1/redemptions?wait=0", shown[1], "key-1")

            assert "VOUCHERTRAIL_QUEUE_ITEMS" in assert_refused(refused, "QueueFull", 503)["remedy"]
            assert int(refused.headers["Retry-After"]) > 0
            assert (again.status_code, again.json()["id"]) == (202, waiting[0]["id"])
            world.rpc.call("evm_setAutomine", [True])
            world.mine()
            for one in (first, *waiting):
                wait_for(url, tokens, one["id"], "succeeded")
            time.sleep(LOOK_SECONDS)
            assert till.post("/v1/redemptions?wait=30", shown[3], "key-3").status_code == 200


@contextmanager
def full_disk() -> Iterator[None]:
    """No file of this process grows beyond a page."""
    before, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (before, most))


def test_disk__full__is_said_and_the_same_key_goes_on(crashing: tuple[World, Settings, Json]) -> None:
    world, settings, tokens = crashing
    with build_node(settings, world.handle, KeyRing(settings.keys_folder)) as node, serving(node.api) as url:
        wallet, till = Client(url, tokens["wallet"]), Client(url, tokens["merchant"])
        with wallet.http, till.http:
            shown = code(wallet, world, 0)
            with full_disk():
                assert_refused(till.redeem(shown, "while-full"), "StoreUnavailable", 503)
            assert till.redeem(shown, "while-full").status_code == 200


def test_connections__all_in_use__are_waited_for_and_then_said(
    crashing: tuple[World, Settings, Json], monkeypatch: pytest.MonkeyPatch
) -> None:
    world, settings, tokens = crashing
    monkeypatch.setattr(storage_engine, "_FILE_CONNECTIONS", 3)
    monkeypatch.setattr(storage_engine, "_WAIT_SECONDS", 0.5)
    opened: list[Engine] = []

    def open_database(*arguments: Any, **named: Any) -> Engine:
        opened.append(storage_engine.open_database(*arguments, **named))
        return opened[-1]

    monkeypatch.setattr(app, "open_database", open_database)
    with build_node(settings, world.handle, KeyRing(settings.keys_folder)) as node, serving(node.api) as url:
        till = Client(url, tokens["merchant"])
        with till.http:
            with ExitStack() as held:
                for engine in opened:
                    for _ in range(3):
                        held.enter_context(storage_engine.reading(engine))
                answer = till.get("/v1/programmes")
            assert_refused(answer, "StoreBusy", 503)
            assert answer.headers["Retry-After"] == "2"
            assert till.get("/v1/programmes").status_code == 200
