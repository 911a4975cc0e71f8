"""A node of another organisation that answers so as to stop the observer that compares blocks with it.

an answer byte by byte, for ever → given up at the deadline      an answer without end → given up at its size
a block whose hash, or its parent's, is none → as if it did not answer: whoever looks goes on with the others
"""

from __future__ import annotations

import itertools
import json
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from node_api.chain import watched
from node_api.chain.watched import NodeBeside
from node_api.domain.errors import ChainUnavailable
from node_api.storage.queries import to_raw
from tests.chain.test_rpc import Server, page

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
OWN = 1, "0x" + "0" * 64


class Hostile:
    """Takes a connection after the other, and sends its parts to each for as long as it is read."""

    def __init__(self, part: bytes, pause: float) -> None:
        self._part, self._pause, self.sent = part, pause, 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        chunk = f"{len(self._part):x}\r\n".encode() + self._part + b"\r\n"
        with connection:
            connection.recv(1 << 16)
            try:
                connection.sendall(HEAD)
                for _ in itertools.count():
                    connection.sendall(chunk)
                    self.sent += len(self._part)
                    time.sleep(self._pause)
            except OSError:
                return

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def dripping() -> Iterator[Hostile]:
    node = Hostile(b" ", 0.05)
    yield node
    node.close()


@pytest.fixture
def endless() -> Iterator[Hostile]:
    node = Hostile(b" " * 65_536, 0.0)
    yield node
    node.close()


@pytest.mark.parametrize("hashes", [("0xzz", "0x" + "1" * 64), ("0x12", "0x" + "1" * 64), ("0x" + "1" * 64, "0xzz")])
def test_beside__when_a_hash_is_none__then_as_if_it_did_not_answer(hashes: tuple[str, str]) -> None:
    block = {"number": "0x5", "timestamp": "0x1", "extraData": "0x", "difficulty": "0x0"}
    block |= dict(zip(("hash", "parentHash"), hashes, strict=True))

    def answer(body: bytes) -> bytes:
        asked = json.loads(body)
        told = [
            {"id": one["id"], "result": hex(OWN[0]) if one["method"] == "eth_chainId" else {"hash": OWN[1]}}
            for one in (asked if isinstance(asked, list) else [])
        ]
        return page(json.dumps(told or {"id": asked["id"], "result": block}).encode())

    server = Server(answer)
    beside = NodeBeside(server.url, OWN)
    try:
        with pytest.raises(ChainUnavailable):
            beside.unknown(lambda one: to_raw(one) == b"", 64)
    finally:
        beside.close()
        server.close()


def seconds_until_given_up(node: Hostile) -> float:
    beside, began = NodeBeside(node.url, OWN), time.monotonic()
    with pytest.raises(ChainUnavailable):
        beside.unknown(lambda _: False, 64)
    beside.close()
    return time.monotonic() - began


def test_beside__when_it_answers_byte_by_byte__then_given_up_at_the_deadline(
    dripping: Hostile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watched, "_QUESTION_SECONDS", 0.5)
    assert seconds_until_given_up(dripping) < 5


def test_beside__when_its_answer_has_no_end__then_given_up_at_its_size(
    endless: Hostile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watched, "_MOST_BYTES", 1 << 20)
    assert seconds_until_given_up(endless) < 5
    assert endless.sent < 16 << 20
