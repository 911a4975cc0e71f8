"""JSON-RPC over HTTP, lean enough for the hot path: kept connections, batches, typed faults.

Thread-safe: every request borrows a connection of its own and gives it back.
"""

from __future__ import annotations

import base64
import http.client
import itertools
import ssl
from collections import deque
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Self
from urllib.parse import unquote, urlsplit

import orjson

from node_api.chain.profile import ANVIL, EngineProfile
from node_api.chain.rpc_errors import (
    ChainError,
    ForeignChain,
    RpcError,
    RpcProtocolError,
    RpcTimeout,
    RpcUnavailable,
)
from node_api.chain.rpc_values import Json, quantity, record, text

DEFAULT_TIMEOUT = 30.0
DEFAULT_BATCH_LIMIT = 100

Request = tuple[str, Sequence[Json]]

# Methods that change something each time they are carried out. They are never sent twice on a broken connection;
# eth_sendRawTransaction is not among them, because the same signed bytes can only take effect once.
_NOT_REPEATABLE = ("evm_", "anvil_", "miner_", "clique_", "debug_set", "personal_", "eth_sendTransaction")

_NOBODY_BEHIND = (502, 503, 504)
_WHO = orjson.dumps(
    [
        {"jsonrpc": "2.0", "id": 0, "method": "eth_chainId", "params": []},
        {"jsonrpc": "2.0", "id": 1, "method": "eth_getBlockByNumber", "params": ["0x0", False]},
    ]
)
_WHO_IDS = frozenset({0, 1})


class _AnotherAnswer(RpcProtocolError):
    """An earlier question was answered late, or twice."""


class RpcClient:
    """Speaks JSON-RPC 2.0 to one address."""

    def __init__(
        self,
        url: str,
        *,
        timeout: float = DEFAULT_TIMEOUT,
        batch_limit: int = DEFAULT_BATCH_LIMIT,
        headers: Mapping[str, str] | None = None,
        own: tuple[int, str] | None = None,
        profile: EngineProfile = ANVIL,
        journal: Path | None = None,
    ) -> None:
        """Opens nothing yet: the first request connects.

        Args:
            url: http:// or https:// address; user and password in it become basic authentication.
            timeout: seconds allowed for connecting and for each wait on the answer.
            batch_limit: most requests in one HTTP body; Besu takes 50 well, anvil 100.
            headers: sent with every request, e.g. {"Authorization": "Bearer …"}.
            own: chain id and genesis hash of the one chain to speak to: every new connection is asked for them first.
            profile: what its engine asks of whoever uses it.
            journal: where the embedded chain's blocks are written down; until then a crash may take them.

        Raises:
            ValueError: the address is not http:// or https://, or the limit is below one.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or parts.hostname is None:
            raise ValueError(f"chain address must be http:// or https://, not {parts.scheme or 'empty'}")
        if batch_limit < 1:
            raise ValueError(f"batch limit must be at least 1, not {batch_limit}")
        self.url = url
        self.timeout = timeout
        self.batch_limit = batch_limit
        self.profile = profile
        self.journal = journal
        self._secure = parts.scheme == "https"
        self._host = parts.hostname
        self._port = parts.port or (443 if self._secure else 80)
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._headers = {"Content-Type": "application/json", **(headers or {})}
        if parts.username is not None:
            user = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            self._headers["Authorization"] = "Basic " + base64.b64encode(user.encode()).decode()
        self._own = own
        self._idle: deque[http.client.HTTPConnection] = deque()
        self._ids = itertools.count(2)  # no two questions share one: an answer that comes twice is known as such

    @property
    def address(self) -> str:
        """Host and port: the address without user and password, fit for messages and logs."""
        return f"{self._host}:{self._port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if hasattr(self, "_idle"):
            self.close()

    def close(self) -> None:
        """Closes the idle connections; the client stays usable."""
        while self._idle:
            self._idle.pop().close()

    def call(self, method: str, params: Sequence[Json] = ()) -> Json:
        """Asks one question.

        Raises:
            RpcError: the chain refused it.
            ForeignChain: another chain than the client's own answers; it was asked for nothing else.
            RpcUnavailable, RpcTimeout: no answer.
            RpcProtocolError: the answer is not JSON-RPC.
        """
        number = next(self._ids)
        body = orjson.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": list(params)})
        answer = self._exchange(body, _repeatable(method), {number})
        if not isinstance(answer, dict):
            raise RpcProtocolError(f"{method}: the answer is not an object")
        outcome = _outcome(method, answer)
        if isinstance(outcome, RpcError):
            raise outcome
        return outcome

    def batch(self, requests: Sequence[Request]) -> list[Json]:
        """Asks many questions and gives the answers in the same order.

        Raises: as `call`; the first refusal is raised, though the others may have been carried out.
        """
        answers: list[Json] = []
        for outcome in self.try_batch(requests):
            if isinstance(outcome, RpcError):
                raise outcome
            answers.append(outcome)
        return answers

    def try_batch(self, requests: Sequence[Request]) -> list[Json | RpcError]:
        """Like `batch`, with a refused question's error in the place of its answer."""
        outcomes: list[Json | RpcError] = []
        for start in range(0, len(requests), self.batch_limit):
            outcomes += self._chunk(requests[start : start + self.batch_limit])
        return outcomes

    def _chunk(self, requests: Sequence[Request]) -> list[Json | RpcError]:
        ids = [next(self._ids) for _ in requests]
        body = orjson.dumps(
            [
                {"jsonrpc": "2.0", "id": number, "method": method, "params": list(params)}
                for number, (method, params) in zip(ids, requests, strict=True)
            ]
        )
        answers = self._exchange(body, all(_repeatable(method) for method, _ in requests), set(ids))
        if isinstance(answers, dict):  # the whole batch was refused
            refusal = _outcome("batch", answers)
            raise refusal if isinstance(refusal, RpcError) else RpcProtocolError("one answer to a batch")
        by_id = {entry.get("id"): entry for entry in answers if isinstance(entry, dict)}
        if len(by_id) != len(requests) or any(number not in by_id for number in ids):
            raise RpcProtocolError(f"{len(by_id)} distinct answers to a batch of {len(requests)}")
        return [_outcome(method, by_id[number]) for number, (method, _) in zip(ids, requests, strict=True)]

    def _exchange(self, body: bytes, repeatable: bool, ids: AbstractSet[int]) -> dict[str, Json] | list[Json]:
        """Sends one body; once more on a fresh connection where a kept one is closed or still held an answer to another body."""
        while True:
            connection, kept = self._borrow()
            try:
                if not kept:
                    self._recognise(connection)
                content, status = self._post(connection, body)
            except TimeoutError as error:
                connection.close()
                raise RpcTimeout(f"no answer from {self.address} within {self.timeout:g} s") from error
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                if kept and repeatable:
                    continue
                raise RpcUnavailable(f"{self.address}: {type(error).__name__}: {error}") from error
            try:
                answer = _parse(content, status, ids)
            except ChainError as error:
                connection.close()  # what answers next may be another chain, or out of step
                if isinstance(error, _AnotherAnswer) and kept and repeatable:
                    continue
                raise
            self._idle.append(connection)
            return answer

    def _recognise(self, connection: http.client.HTTPConnection) -> None:
        """Looks who is at the other end of a new connection."""
        if self._own is None:
            return
        try:
            theirs = _identity(_parse(*self._post(connection, _WHO), _WHO_IDS))
            for what, found, ours in zip(("chain id", "genesis hash"), theirs, self._own, strict=True):
                if found != ours:
                    raise ForeignChain.at(self.address, what, found, ours)
        except ChainError:
            connection.close()
            raise

    def _post(self, connection: http.client.HTTPConnection, body: bytes) -> tuple[bytes, int]:
        connection.request("POST", self._path, body, self._headers)
        response = connection.getresponse()
        return response.read(), response.status

    def _borrow(self) -> tuple[http.client.HTTPConnection, bool]:
        try:
            return self._idle.pop(), True
        except IndexError:
            pass
        if self._secure:
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(self._host, self._port, timeout=self.timeout, context=context), False
        return http.client.HTTPConnection(self._host, self._port, timeout=self.timeout), False


