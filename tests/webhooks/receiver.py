"""Subscribers of the test's own: an HTTP server that remembers what it was sent, and one that never comes to an end."""

from __future__ import annotations

import itertools
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import orjson


@dataclass
class Taken:
    """One message."""

    host: str
    headers: dict[str, str]
    body: bytes
    message: dict[str, object] = field(init=False)

    def __post_init__(self) -> None:
        self.message = orjson.loads(self.body)

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


class Receiver:
    """Answers each message as `answer` says; remembers all."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/hook"
        self.taken: list[Taken] = []
        self.answer: Callable[[Taken], int] = lambda _: 204
        self.headers: dict[str, str] = {}


@contextmanager
def trickling(said: bytes, seconds: float) -> Iterator[tuple[int, threading.Event]]:
    """Answers everybody with the same bytes over and over, one every so many seconds; its port, and whether somebody went."""
    left, over = threading.Event(), threading.Event()

    def trickle(connection: socket.socket) -> None:
        with connection:
            try:
                for at in itertools.count():
                    connection.sendall(said[at % len(said) :][:1])
                    if over.wait(seconds):
                        return
            except OSError:
                left.set()

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=trickle, args=(server.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=accept, daemon=True).start()
        try:
            yield server.getsockname()[1], left
        finally:
            over.set()
            server.shutdown(socket.SHUT_RDWR)


@contextmanager
def receiving() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.taken.append(Taken(headers["host"], headers, body))
            self.send_response(receiver.answer(receiver.taken[-1]))
            for name, value in {"Content-Length": "0", **receiver.headers}.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver = Receiver(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
