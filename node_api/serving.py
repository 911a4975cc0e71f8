"""An HTTP server for an application: in front until it is told to stop, or behind in a thread."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, cast

import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

_BACKLOG = 1024
_PATIENCE_SECONDS = 30.0
_IDLE_SECONDS = 75
"""How long a connection is kept that nobody asks on: longer than clients keep theirs (httpx does for five seconds, many for a
minute), or one would be closed just as it is used again.
"""
_COLLECTIONS = (10_000, 20, 20)
MOST_HEAD, HEAD_SECONDS = 64 << 10, 30.0
"""Of a request: its first line and headers."""
BODY_SECONDS, LAST_BODY_SECONDS = 60.0, 5.0
"""For all of a request's body, once its head has ended; and at most from when the server was told to stop."""


def serve(app: Starlette, host: str, port: int, told: Callable[[str], None], *, lifespan: bool = False) -> None:
    """Serves until SIGINT or SIGTERM; requests in hand are finished.

    Args:
        app: what to serve.
        host: address to listen on.
        port: 0 for any free one.
        told: is called with the address once connections are taken.
        lifespan: whether the application has something to end once it is not asked any more.
    """
    listener = _listen(host, port)
    serve_listener(app, listener, lambda: told(url_of(listener)), lifespan=lifespan)


def serve_listener(app: ASGIApp, listener: socket.socket, told: Callable[[], None], *, lifespan: bool = False) -> None:
    """Serves the connections that a listener takes, until SIGINT or SIGTERM; `told` is called before the first one."""
    server = _prepared(_server(app, lifespan=lifespan))
    told()
    server.run(sockets=[listener])


def serve_socket(app: ASGIApp, path: str, ending: Callable[[], None]) -> None:
    """Serves at a socket of this machine, until SIGINT or SIGTERM.

    Args:
        app: what to serve.
        path: of the socket.
        ending: is called before it ends, while requests are still answered.
    """
    _prepared(_server(app, path=path, ending=ending)).run()


def _prepared(server: _Server) -> _Server:
    """Has it hear signals before it listens to them itself; those it raises once it has shut down must end nothing."""
    _spare_what_stays()

    def end(*_: object) -> None:
        server.told_early = True

    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, end)
    return server


@contextmanager
def serving(app: Starlette, host: str = "127.0.0.1", port: int = 0, *, lifespan: bool = False) -> Iterator[str]:
    """Serves in a thread as long as the context lasts; gives the address."""
    listener = _listen(host, port)
    server = _server(app, lifespan=lifespan)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="http", daemon=True)
    thread.start()
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not server.started and thread.is_alive() and time.monotonic() < deadline:
        time.sleep(0.005)
    try:
        yield url_of(listener)
    finally:
        server.should_exit = True
        thread.join(_PATIENCE_SECONDS)
        listener.close()


class _Server(uvicorn.Server):
    """Has streams end before it waits for what is in hand: they would go on for ever."""

    ending: Callable[[], None] | None = None
    told_early = False
    """Whether a signal came before it listened to them."""

    async def main_loop(self) -> None:
        """See uvicorn."""
        if not self.told_early:
            await super().main_loop()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """See uvicorn."""
        if isinstance(self.config.app, Starlette):
            self.config.app.state.closing = True
        if self.ending is not None:
            await asyncio.to_thread(self.ending)
        await super().shutdown(sockets)


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


class _Protocol(HttpToolsProtocol):
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


def _spare_what_stays() -> None:
    """Has the collector leave alone what is there once the node stands, and look at what is new less often.

    Looking at all of it again and again takes a fifth of the node's time under load.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECTIONS)


def _server(
    app: ASGIApp, *, lifespan: bool = False, path: str | None = None, ending: Callable[[], None] | None = None
) -> _Server:
    config = uvicorn.Config(
        app,
        http=_Protocol,
        lifespan="on" if lifespan else "off",
        access_log=False,
        log_config=None,
        log_level="warning",
        timeout_graceful_shutdown=int(_PATIENCE_SECONDS),
        timeout_keep_alive=_IDLE_SECONDS,
        server_header=False,
        ws="none",
        uds=path,
    )
    server = _Server(config)
    server.ending = ending
    return server


def listen_together(host: str, port: int, count: int) -> list[socket.socket]:
    """So many listeners at one address, each taking its share of the connections.

    Raises:
        OSError: somebody else listens there.
    """
    with _listen(host, port) as probe:  # beside the others somebody else's would not be noticed
        port = probe.getsockname()[1]
    return [_listen(host, port, together=True) for _ in range(count)]


def _listen(host: str, port: int, *, together: bool = False) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if together:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise OSError(error.errno, f"{error.strerror}: {host} port {port}") from error
    return listener


def url_of(listener: socket.socket) -> str:
    """The address of a listener."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
