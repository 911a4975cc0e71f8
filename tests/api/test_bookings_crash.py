"""The node is killed between a reservation and its booking: each is booked once, and asked for again with its key answers it.

killed while one reservation is sent and another waits
├── the call was mined meanwhile → found, and the waiting one booked when it is asked for again
├── the call was dropped → the same bytes sent again
└── its nonce was taken → signed anew where it is asked for again, the old bytes dead
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress

import httpx
import pytest

from node_api.chain.rpc_values import record, rows, text
from node_api.config import Settings
from tests.api.conftest import Client, Json
from tests.api.processes import befall, logged_times, serving_process
from tests.world import ENDS_AT, World

SERVICE = "0x" + "5e" * 32


def reserve(url: str, tokens: Json, world: World, person: int) -> Json:
    """The body of a reservation the wallet signed."""
    wallet = Client(url, tokens["wallet"])
    with wallet.http:
        wish = {
            "programme": 1,
            "person": f"person-{person}",
            "vouchers": [str(world.voucher(4, 4, person))],
            "merchant": 1,
            "service": SERVICE,
            "lapse_at": str(ENDS_AT),
        }
        said: Json = wallet.post("/v1/wallet/bookings", wish).json()
    return {name: value for name, value in said.items() if name not in ("digest", "holder", "block")}


def book(url: str, tokens: Json, body: Json, person: int) -> httpx.Response:
    till = Client(url, tokens["merchant"])
    with till.http:
        return till.post("/v1/bookings", body, f"crash-{person}")


def book_aside(url: str, tokens: Json, body: Json, person: int) -> threading.Thread:
    """Asks for it and leaves the answer, which the kill cuts off."""

    def ask() -> None:
        with suppress(httpx.HTTPError):
            book(url, tokens, body, person)

    thread = threading.Thread(target=ask)
    thread.start()
    return thread


def pending(world: World) -> list[str]:
    """Hashes of the transactions that wait in the pool, once there are any."""
    for _ in range(600):
        block = record(world.rpc.call("eth_getBlockByNumber", ["pending", False]))
        if found := [text(one) for one in rows(block["transactions"])]:
            return found
        time.sleep(0.05)
    raise AssertionError("nothing was sent")


@pytest.mark.slow
@pytest.mark.parametrize("meanwhile", ["mined", "dropped", "nonce taken"])
def test_kill__one_sent_one_waiting__each_is_booked_once(
    crashing: tuple[World, Settings, Json], meanwhile: str
) -> None:
    world, settings, tokens = crashing
    world.rpc.call("evm_setAutomine", [False])
    with serving_process(world, settings) as (process, url):
        bodies = [reserve(url, tokens, world, person) for person in (0, 1)]
        cut_off = [book_aside(url, tokens, bodies[0], 0)]
        (sent,) = pending(world)
        cut_off.append(book_aside(url, tokens, bodies[1], 1))
        time.sleep(0.5)
        process.kill()
        process.wait()
    for thread in cut_off:
        thread.join()

    befall(world, settings, sent, meanwhile)

    with serving_process(world, settings) as (_, url):
        answers = [book(url, tokens, body, person) for person, body in enumerate(bodies)]
        again = [book(url, tokens, body, person) for person, body in enumerate(bodies)]

    assert [answer.status_code for answer in answers] == [200, 200], [answer.text for answer in answers]
    told = [answer.json()["vouchers"][0] for answer in answers]
    assert (told[0]["transaction"] == sent) is (meanwhile != "nonce taken")
    assert [answer.json()["vouchers"][0] for answer in again] == told
    assert logged_times(world, "VoucherBooked") == {world.voucher(4, 4, person): 1 for person in (0, 1)}
