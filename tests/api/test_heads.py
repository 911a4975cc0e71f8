"""What a connection keeps and waits for before a request's head has ended, on a served application without a node.

a head
├── as long as may be → answered                     ├── longer, in one piece, in many, or without end → 431, and closed
├── not ended in time → 408, and closed              └── ended in time, however its body lingers → answered
headers behind a chunked body, without end → closed
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
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from node_api import serving
from node_api.serving import MOST_HEAD

START = b"POST / HTTP/1.1\r\nHost: x\r\n"
SHORT = 0.3


async def count(request: Request) -> Response:
    """How long the body is; the answer takes as long as was asked for."""
    await asyncio.sleep(float(request.headers.get("takes", "0")))
    return PlainTextResponse(f"{len(await request.body())} bytes")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving.serving(Starlette(routes=[Route("/", count, methods=["GET", "POST"])])) as url:
        yield url


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "HEAD_SECONDS", SHORT)


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


def is_cut_off(client: socket.socket) -> bool:
    """Whether headers without end are not taken."""
    try:
        for _ in range(2_000):
            client.sendall(b"X: " + b"a" * 8_000 + b"\r\n")
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
    monkeypatch.setattr(serving, "HEAD_SECONDS", 2.0)
    client.sendall(START)
    time.sleep(0.1)
    client.sendall(b"Content-Length: 3\r\n\r\na")
    time.sleep(2.5)
    client.sendall(b"bc")
    assert answers(client, b"bytes").endswith(b"3 bytes")


def test_trailers__without_end__are_cut_off(client: socket.socket) -> None:
    client.sendall(START + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n")
    assert is_cut_off(client)


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
