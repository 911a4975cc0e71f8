"""The load generator: kept-alive connections that send prepared requests and keep the answers, and little else.

It shares the cores with what it measures, so it neither builds nor reads JSON while the clock runs.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

import uvloop

_HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length: "


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: status, body, and the seconds from when it was due to be sent."""

    status: int
    body: bytes
    seconds: float


@dataclass(frozen=True, slots=True)
class Answers:
    """Those of a run, the seconds it took in all, and the CPU seconds of this process in it."""

    answers: Sequence[Answer]
    seconds: float
    cpu: float


def post(path: str, token: str | None, key: str, body: bytes) -> bytes:
    """A request as it goes over the wire."""
    access = f"authorization: Bearer {token}\r\n" if token else ""
    head = (
        f"POST {path} HTTP/1.1\r\nhost: node\r\n{access}idempotency-key: {key}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def rush(url: str, requests: Sequence[bytes], connections: int) -> Answers:
    """Sends all of them as fast as so many connections have their answers."""
    return _run(url, requests, connections, 0)


def pace(url: str, requests: Sequence[bytes], connections: int, rate: float) -> Answers:
    """Sends so many a second, whether earlier ones were answered or not; who finds no free connection waits, and it counts."""
    return _run(url, requests, connections, rate)


def _run(url: str, requests: Sequence[bytes], connections: int, rate: float) -> Answers:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_load(url, requests, connections, rate))


async def _load(url: str, requests: Sequence[bytes], connections: int, rate: float) -> Answers:
    place, loop = urlsplit(url), asyncio.get_running_loop()
    lines = [
        (await loop.create_connection(_Line, place.hostname or "", place.port or 0))[1]
        for _ in range(min(connections, len(requests)))
    ]
    answers: list[Answer] = []
    began, cpu = time.perf_counter(), time.process_time()
    due = iter([(request, began + number / rate if rate else 0.0) for number, request in enumerate(requests)])
    await asyncio.gather(*(_work(line, due, answers) for line in lines))
    done = Answers(answers, time.perf_counter() - began, time.process_time() - cpu)
    for line in lines:
        line.close()
    return done


async def _work(line: _Line, due: Iterator[tuple[bytes, float]], answers: list[Answer]) -> None:
    for request, at in due:
        now = time.perf_counter()
        if at > now:
            await asyncio.sleep(at - now)
        sent = at or now
        status, body = await line.ask(request)
        answers.append(Answer(status, body, time.perf_counter() - sent))


class _Line(asyncio.Protocol):
    """One connection, with one request on its way at a time."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._waiting: asyncio.Future[tuple[int, bytes]] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """See asyncio."""
        self._received += data
        head = self._received.find(_HEAD_END)
        if head < 0 or self._waiting is None:
            return
        at = self._received.lower().find(_LENGTH, 0, head) + len(_LENGTH)
        length = int(self._received[at : self._received.find(b"\r", at)])
        begins = head + len(_HEAD_END)
        if len(self._received) < begins + length:
            return
        body, status = bytes(self._received[begins : begins + length]), int(self._received[9:12])
        self._received.clear()
        self._waiting.set_result((status, body))

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio."""
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(exc or ConnectionResetError("the server hung up"))

    def ask(self, request: bytes) -> asyncio.Future[tuple[int, bytes]]:
        """Sends a request; its status and body."""
        assert self._transport is not None
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._waiting

    def close(self) -> None:
        """Hangs up."""
        if self._transport is not None:
            self._transport.close()
