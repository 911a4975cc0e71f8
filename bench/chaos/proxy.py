"""The way to the chain, with the faults of a real one. Speaks HTTP on both sides and JSON-RPC in between."""

from __future__ import annotations

import http.client
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast
from urllib.parse import urlsplit

import orjson
from eth_hash.auto import keccak

from bench.chaos.faults import Faults, Kind, Question, asks_for_logs, sends
from bench.chaos.stale import Answer, answer_as_of
from node_api.chain.anvil import LOOPBACK
from node_api.chain.rpc_values import quantity, text

_NO_LINGER = struct.pack("ii", 1, 0)
_STALE_BLOCKS, _STALE_SECONDS = 3, 0.3
_AGAIN_SECONDS = 0.02


class Proxy(ThreadingHTTPServer):
    """In front of one chain. Its faults can be exchanged while it runs.

    Attributes:
        broken: what broke a connection last, beside what was drawn.
        behind: the newest block that is shown, and until when on the monotonic clock, where the chain is stale.
        strayed: transactions that were sent to another chain than the first.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, chain: str, faults: Faults, patience: float) -> None:
        """Listens on a free port.

        Args:
            chain: address of the chain.
            faults: what befalls requests.
            patience: seconds after which whoever asks has given up.
        """
        super().__init__((LOOPBACK, 0), _Handler)
        self.chain, self.faults, self.rng, self.patience = chain, faults, faults.rng, patience
        self.first, self.broken = chain, "nothing"
        self.behind: tuple[int, float] = 0, 0.0
        self.strayed: list[Question] = []

    @property
    def url(self) -> str:
        """Where the node finds the chain."""
        return f"http://{LOOPBACK}:{self.server_address[1]}"

    @contextmanager
    def leading_to(self, chain: str) -> Iterator[None]:
        """For a while another chain is at its end; connections made before break, and again afterwards."""
        own, self.chain = self.chain, chain
        try:
            yield
        finally:
            self.chain = own

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002  socketserver asks so
        """A node that was killed hangs up in the middle of everything."""
        self.broken = repr(sys.exception())


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Proxy

    def setup(self) -> None:
        """See the base class."""
        super().setup()
        self._end = self.server.chain
        place = urlsplit(self._end)
        self._chain = http.client.HTTPConnection(place.hostname or "", place.port, timeout=60)

    def finish(self) -> None:
        """See the base class."""
        self._chain.close()
        super().finish()

    def do_POST(self) -> None:
        """One request of the node."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self._end != self.server.chain:
            self.close_connection = True
            return
        asked = orjson.loads(body)
        questions = asked if isinstance(asked, list) else [asked]
        if self._end != self.server.first:
            self.server.strayed += filter(sends, questions)
        fault, really = self.server.faults.due(questions), False
        try:
            if fault is not None:
                really = self._befall(fault[0], body, asked, questions)
            elif time.monotonic() < self.server.behind[1]:
                self._answer_stale(asked, questions, self.server.behind[0])
            else:
                self._reply(self._ask(body))
        except (OSError, http.client.HTTPException) as error:  # chain or node was killed: the other sees it break
            self.server.broken, self.close_connection = repr(error), True
        if fault is not None and not really:
            self.server.faults.take_back(fault)

    def log_message(self, *_: object) -> None:
        """Says nothing of each request."""

    def _befall(self, kind: Kind, body: bytes, asked: object, questions: Sequence[Question]) -> bool:
        """Does it; whether that changed anything."""
        match kind:
            case Kind.LATE_BEFORE | Kind.LATE_AFTER:
                if kind is Kind.LATE_AFTER:
                    self._ask(body)
                time.sleep(self.server.patience)
                self.close_connection = True
            case Kind.RESET:
                if self.server.rng.random() < 0.5:
                    self._ask(body)
                self._reset()
            case Kind.TOO_MANY:
                self._reply(b"<html>Too Many Requests</html>", 429)
            case Kind.BROKEN_SERVER:
                self._reply(b"<html>Internal Server Error</html>", self.server.rng.choice((500, 502, 503, 504)))
            case Kind.WRONG_JSON:
                self._ask(body)
                self._reply(self.server.rng.choice((b'{"jsonrpc":"2.0"}', b"[1,2", b'"fine"', b"[]", b"null")))
            case Kind.TRUNCATED:
                self._reply(self._ask(body), cut=True)
            case Kind.TWICE:
                self._reply_twice(self._ask(body), isinstance(asked, list))
            case _:
                return self._mislead(kind, asked, questions)
        return True

    def _mislead(self, kind: Kind, asked: object, questions: Sequence[Question]) -> bool:
        """An answer of good form that is not the truth, or not in order."""
        if kind is Kind.STALE_HEAD:
            return self._fall_behind(asked, questions)
        if kind is Kind.DROPPED:
            answers = [_accepted(one) if sends(one) else self._answer(one) for one in questions]
        else:
            answers = [self._answer(one) for one in questions]
        really = True
        if kind is Kind.EMPTY_LOGS:
            logs = [one for one, question in zip(answers, questions, strict=True) if asks_for_logs(question)]
            really = sum(_emptied(one, gone=self.server.rng.random() < 0.5) for one in logs) > 0
        if kind is Kind.SWAPPED:
            answers.append(answers.pop(0))
        self._reply(orjson.dumps(answers if isinstance(asked, list) else answers[0]))
        return really

    def _fall_behind(self, asked: object, questions: Sequence[Question]) -> bool:
        """The chain shows itself as it was some blocks ago, to this request and for a while to all; whether this one sees it."""
        head = quantity(self._answer({"id": 0, "method": "eth_blockNumber", "params": []})["result"])
        block = max(0, head - self.server.rng.randint(1, _STALE_BLOCKS))
        seen = self._answer_stale(asked, questions, block)
        if seen:
            self.server.behind = block, time.monotonic() + self.server.rng.uniform(0, _STALE_SECONDS)
        return seen

    def _answer_stale(self, asked: object, questions: Sequence[Question], block: int) -> bool:
        """Answers as of this block; whether that differs from what the chain says now."""
        answers = [answer_as_of(one, block, self._answer) for one in questions]
        told = [answer for answer, _ in answers]
        self._reply(orjson.dumps(told if isinstance(asked, list) else told[0]))
        return any(changed for _, changed in answers)

    def _answer(self, question: Question) -> Answer:
        return cast("Answer", orjson.loads(self._ask(orjson.dumps({"jsonrpc": "2.0", **question}))))

    def _ask(self, body: bytes) -> bytes:
        self._chain.request("POST", "/", body, {"Content-Type": "application/json"})
        return self._chain.getresponse().read()

    def _reply(self, content: bytes, status: int = 200, *, cut: bool = False) -> None:
        head = f"HTTP/1.1 {status} {http.client.responses[status]}\r\nContent-Type: application/json\r\n"
        length = f"Content-Length: {len(content)}\r\n\r\n"
        self.connection.sendall((head + length).encode() + (content[: len(content) // 2] if cut else content))
        self.close_connection = cut

    def _reply_twice(self, content: bytes, batch: bool) -> None:
        """A batch has one of its answers twice; a single question is answered twice, the second time behind the next one."""
        if batch:
            answers = orjson.loads(content)
            self._reply(orjson.dumps([*answers, self.server.rng.choice(answers)]))
            return
        self._reply(content)
        time.sleep(_AGAIN_SECONDS)
        self._reply(content)

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self.connection.close()
        self.close_connection = True


def _accepted(question: Question) -> Answer:
    """What a chain says of a transaction that it then loses."""
    params = question["params"]
    assert isinstance(params, list)
    raw = bytes.fromhex(text(params[0])[2:])
    return {"jsonrpc": "2.0", "id": question["id"], "result": "0x" + keccak(raw).hex()}


def _emptied(answer: Answer, *, gone: bool) -> bool:
    """Takes the logs out of an answer, or all that it lists where that is to be `gone`; whether there were any."""
    result = answer.get("result")
    receipts = [one for one in (result if isinstance(result, list) else [result]) if isinstance(one, dict)]
    if isinstance(result, list) and (gone or not any("logs" in one for one in receipts)):
        answer["result"] = []
        return bool(result)
    had = any(one.get("logs") for one in receipts)
    for one in receipts:
        one["logs"] = []
    return had


@contextmanager
def proxying(proxy: Proxy) -> Iterator[Proxy]:
    """The proxy, taking requests."""
    thread = threading.Thread(target=proxy.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.shutdown()
        thread.join()
        proxy.server_close()
