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

import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp

from node_api.connection import Connection

_BACKLOG = 1024
_PATIENCE_SECONDS = 30.0
_IDLE_SECONDS = 75
"""How long a connection is kept that nobody asks on: longer than clients keep theirs (httpx does for five seconds, many for a
minute), or one would be closed just as it is used again.
"""
_COLLECTIONS = (10_000, 20, 20)


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
        http=Connection,
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
