"""Requests handed on to another process, which here says what it is told to.

answered → its headers and body, but one date, our own; not counted here
blanks around a header's value → are not handed on
not handed on → a problem with the request's id, a line in the log, and a place in the figures, or left to whoever sees to these
├── nobody there → NodeStarting
├── a head that our server takes and HTTP does not allow → RequestInvalid, and nothing of what it held
├── a body that breaks off → BodyUnreadable, and the other process is not asked
└── a body that is too long → RequestTooLarge, at once where its length is told
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest
import structlog
from starlette.types import ASGIApp, Message

from node_api.api.forward import Forward, Refusing
from node_api.api.limits import MAX_BODY, BodyLimit, LengthLimit
from node_api.api.observing import Observed
from node_api.logs import configure_logs
from tests.api.conftest import Json

Headers = list[tuple[bytes, bytes]]
CHUNKED: Headers = [(b"transfer-encoding", b"chunked")]
END: Message = {"type": "http.request", "body": b"", "more_body": False}


@dataclass
class Counted:
    """Implements `Counts`."""

    ends: list[tuple[str, str, int]] = field(default_factory=list)
    in_hand: int = 0

    def began(self) -> None:
        self.in_hand += 1

    def ended(self, method: str, route: str, status: int, seconds: float) -> None:
        self.in_hand -= 1
        self.ends.append((method, route, status))

    def handed_on(self) -> None:
        self.in_hand -= 1


@dataclass
class Other:
    """The other process: takes one request's head, and answers at its end."""

    said: bytes = b"HTTP/1.1 200 OK\r\nDate: then\r\nX-Theirs: yes\r\nContent-Length: 2\r\n\r\nok"
    heard: bytes = b""

    async def hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self.heard += await reader.readuntil(b"\r\n\r\n")
            if b"chunked" in self.heard:
                self.heard += await reader.readuntil(b"0\r\n\r\n")
            writer.write(self.said)
            await writer.drain()
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):  # the other side hung up, or goes on and on
            pass
        finally:
            writer.close()


def piece(body: bytes) -> Message:
    return {"type": "http.request", "body": body, "more_body": True}


async def ask(app: ASGIApp, headers: Headers, received: Iterable[Message]) -> tuple[int, dict[bytes, bytes], bytes]:
    """What is answered; no header stands twice."""
    left, sent = iter(received), list[Any]()

    async def receive() -> Message:
        while (message := next(left, None)) is None:
            await asyncio.sleep(60)
        return message

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/v1/x", "raw_path": b"/v1/x", "query_string": b""}
    named = [(b"x-request-id", b"given-1"), *headers]
    await app({**scope, "headers": named, "http_version": "1.1", "scheme": "http", "state": {}}, receive, send)
    told = dict(sent[0]["headers"])
    assert len(told) == len(sent[0]["headers"])
    return sent[0]["status"], told, b"".join(message.get("body", b"") for message in sent)


def asked(
    folder: Path, other: Other | None, make: Callable[[ASGIApp], ASGIApp], headers: Headers, *received: Message
) -> tuple[int, dict[bytes, bytes], bytes]:
    async def scene() -> tuple[int, dict[bytes, bytes], bytes]:
        forward = Forward(str(folder / "other.sock"))
        if other is None:
            return await ask(make(forward), headers, received)
        async with await asyncio.start_unix_server(other.hear, folder / "other.sock", limit=2 * MAX_BODY):
            found = await ask(make(forward), headers, received)
            await forward._client.aclose()
            if hearing := asyncio.all_tasks() - {asyncio.current_task()}:
                await asyncio.wait(hearing, timeout=20)
            return found

    return asyncio.run(scene())


@pytest.fixture
def counted() -> Counted:
    return Counted()


def test_answered__by_the_other_process__is_passed_on_with_one_date(tmp_path: Path, counted: Counted) -> None:
    other = Other()
    status, headers, body = asked(tmp_path, other, lambda app: Observed(Refusing(app), counted), [], END)
    assert (status, body) == (200, b"ok")
    assert headers == {b"x-theirs": b"yes", b"content-length": b"2"}
    assert (counted.ends, counted.in_hand) == ([], 0)


def test_blanks__around_a_value__are_not_handed_on(tmp_path: Path) -> None:
    other, headers = Other(), [(b"x-blank", b"\t a b \t "), (b"x-empty", b" ")]
    assert asked(tmp_path, other, Refusing, headers, END)[0] == 200
    assert b"x-blank: a b\r\n" in other.heard
    assert b"x-empty: \r\n" in other.heard


def within(app: ASGIApp, counts: Counted) -> ASGIApp:
    """As a hot route hands on."""
    return Observed(BodyLimit(Refusing(app)), counts)


def bare(app: ASGIApp, counts: Counted) -> ASGIApp:
    """As all others are handed on."""
    return Refusing(LengthLimit(app), counts)


@pytest.mark.parametrize("make", [bare, within])
@pytest.mark.parametrize(
    ("there", "headers", "received", "reason", "status"),
    [
        (False, [], [END], "NodeStarting", 503),
        (True, [(b"host", b"a"), (b"host", b"b")], [END], "RequestInvalid", 400),
        (True, [(b"authorization", b"Bearer vt_secret\x0bx")], [END], "RequestInvalid", 400),
        (True, CHUNKED, [piece(b"{}"), {"type": "http.disconnect"}], "BodyUnreadable", 400),
        (True, [(b"content-length", b"%d" % (MAX_BODY + 1))], [], "RequestTooLarge", 413),
    ],
)
def test_not_handed_on__says_why_with_id_line_and_figure(
    tmp_path: Path,
    counted: Counted,
    make: Callable[[ASGIApp, Counted], ASGIApp],
    there: bool,
    headers: Headers,
    received: list[Message],
    reason: str,
    status: int,
) -> None:
    other = Other() if there else None
    configure_logs(logging.INFO)
    try:
        with structlog.testing.capture_logs() as lines:
            found, told, body = asked(tmp_path, other, lambda app: make(app, counted), headers, *received)
    finally:
        configure_logs(logging.WARNING)

    problem: Json = orjson.loads(body)
    assert (found, problem["reason"]) == (status, reason), problem
    assert told[b"x-request-id"] == b"given-1"
    assert [line["status"] for line in lines if line["event"] == "request"] == [status]
    assert (counted.ends, counted.in_hand) == ([("unmatched", "unmatched", status)], 0)
    assert b"vt_secret" not in body
    assert "vt_secret" not in str(lines)
    assert other is None or not other.heard.endswith(b"0\r\n\r\n")


def test_body__that_gets_too_long__is_refused_once(tmp_path: Path, counted: Counted) -> None:
    received = [piece(b"x" * 65_536) for _ in range(MAX_BODY // 65_536 + 2)]
    status, headers, body = asked(tmp_path, Other(), lambda app: within(app, counted), CHUNKED, *received)
    assert (status, orjson.loads(body)["reason"]) == (413, "RequestTooLarge")
    assert headers[b"x-request-id"] == b"given-1"
    assert counted.ends == [("unmatched", "unmatched", 413)]