def _repeatable(method: str) -> bool:
    return not method.startswith(_NOT_REPEATABLE)


def _parse(content: bytes, status: int, ids: AbstractSet[int]) -> dict[str, Json] | list[Json]:
    """What was refused before it was read answers no question by its id; anything else answers one of these."""
    try:
        answer = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        if status in _NOBODY_BEHIND:
            raise RpcUnavailable(f"HTTP {status}") from error
        raise RpcProtocolError(f"HTTP {status}, not JSON: {content[:80]!r}") from error
    if not isinstance(answer, (dict, list)):
        raise RpcProtocolError(f"HTTP {status}, not JSON-RPC: {content[:80]!r}")
    entries = answer if isinstance(answer, list) else [answer]
    found = {entry["id"] for entry in entries if isinstance(entry, dict) and isinstance(entry.get("id"), int)}
    if not found <= ids:
        raise _AnotherAnswer("an answer to another question")
    return answer


def _identity(answers: dict[str, Json] | list[Json]) -> tuple[int, str]:
    """Chain id and genesis hash, as answered to `_WHO`."""
    found: dict[Json, Json] = {}
    for entry in answers:
        if isinstance(entry, dict):
            outcome = _outcome("identity", entry)
            if isinstance(outcome, RpcError):
                raise outcome
            found[quantity(entry.get("id"))] = outcome
    return quantity(found.get(0)), text(record(found.get(1))["hash"]).lower()


def _outcome(method: str, answer: dict[str, Json]) -> Json | RpcError:
    error = answer.get("error")
    if isinstance(error, dict):
        code, message, detail = error.get("code"), error.get("message"), error.get("data")
        if isinstance(detail, dict):  # geth nests it under its own name on some methods
            detail = detail.get("data")
        return RpcError(
            method,
            code if isinstance(code, int) else 0,
            message if isinstance(message, str) else "refused without a reason",
            detail if isinstance(detail, str) else "",
        )
    if "result" not in answer:
        raise RpcProtocolError(f"{method}: an answer with neither result nor error")
    return answer["result"]
