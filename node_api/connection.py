"""One client's connection to an HTTP server of ours: what it keeps and waits for, and how it sends."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

MOST_HEAD, HEAD_SECONDS = 64 << 10, 30.0
"""Of a request: its first line and headers."""
BODY_SECONDS, LAST_BODY_SECONDS = 60.0, 5.0
"""For all of a request's body, once its head has ended; and at most from when the server was told to stop."""


class Joined:
    """A transport that sends together what is written in one round of the event loop.

    An answer's head and body are written one after the other: as two calls of the kernel they take a fifth of what HTTP takes of
    a redemption, and wake the client twice.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self._written: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        """All else is as without it."""
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """See asyncio."""
        if not self._written:
            self._loop.call_soon(self._send)
        self._written.append(data)

    def close(self) -> None:
        """See asyncio."""
        self._send()
        self._transport.close()

    def _send(self) -> None:
        together = b"".join(self._written)
        self._written.clear()
        if together and not self._transport.is_closing():  # the client may have gone since
            self._transport.write(together)


class Connection(HttpToolsProtocol):
    """One client's connection.

    Of a request's head, or of what else is no body (trailers, chunks' extensions), it keeps no more than `MOST_HEAD` bytes, and
    waits no longer than `HEAD_SECONDS` for the end of it, once the answer in hand is sent. For the end of a body it waits
    `BODY_SECONDS`, and as long again where it did not read itself when they were over.
    """

    _unended = 0
    """Bytes in a row that ended no head and were no body."""
    _waiting: asyncio.TimerHandle | None = None
    _whole: RequestResponseCycle | None = None
    """The request whose body ended last."""
    _lingering: asyncio.TimerHandle | None = None
    """Set only where a body does not come together with its head: most do."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio."""
        joined: Any = Joined(cast("asyncio.Transport", transport), self.loop)
        super().connection_made(joined)
        # What says nothing is kept no longer than what says nothing more: uvicorn looks only at the latter.
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio."""
        self._stop_waiting()
        self._stop_lingering()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """See uvicorn."""
        super().shutdown()
        if self._lingering is not None:
            self._stop_lingering()
            self._linger(LAST_BODY_SECONDS)

    def data_received(self, data: bytes) -> None:
        """See asyncio. Asked for every request: the plain way takes a microsecond more than uvicorn's."""
        if len(data) > (left := MOST_HEAD - self._unended):
            self.data_received(data[:left])
            if not self.transport.is_closing():
                self.data_received(data[left:])
            return
        before = self.cycle
        self._unended += len(data)
        HttpToolsProtocol.data_received(self, data)
        if self.cycle is not before:
            self._unended = 0
        if self._lingering is None and self.cycle is not self._whole:
            self._linger(BODY_SECONDS)
        if self._unended:
            self._look_for_end()
        elif self._waiting is not None:
            self._stop_waiting()

    def on_body(self, body: bytes) -> None:
        """See uvicorn."""
        self._unended = 0
        HttpToolsProtocol.on_body(self, body)

    def on_message_complete(self) -> None:
        """See uvicorn."""
        self._whole = self.cycle
        if self._lingering is not None:
            self._stop_lingering()
        HttpToolsProtocol.on_message_complete(self)

    def _linger(self, seconds: float) -> None:
        self._lingering = self.loop.call_later(seconds, self._lingered_enough, seconds)

    def _stop_lingering(self) -> None:
        if self._lingering is not None:
            self._lingering.cancel()
            self._lingering = None

    def _lingered_enough(self, seconds: float) -> None:
        if self.pipeline or self.flow.read_paused:  # it is the answer before it, or whoever answers, that takes so long
            self._linger(seconds)
        elif not self.transport.is_closing():
            if not self.cycle.response_started:
                self._tell(HTTPStatus.REQUEST_TIMEOUT, f"a body ends within {seconds:g} seconds")
            self.transport.close()

    def _look_for_end(self) -> None:
        if self.transport.is_closing():
            return
        if self._unended >= MOST_HEAD:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, f"a head has at most {MOST_HEAD} bytes")
        elif self._waiting is None:
            self._waiting = self.loop.call_later(HEAD_SECONDS, self._waited_enough)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _waited_enough(self) -> None:
        self._waiting = None
        if self._is_answering():  # that is finished first
            self._waiting = self.loop.call_later(HEAD_SECONDS, self._waited_enough)
        elif self._is_unended() and not self.transport.is_closing():
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, f"a head ends within {HEAD_SECONDS:g} seconds")

    @property
    def _last(self) -> RequestResponseCycle | None:
        """The request whose head ended last; uvicorn's annotation leaves out that there may be none yet."""
        return self.cycle

    def _is_answering(self) -> bool:
        return (last := self._last) is not None and not last.response_complete

    def _is_unended(self) -> bool:
        """Whether a request has begun whose head or body has not ended."""
        return (last := self._last) is None or last.scope is not self.scope or last.more_body

    def _refuse(self, status: HTTPStatus, detail: str) -> None:
        """Ends the connection; says why, unless the answer to a request before it is not all sent."""
        if not self._is_answering():
            self._tell(status, detail)
        self.transport.close()
        self._unended = 0

    def _tell(self, status: HTTPStatus, detail: str) -> None:
        content = f'{{"type":"about:blank","title":"{status.phrase}","status":{status.value},"detail":"{detail}"}}'
        head = f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: application/problem+json\r\n"
        self.transport.write(f"{head}content-length: {len(content)}\r\nconnection: close\r\n\r\n{content}".encode())
