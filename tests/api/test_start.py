"""Starting a node.

another chain than the one deployed to → refused      an OPERATOR that is no relayer → refused
a second process on the same folder → refused          a public address without --public → refused
a body too large → RequestTooLarge                      SIGTERM → request and call in hand are finished, the rest kept
SIGTERM on the line that tells the address → it ends
a log that takes nothing → redemptions go on, and it ends in good order
api-keys: made, listed without token, revoked; a merchant's key needs a merchant
"""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner

from node_api.__main__ import cli
from node_api.app import NotStarted, build_node
from node_api.chain.deployment.errors import JournalOfOtherChain
from node_api.chain.keys import KeyRing
from node_api.cli.serve import is_loopback
from node_api.config import Settings
from tests.api.conftest import Client, Json, Served
from tests.api.processes import serving_process, submit, wait_for
from tests.api.test_redeeming import assert_refused
from tests.world import World


def run(*arguments: str, data: Path) -> tuple[int, str]:
    done = CliRunner().invoke(cli, [*arguments, "--data", str(data)], prog_name="vouchertrail")
    return done.exit_code, done.output


def test_node__on_another_chain__refuses(served: Served, tmp_path: Path) -> None:
    other = replace(served.world.handle, genesis_hash="0x" + "00" * 32)
    settings = served.settings.model_copy(update={"data": tmp_path})

    with pytest.raises(JournalOfOtherChain, match="genesis"):
        build_node(settings, other, KeyRing(served.settings.keys_folder))


def test_node__second_on_one_folder__refuses(served: Served) -> None:
    with pytest.raises(NotStarted, match="another process serves"):
        build_node(served.settings, served.world.handle, KeyRing(served.settings.keys_folder))


def test_node__with_an_operator_that_is_no_relayer__refuses(served: Served, tmp_path: Path) -> None:
    keys = KeyRing(tmp_path / "keys")
    keys.create_missing()
    settings = served.settings.model_copy(update={"data": tmp_path})

    with pytest.raises(NotStarted, match="no relayer"), build_node(settings, served.world.handle, keys):
        pass


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7", "::", "till.example"])  # noqa: S104
def test_serve__public_address__needs_a_flag(tmp_path: Path, host: str) -> None:
    code, said = run("serve", "--host", host, data=tmp_path)

    assert code == 4
    assert "--public" in said


def test_loopback__by_name_and_number__is_known() -> None:
    assert all(map(is_loopback, ("127.0.0.1", "127.1.2.3", "::1", "localhost")))


def test_api_keys__made_listed_revoked__as_told(tmp_path: Path) -> None:
    code, said = run(
        "api-keys", "create", "--role", "merchant", "--merchant", "12", "--name", "till", "--json", data=tmp_path
    )
    assert code == 0, said
    made = json.loads(said)

    _, listed = run("api-keys", "list", "--json", data=tmp_path)
    (key,) = json.loads(listed)["keys"]
    assert (key["id"], key["merchant"], key["revoked_at"]) == (made["id"], 12, None)
    assert made["token"] not in listed
    assert run("api-keys", "revoke", made["id"], data=tmp_path)[0] == 0
    assert "revoked" in run("api-keys", "list", data=tmp_path)[1]
    assert run("api-keys", "revoke", "key_nothing", data=tmp_path)[0] == 1


@pytest.mark.parametrize("given", [("--role", "merchant"), ("--role", "wallet", "--merchant", "1")])
def test_api_keys__merchant_and_role_at_odds__is_refused(tmp_path: Path, given: tuple[str, ...]) -> None:
    assert run("api-keys", "create", *given, data=tmp_path)[0] == 2


def test_serve__told_to_stop_as_soon_as_it_tells_its_address__ends() -> None:
    program = (
        "import os, signal; from starlette.applications import Starlette; from node_api.serving import serve;"
        "serve(Starlette(), '127.0.0.1', 0, lambda _: os.kill(os.getpid(), signal.SIGTERM)); print('ended')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "ended\n"


def test_request__larger_than_any_needs__is_refused(merchant: Client) -> None:
    told = merchant.redeem({"code": "V" * (5 << 20)})
    untold = merchant.http.post(
        "/v1/redemptions",
        content=(b"x" * 65_536 for _ in range(80)),
        headers={"Idempotency-Key": "large", "Content-Type": "application/json"},
    )

    assert_refused(told, "RequestTooLarge", 413)
    assert_refused(untold, "RequestTooLarge", 413)


def test_serve__told_to_stop__answers_what_is_in_hand_and_keeps_the_rest(
    crashing: tuple[World, Settings, Json],
) -> None:
    world, settings, tokens = crashing
    with serving_process(world, settings) as (process, url), half_asked(url, tokens) as finish:
        operation = submit(url, tokens, world, 0)
        process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        answered = finish()
        assert process.wait(timeout=30) == 0
    assert answered.startswith(b"HTTP/1.1 400 ")
    assert b"CodeUnreadable" in answered
    with serving_process(world, settings) as (_, url):
        wait_for(url, tokens, operation, "succeeded")


@pytest.mark.parametrize("options", [(), ("--intake", "1")])
def test_serve__when_its_log_takes_nothing__goes_on(
    crashing: tuple[World, Settings, Json], options: tuple[str, ...]
) -> None:
    world, settings, tokens = crashing
    with serving_process(world, settings, *options, log_to=Path("/dev/full")) as (process, url):
        for person in range(3):
            wait_for(url, tokens, submit(url, tokens, world, person), "succeeded")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0


@contextmanager
def half_asked(url: str, tokens: Json) -> Iterator[Callable[[], bytes]]:
    """A request whose body is not all sent yet; the rest is sent, and its answer read, when it is called."""
    body = b'{"code": "VT1:nothing"}'
    head = (
        "POST /v1/redemptions/check HTTP/1.1\r\nHost: node\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {tokens['merchant']}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection((urlsplit(url).hostname, urlsplit(url).port), timeout=30) as connection:

        def finish() -> bytes:
            connection.sendall(body[5:])
            return b"".join(iter(lambda: connection.recv(65_536), b""))

        connection.sendall(head.encode() + body[:5])
        wait_until_in_hand(url, tokens["auditor"], 2)  # it is once its head was read; the question is the other
        yield finish


def wait_until_in_hand(url: str, token: str, requests: int) -> None:
    client = Client(url, token)
    with client.http:
        for _ in range(600):
            if f"vouchertrail_http_requests_in_hand {requests}.0" in client.get("/metrics").text:
                return
            time.sleep(0.05)
    raise AssertionError(f"{requests} requests are never in hand at once")
