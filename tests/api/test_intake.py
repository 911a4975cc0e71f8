"""A node with two processes that only take redemptions in: from outside as one without.

a redemption of the common form ... taken in by one of them, once for a key whoever is asked; counted by the node
everything else ................... handed on: answers, refusals and streams are the node's
├── not of the common form ........ refused as everywhere, counted once
├── too large ..................... refused, also where its length is not told
└── of an odd head ................ handed on without blanks around values, or refused where HTTP does not allow it
the chain goes back, to fewer blocks  judged by what stands now, at once
more than a key may ask ........... refused, however many connections and processes it is spread over
one of them is killed ............. it is started again
one cannot be started at once ..... it is tried again
the node is killed ................ they end, too
the node is told to stop .......... what is in hand is answered, and the streams end
the address is taken .............. refused, though they share it
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bench.redemptions.processes import children
from node_api import intakes
from node_api.api.metrics import Metrics
from node_api.chain.keys import KeyRole
from node_api.config import Settings
from node_api.intakes import Ears, Intakes
from node_api.serving import listen_together
from tests.api.conftest import Client, Json
from tests.api.processes import serving_process, submit, wait_for
from tests.api.test_events import streamed
from tests.api.test_faults import code
from tests.api.test_metrics import Figures, figures
from tests.api.test_redeeming import assert_refused
from tests.api.test_start import half_asked
from tests.world import World

pytestmark = pytest.mark.slow

TOGETHER = "--intake", "2"
PATIENCE_SECONDS = 60.0


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def figures_of(url: str, tokens: Json) -> Figures:
    auditor = Client(url, tokens["auditor"])
    with auditor.http:
        return figures(auditor.get("/metrics").text)


def answered(url: str, tokens: Json, status: int) -> float:
    labels = (("method", "POST"), ("route", "/v1/redemptions"), ("status", str(status)))
    return figures_of(url, tokens).get(("vouchertrail_http_request_seconds_count", labels), 0)


def test_intakes__asked_for_redemptions__take_each_key_in_once_and_are_counted(
    crashing: tuple[World, Settings, Json],
) -> None:
    world, settings, tokens = crashing
    with serving_process(world, settings, *TOGETHER) as (_, url):
        till, body = Client(url, tokens["merchant"]), signed_body(url, tokens, world)
        told = set()
        with till.http:
            for _ in range(8):  # each on a connection of its own: both of them are asked
                answer = till.http.post(
                    "/v1/redemptions?wait=30",
                    json=body,
                    headers={"Idempotency-Key": "one", "Connection": "close", "X-Request-Id": "given-1"},
                )
                assert answer.status_code == 200, answer.text
                assert answer.headers["x-request-id"] == "given-1"
                told.add(str(answer.json()["id"]))
        assert len(told) == 1
        until(lambda: answered(url, tokens, 200) == 8)
        until(lambda: figures_of(url, tokens)["vouchertrail_http_requests_in_hand", ()] == 1)  # the question itself


def signed_body(url: str, tokens: Json, world: World) -> Json:
    wallet = Client(url, tokens["wallet"])
    wanted = {
        "programme": "programme-Meals",
        "person": "person-0",
        "vouchers": [str(world.voucher(4, 4, 0))],
        "merchant": 1,
        "receipt": "0x" + f"{1:064x}",
        "bill": 5_000,
    }
    with wallet.http:
        return {"code": wallet.post("/v1/wallet/codes", wanted).json()["code"]}


def asked_plainly(url: str, request: bytes) -> bytes:
    """What is answered to bytes that no client of HTTP sends."""
    parts, found = urlsplit(url), b""
    with socket.create_connection((parts.hostname, parts.port), timeout=20) as client:
        client.sendall(request)
        while piece := client.recv(65_536):
            found += piece
    return found


def test_intakes__asked_for_anything_else__hand_it_on(crashing: tuple[World, Settings, Json]) -> None:
    world, settings, tokens = crashing
    with serving_process(world, settings, *TOGETHER) as (_, url):
        till, auditor = Client(url, tokens["merchant"]), Client(url, tokens["auditor"])
        with till.http, auditor.http:
            assert till.get("/readyz").json()["ready"] is True
            assert_refused(till.get("/v1/nothing%2Fhere", odd="ä b"), "RouteUnknown", 404)
            assert_refused(till.http.delete("/v1/redemptions"), "MethodNotOffered", 405)
            assert_refused(till.http.post("/v1/redemptions", json={}), "IdempotencyKeyMissing", 400)
            assert_refused(till.redeem({"code": 7}), "RequestInvalid", 400)
            assert_refused(till.redeem({"code": "V" * (5 << 20)}), "RequestTooLarge", 413)
            told = f"POST /v1/validity/check HTTP/1.1\r\nHost: a\r\nContent-Length: {5 << 20}\r\nConnection: close\r\n\r\n{{"
            assert asked_plainly(url, told.encode()).startswith(b"HTTP/1.1 413 ")  # before all of it is sent
            for path in ("/v1/validity/check", "/v1/redemptions", "/v1/redemptions?wait=31"):
                untold = till.http.post(path, content=(b"x" * 65_536 for _ in range(80)))
                assert_refused(untold, "RequestTooLarge", 413)
                assert untold.headers["x-request-id"]
            start = b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
            blank = asked_plainly(url, start + b"X-Request-Id: given-2 \r\n\r\n")
            assert blank.startswith(b"HTTP/1.1 200 "), blank
            assert b"x-request-id: given-2\r\n" in blank
            assert blank.lower().count(b"\r\ndate: ") == 1
            two_hosts = asked_plainly(url, start + b"Host: b\r\n\r\n")
            assert two_hosts.startswith(b"HTTP/1.1 400 "), two_hosts
            assert b"Found multiple Host" in two_hosts
            assert b"x-request-id: req_" in two_hosts
            assert till.get("/v1/programmes").json()["programmes"]
            until(lambda: answered(url, tokens, 400) == 2)
            with streamed(auditor, after="0") as messages:
                assert next(messages)["type"] == "programme.drafted"


def test_intakes__when_the_chain_goes_back__judge_by_what_stands_now(crashing: tuple[World, Settings, Json]) -> None:
    world, settings, tokens = crashing
    with serving_process(world, settings, "--intake", "2") as (_, url):
        wallet, till = Client(url, tokens["wallet"]), Client(url, tokens["merchant"])
        with wallet.http, till.http:
            for place in range(4):
                body = code(wallet, world, place)
                mark = world.rpc.call("evm_snapshot", [])
                world.send(KeyRole.REGISTRAR, "MerchantRegistry", "suspend", 1, "hygiene")
                world.mine(2)
                assert_refused(till.redeem(body, key=f"before-{place}"), "MerchantNotActive", 422)
                world.rpc.call("evm_revert", [mark])
                for sender in world.senders.values():
                    sender.forget_nonce()
                world.send(
                    KeyRole.REGISTRAR, "MerchantRegistry", "nameCategories", [5], [f"other-{place}"]
                )  # one block

                answer = till.redeem(body, key=f"after-{place}")

                assert answer.status_code == 200, answer.text


def test_intakes__asked_for_more_than_a_key_may__count_together(
    crashing: tuple[World, Settings, Json], monkeypatch: pytest.MonkeyPatch
) -> None:
    world, settings, tokens = crashing
    monkeypatch.setenv("VOUCHERTRAIL_RATE_LIMIT", "0.001")
    monkeypatch.setenv("VOUCHERTRAIL_RATE_BURST", "6")
    found = []
    with serving_process(world, settings, *TOGETHER) as (_, url):
        for number in range(12):
            till = Client(url, tokens["merchant"])
            with till.http:
                found.append(till.redeem({"code": "VT1:A"}, f"many-{number}").status_code)
                found.append(till.get("/v1/programmes").status_code)
    assert found == [400, 200] * 3 + [429] * 18


def test_intake__killed__is_started_again(crashing: tuple[World, Settings, Json]) -> None:
    world, settings, tokens = crashing
    with serving_process(world, settings, *TOGETHER) as (process, url):
        before = children(process.pid)
        assert len(before) == 2
        for victim in before:
            os.kill(victim, signal.SIGKILL)
        wait_for(url, tokens, submit(url, tokens, world, 0), "succeeded")
        until(lambda: len(children(process.pid)) == 2)
        assert not set(children(process.pid)) & set(before)


def test_node__killed__takes_its_intakes_along(crashing: tuple[World, Settings, Json]) -> None:
    world, settings, tokens = crashing
    with serving_process(world, settings, *TOGETHER) as (process, url):
        operation, running = submit(url, tokens, world, 0), children(process.pid)
        process.kill()
        until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in running))
    with serving_process(world, settings, *TOGETHER, "--port", str(urlsplit(url).port)) as (_, again):
        assert again == url
        wait_for(url, tokens, operation, "succeeded")


def test_node__told_to_stop__answers_what_is_in_hand(crashing: tuple[World, Settings, Json]) -> None:
    world, settings, tokens = crashing
    with serving_process(world, settings, *TOGETHER) as (process, url):
        auditor = Client(url, tokens["auditor"])
        with auditor.http, half_asked(url, tokens) as finish, streamed(auditor) as messages:
            process.send_signal(signal.SIGTERM)
            time.sleep(0.3)
            told = finish()
            assert list(messages) == []
        assert process.wait(timeout=PATIENCE_SECONDS) == 0
    assert told.startswith(b"HTTP/1.1 400 ")
    assert b"CodeUnreadable" in told


def test_listeners__at_an_address_that_somebody_has__are_refused() -> None:
    with socket.create_server(("127.0.0.1", 0), reuse_port=True) as other, pytest.raises(OSError, match="in use"):
        listen_together("127.0.0.1", other.getsockname()[1], 2)


def test_intake__that_cannot_be_started_at_once__is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = tmp_path / "began"
    monkeypatch.setattr(Intakes, "command", [str(tmp_path / "no-such-program")])
    monkeypatch.setattr(intakes, "_AGAIN_SECONDS", 0.05)
    with socket.socket() as listener:
        kept = Intakes(Settings(data=tmp_path), [listener], Ears(lambda: None, lambda: None, Metrics(pytest.fail, {})))
        kept.start()
        time.sleep(0.2)
        monkeypatch.setattr(Intakes, "command", [sys.executable, "-c", f"open({str(began)!r}, 'w')"])
        try:
            until(began.exists)
        finally:
            kept.stop()
