"""A chain on which three blocks make one final, and that makes them by the clock.

a redemption
├── in a block → sent, and seen; another on it → confirmed; three → succeeded, and final; so are its events
└── in a block that the chain takes back → sent again, and succeeds once three blocks stand on it; done once
the chain stands still
├── /readyz and /metrics say since when nothing became final
├── redemptions are taken in, and come to their end once there are blocks
└── where the settings say so, they are refused with 503; what was taken in before is answered
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from node_api.app import build_node
from node_api.chain.keys import KeyRing
from node_api.config import Settings
from node_api.domain.access import ApiRole
from node_api.serving import serving
from node_api.storage.engine import open_database
from tests.api.conftest import Client, Json, Served, build_world
from tests.api.test_redeeming import code_for
from tests.world import World

DEEP, PATIENCE_SECONDS = 3, 120.0
Built = tuple[World, Settings]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    world, settings = build_world(tmp_path_factory.mktemp("deep"))
    yield world, settings
    world.stop()
    world.rpc.close()


@contextmanager
def node_of(built: Built, *, refuses: bool = False) -> Iterator[Served]:
    world, given = built
    settings = given.model_copy(update={"chain_still_refuses": refuses})
    profile = replace(world.handle.profile, confirmations=DEEP, steady=True)
    handle = replace(world.handle, profile=profile)
    with build_node(settings, handle, KeyRing(settings.keys_folder)) as node, serving(node.api) as url:
        engine = open_database(settings.database_url)
        served = Served(world, node, settings, url, engine)
        yield served
        for client in served.clients:
            client.http.close()
        engine.dispose()


def begun(served: Served, person: int) -> tuple[Client, str, Json]:
    """A redemption that was taken in."""
    till = served.client(ApiRole.MERCHANT, 1)
    code = code_for(served.client(ApiRole.WALLET), served, person)
    answer = till.redeem({"code": code["code"], "receipt": code["receipt"]}, f"deep-{person}", wait=0)
    assert answer.status_code == 202, answer.text
    return till, f"/v1/operations/{answer.json()['id']}", code


def once(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def standing(till: Client, operation: str) -> tuple[str, str | None]:
    found = till.get(operation).json()
    return found["state"], found["finality"]


def test_redemption__as_blocks_come__is_seen_confirmed_and_final(built: Built) -> None:
    with node_of(built) as served:
        till, operation, _ = begun(served, 0)
        once(lambda: standing(till, operation) == ("sent", "seen"))
        served.world.mine()
        once(lambda: standing(till, operation) == ("sent", "confirmed"))
        told = served.client(ApiRole.AUDITOR).get("/v1/events", after="0").json()["events"]
        assert "voucher.redeemed" not in {one["type"] for one in told}
        served.world.mine(DEEP - 1)
        once(lambda: standing(till, operation) == ("succeeded", "final"))
        states = [change["state"] for change in till.get(operation).json()["history"]]
        assert states == ["received", "queued", "sent", "succeeded"]
        told = served.client(ApiRole.AUDITOR).get("/v1/events", after="0", limit=500).json()["events"]
        assert {one["type"]: one["finality"] for one in told}["voucher.redeemed"] == "final"


def test_redemption__in_a_block_that_is_taken_back__is_done_once(built: Built) -> None:
    with node_of(built) as served:
        till, operation, code = begun(served, 1)
        once(lambda: standing(till, operation) == ("sent", "seen"))
        served.world.rpc.call("anvil_reorg", [1, []])

        def over() -> bool:
            served.world.mine()
            return standing(till, operation) == ("succeeded", "final")

        once(over)
        again = till.redeem({"code": code["code"], "receipt": code["receipt"]}, "deep-1")
        assert again.json()["state"] == "succeeded"
        found = till.get(f"/v1/vouchers/{served.voucher(4, 1)}").json()
        assert found["redemption"]["transaction"] == again.json()["items"][0]["transaction"]
        assert sum(change["state"] == "succeeded" for change in again.json()["history"]) == 1


def test_chain__that_stands_still__is_told_and_loses_nothing(built: Built) -> None:
    with node_of(built) as served:
        ready = served.with_token(None).get("/readyz")
        assert ready.status_code == 503
        assert ready.json()["faults"]["final"].startswith("no final blocks since 2023-11-")
        till, operation, _ = begun(served, 2)
        auditor = served.client(ApiRole.AUDITOR)
        once(lambda: standing(till, operation) == ("sent", "seen"))
        final = served.world.head() - DEEP
        once(lambda: f"vouchertrail_final_block {final:.1f}\n" in auditor.get("/metrics").text)
        served.world.mine(DEEP)
        once(lambda: standing(till, operation) == ("succeeded", "final"))


def test_chain__that_stands_still_where_that_refuses__is_answered_503(built: Built) -> None:
    with node_of(built) as served:
        _, operation, _ = begun(served, 3)
    with node_of(built, refuses=True) as served:
        till = served.client(ApiRole.MERCHANT, 1)
        other = code_for(served.client(ApiRole.WALLET), served, 4)
        refused = till.redeem({"code": other["code"], "receipt": other["receipt"]})
        assert (refused.status_code, refused.json()["reason"]) == (503, "ChainUnavailable")
        assert "no final blocks since" in refused.json()["detail"]
        served.world.mine(DEEP)
        reader = served.client(ApiRole.OPERATOR)
        once(lambda: standing(reader, operation) == ("succeeded", "final"))
