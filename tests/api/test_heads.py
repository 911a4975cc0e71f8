"""What a connection keeps and waits for before a request has ended, on a served application without a node.

a head
├── as long as may be → answered                     ├── longer, in one piece, in many, or without end → 431, and closed
├── not ended in time → 408, and closed              └── ended in time, however its body lingers → answered
headers behind a chunked body, without end → closed
a body
├── not ended in time → 408, and closed; without a word where its answer has begun
├── not ended when the server is told to stop → 408 soon
├── ended in time, however long its answer takes → answered, and so is what is asked next on the connection
├── behind a request that is being answered → it has time again once that one is answered
└── of a request that asks for another protocol → answered
what is no head
├── a body longer than a head may be, and a request behind it → both answered
└── blank lines, then nothing → closed with time
a request begun behind one that is being answered → that one is answered first
nothing at all → closed in the end, without a word
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Iterator
from urllib.parse import urlsplit

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from node_api import connection, serving
from node_api.connection import MOST_HEAD

START = b"POST / HTTP/1.1\r\nHost: x\r\n"
SHORT = 0.3


async def count(request: Request) -> Response:
    """How long the body is; the answer takes as long as was asked for."""
    await asyncio.sleep(float(request.headers.get("takes", "0")))
    return PlainTextResponse(f"{len(await request.body())} bytes")


async def begin(_: Request) -> Response:
    """An answer that begins at once, whatever is asked, and does not end for long."""

    async def slowly() -> AsyncIterator[bytes]:
        yield b"begun"
        await asyncio.sleep(20)

    return StreamingResponse(slowly())


ROUTES = Route("/", count, methods=["GET", "POST"]), Route("/begun", begin, methods=["POST"])


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving.serving(Starlette(routes=ROUTES)) as url:
        yield url


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "HEAD_SECONDS", SHORT)


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "BODY_SECONDS", SHORT)


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "BODY_SECONDS", 1.0)


@pytest.fixture
def client(url: str) -> Iterator[socket.socket]:
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=20) as client:
        yield client


def head(size: int) -> bytes:
    """One of so many bytes."""
    padding = size - len(START + b"X: \r\n\r\n")
    return START + b"X: " + b"a" * padding + b"\r\n\r\n"


def answers(client: socket.socket, until: bytes = b"") -> bytes:
    """What comes, until this does or the connection ends."""
    found = b""
    try:
        while not (until and until in found) and (piece := client.recv(65_536)):
            found += piece
    except ConnectionResetError:  # what was sent and not read any more resets it; what is to be read came before
        pass
    return found


def is_cut_off(client: socket.socket, piece: bytes = b"X: " + b"a" * 8_000 + b"\r\n", pause: float = 0.0) -> bool:
    """Whether what comes without end, headers if not told otherwise, is not taken."""
    try:
        for _ in range(2_000):
            client.sendall(piece)
            time.sleep(pause)
    except (ConnectionResetError, BrokenPipeError):
        return True
    return False


def test_head__as_long_as_may_be__is_answered(client: socket.socket) -> None:
    for _ in range(2):
        client.sendall(head(MOST_HEAD))
        assert answers(client, b"bytes").startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("piece", [MOST_HEAD + 1, 5_000])
def test_head__longer__is_refused_and_closed(client: socket.socket, piece: int) -> None:
    whole = head(MOST_HEAD + 1)
    for at in range(0, len(whole), piece):
        client.sendall(whole[at : at + piece])
        time.sleep(0.005)
    told = answers(client)
    assert told.startswith(b"HTTP/1.1 431 "), told
    assert b"application/problem+json" in told
    assert b"65536" in told


def test_head__without_end__is_cut_off(client: socket.socket) -> None:
    client.sendall(START)
    assert is_cut_off(client)


@pytest.mark.usefixtures("hasty")
def test_head__not_ended_in_time__is_refused_and_closed(client: socket.socket) -> None:
    begun = time.monotonic()
    for byte in START[:4]:  # it does not help to send a little now and then
        client.sendall(bytes([byte]))
        time.sleep(SHORT / 10)
    told = answers(client)
    assert told.startswith(b"HTTP/1.1 408 "), told
    assert time.monotonic() - begun < 10 * SHORT


def test_head__ended_in_time__waits_for_its_body(client: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "HEAD_SECONDS", 2.0)
    client.sendall(START)
    time.sleep(0.1)
    client.sendall(b"Content-Length: 3\r\n\r\na")
    time.sleep(2.5)
    client.sendall(b"bc")
    assert answers(client, b"bytes").endswith(b"3 bytes")


def test_trailers__without_end__are_cut_off(client: socket.socket) -> None:
    client.sendall(START + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n")
    assert is_cut_off(client)


@pytest.mark.usefixtures("brief")
@pytest.mark.parametrize(
    "begun",
    [b"Content-Length: 3\r\n\r\na", b"Content-Length: 3\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n"],
)
def test_body__not_ended_in_time__is_refused_and_closed(client: socket.socket, begun: bytes) -> None:
    client.sendall(START + begun)
    told = answers(client)
    assert told.startswith(b"HTTP/1.1 408 "), told
    assert told.count(b"HTTP/1.1 ") == 1
    assert b"a body ends within 0.3 seconds" in told


@pytest.mark.usefixtures("brief")
def test_body__that_comes_a_little_now_and_then__is_refused_and_closed(client: socket.socket) -> None:
    client.sendall(START + b"Content-Length: 3000\r\n\r\n")
    assert is_cut_off(client, b"a", SHORT / 10)


@pytest.mark.usefixtures("brief")
def test_body__whose_answer_has_begun__is_closed_without_a_word(client: socket.socket) -> None:
    client.sendall(b"POST /begun HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n")
    assert answers(client).endswith(b"\r\n\r\n5\r\nbegun\r\n")


def test_body__when_the_server_is_told_to_stop__is_refused_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "LAST_BODY_SECONDS", SHORT)
    with serving.serving(Starlette(routes=ROUTES)) as url:
        parts = urlsplit(url)
        lingering = socket.create_connection((parts.hostname, parts.port), timeout=20)
        lingering.sendall(START + b"Expect: 100-continue\r\nContent-Length: 3\r\n\r\na")
        assert lingering.recv(99).startswith(b"HTTP/1.1 100 ")
        begun = time.monotonic()
    assert time.monotonic() - begun < 5
    with lingering:
        assert answers(lingering).startswith(b"HTTP/1.1 408 ")


@pytest.mark.usefixtures("unhurried")
def test_body__ended_in_time__waits_for_its_answer_and_what_follows(client: socket.socket) -> None:
    for _ in range(2):
        client.sendall(START + b"Takes: 1.5\r\nContent-Length: 3\r\n\r\na")
        time.sleep(0.1)
        client.sendall(b"bc")
        assert answers(client, b"bytes").endswith(b"3 bytes")
        time.sleep(1.2)


@pytest.mark.usefixtures("unhurried")
def test_body__behind_a_request_in_hand__has_its_time_once_that_one_is_answered(client: socket.socket) -> None:
    slow = START + b"Takes: 1.5\r\n\r\n"
    client.sendall(slow + START + b"Content-Length: 3\r\n\r\na")
    assert answers(client, b"bytes").endswith(b"0 bytes")
    client.sendall(b"bc" + slow)
    assert answers(client, b"0 bytes").count(b"\r\n\r\n3 bytes") == 1


@pytest.mark.usefixtures("brief")
def test_body__of_a_request_for_another_protocol__is_none_to_wait_for(client: socket.socket) -> None:
    client.sendall(
        b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nTakes: %s\r\n\r\n"
        % str(3 * SHORT).encode()
    )
    assert answers(client, b"bytes").endswith(b"0 bytes")


def test_body__longer_than_a_head_may_be__is_answered_and_what_follows(client: socket.socket) -> None:
    size = 5 * MOST_HEAD + 7
    chunks = b"%x\r\n%s\r\n" % (MOST_HEAD, b"c" * MOST_HEAD) * 3 + b"0\r\nX: behind\r\n\r\n"
    client.sendall(START + b"Content-Length: %d\r\n\r\n" % size + b"b" * size + head(MOST_HEAD - 1))
    client.sendall(START + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + START + b"Content-Length: 1\r\n\r\nd")
    told = answers(client, b"\r\n\r\n1 bytes")
    assert [told.count(b"\r\n\r\n%d bytes" % of) for of in (size, 0, 3 * MOST_HEAD, 1)] == [1, 1, 1, 1]


@pytest.mark.usefixtures("hasty")
def test_blank_lines__then_nothing__are_closed_with_time(client: socket.socket) -> None:
    client.sendall(b"\r\n\r\n")
    assert answers(client).startswith(b"HTTP/1.1 408 ")


@pytest.mark.usefixtures("hasty")
def test_head__begun_behind_a_request_in_hand__waits_for_its_answer(client: socket.socket) -> None:
    client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nTakes: %s\r\n\r\n" % str(3 * SHORT).encode())
    time.sleep(SHORT / 10)
    client.sendall(START)
    told = answers(client)
    assert told.startswith(b"HTTP/1.1 200 "), told
    assert b"0 bytes" in told
    assert b"HTTP/1.1 408 " in told


def test_connection__on_which_nothing_is_said__is_closed_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "_IDLE_SECONDS", 1)
    with serving.serving(Starlette(routes=[Route("/", count)])) as url:
        parts = urlsplit(url)
        with socket.create_connection((parts.hostname, parts.port), timeout=20) as silent:
            assert answers(silent) == b""
