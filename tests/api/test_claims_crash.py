"""The node is killed between a claim and its place: each claim is done once, and no place is lost.

killed while one claim is sent and another waits
├── the call was mined meanwhile → found, and the waiting one sent
├── the call was dropped → the same bytes sent again
└── its nonce was taken → signed anew, the old bytes dead, both in one roll
killed once a claim has its place, and the chain goes back behind it
├── the nonce is free → the same bytes sent again, the place given back
└── it was taken → the claim waits anew, goes out in another call, and has its place in that one
"""

from __future__ import annotations

import time

import pytest

from node_api.chain.contracts import contract
from node_api.chain.keys import KeyRole
from node_api.chain.rpc_values import record, rows
from node_api.config import Settings
from tests.api.conftest import Client, Json
from tests.api.processes import befall, serving_process
from tests.world import BEIJING, CATERING, ENDS_AT, STARTS_AT, World

PROGRAMME, ROUND, BATCH, PLACES = 1, 1, 6, 2


@pytest.fixture
def opened(crashing: tuple[World, Settings, Json]) -> tuple[World, Settings, Json]:
    """The world with a round of two places."""
    world = crashing[0]
    terms = (1, 1, 0, 100, 0, 0, CATERING, BEIJING, 1, STARTS_AT, ENDS_AT, 0, PLACES)
    world.send(KeyRole.TREASURER, "Vouchers", "openBatches", ["claimed"], [terms])
    round_terms = (PLACES, STARTS_AT, ENDS_AT, bytes(32), [BATCH])
    world.send(KeyRole.TREASURER, "CaseDesk", "openRound", PROGRAMME, round_terms)
    return crashing


def submit(url: str, tokens: Json, person: int) -> Json:
    client = Client(url, tokens["wallet"])
    with client.http:
        body = {"programme": PROGRAMME, "round": ROUND, "person": f"person-{person}"}
        answer = client.post("/v1/claims", body, f"crash-{person}")
    found: Json = {"status": answer.status_code, **answer.json()}
    return found


def wait_for(url: str, tokens: Json, claim: str, state: str) -> Json:
    client = Client(url, tokens["wallet"])
    with client.http:
        for _ in range(600):
            found: Json = client.get(f"/v1/claims/{claim}").json()
            if found["state"] == state:
                return found
            time.sleep(0.05)
    raise AssertionError(f"{claim} is {found['state']}: {found}")


def places_given(world: World) -> list[int]:
    """Places of every roll of the round."""
    topic = "0x" + contract("CaseDesk").topics["ClaimRolled"].hex()
    logs = world.rpc.call(
        "eth_getLogs", [{"fromBlock": "0x0", "address": world.addresses["CaseDesk"], "topics": [topic]}]
    )
    return [int(str(log["data"]), 16) for log in map(record, rows(logs))]


@pytest.mark.slow
@pytest.mark.parametrize("meanwhile", ["mined", "dropped", "nonce taken"])
def test_kill__one_sent_one_waiting__each_gets_its_place(opened: tuple[World, Settings, Json], meanwhile: str) -> None:
    world, settings, tokens = opened
    world.rpc.call("evm_setAutomine", [False])
    with serving_process(world, settings) as (process, url):
        sent = submit(url, tokens, 0)
        transaction = wait_for(url, tokens, sent["id"], "sent")["transaction"]
        waiting = submit(url, tokens, 1)
        assert (waiting["status"], submit(url, tokens, 2)["reason"]) == (202, "ClaimsUsedUp")
        process.kill()
        process.wait()

    befall(world, settings, transaction, meanwhile)

    with serving_process(world, settings) as (_, url):
        first = wait_for(url, tokens, sent["id"], "succeeded")
        second = wait_for(url, tokens, waiting["id"], "succeeded")
        assert submit(url, tokens, 0)["id"] == sent["id"]

    assert (first["transaction"] == transaction) is (meanwhile != "nonce taken")
    assert first["place"] != second["place"]
    assert sum(places_given(world)) == PLACES


@pytest.mark.slow
@pytest.mark.parametrize("taken", [False, True])
def test_chain__gone_back_behind_a_place__the_claim_gets_one_again(
    opened: tuple[World, Settings, Json], taken: bool
) -> None:
    world, settings, tokens = opened
    with serving_process(world, settings) as (process, url):
        before = world.rpc.call("evm_snapshot")
        claim = submit(url, tokens, 0)["id"]
        first = wait_for(url, tokens, claim, "succeeded")
        process.kill()
        process.wait()
    world.rpc.call("evm_revert", [before])
    if taken:
        befall(world, settings, first["transaction"], "nonce taken")
    assert places_given(world) == []

    with serving_process(world, settings) as (_, url):
        for _ in range(600):
            if places_given(world):
                break
            time.sleep(0.05)
        again = wait_for(url, tokens, claim, "succeeded")
        assert submit(url, tokens, 0)["id"] == claim
        assert submit(url, tokens, 1)["status"] == 202
        assert submit(url, tokens, 2)["reason"] == "ClaimsUsedUp"

    steps = [change["state"] for change in again["history"]]
    assert places_given(world)[:1] == [1]
    assert steps == ["received", "queued", "sent", "succeeded"] + ["queued", "sent", "succeeded"] * taken
    assert (again["transaction"] == first["transaction"]) is not taken
    assert again["place"]["place"] == 0
