"""Tills: they redeem, ask again with the same key where no answer came, and keep what they were told."""

from __future__ import annotations

import http.client
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import urlsplit

import orjson

from bench.redemptions.traffic import Json

_WAIT = 2
_AGAIN_SECONDS = 0.05
_TIMEOUT = 30.0
_PASSING = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE}


@dataclass(frozen=True, slots=True)
class Verdict:
    """A final answer: the operation, its state, and of each item its state and why it was refused."""

    operation: str
    state: str
    items: tuple[tuple[str, str | None], ...]


@dataclass(slots=True)
class Asked:
    """What one idempotency key stands for.

    Attributes:
        hasty: its code expires soon.
        rivals: others try to spend the same voucher.
        told: every final answer, in order.
    """

    path: str
    token: str
    key: str
    body: bytes
    hasty: bool = False
    rivals: bool = False
    operation: str | None = None
    told: list[Verdict] = field(default_factory=list)


class Street:
    """Where the node is now, and what its tills have seen. Thread-safe."""

    def __init__(self) -> None:
        self.url: str | None = None
        self.asked: list[Asked] = []
        self.seen: Counter[str] = Counter()
        self.faults: list[str] = []
        self._lock = threading.Lock()

    def note(self, what: str) -> None:
        """Counts an answer or the lack of one."""
        with self._lock:
            self.seen[what] += 1

    def fault(self, what: str) -> None:
        """Something that no till may be told."""
        with self._lock:
            self.faults.append(what)

    def remember(self, asked: Asked) -> None:
        """A key that is about to be used for the first time."""
        with self._lock:
            self.asked.append(asked)


class Till:
    """One connection, one request at a time."""

    def __init__(self, street: Street) -> None:
        self._street = street
        self._url: str | None = None
        self._connection: http.client.HTTPConnection | None = None

    def see_through(self, asked: Asked, until: float, enough: Callable[[], bool] = lambda: False) -> None:
        """Asks with the key until the answer is final, or it is `enough` that the node has taken it in.

        Args:
            asked: what is asked.
            until: moment on the monotonic clock after which the node is stuck.
            enough: whether an answer that it was taken in will do.
        """
        while time.monotonic() < until:
            status, answer = self._post(asked.path, asked, asked.body)
            if status == HTTPStatus.ACCEPTED:
                self._taken_in(asked, str(answer["id"]))
                if enough():
                    return
            elif (verdict := _verdict(status, answer)) is not None:
                self._taken_in(asked, verdict.operation)
                asked.told.append(verdict)
                return
            elif status not in _PASSING and status != 0:
                self._street.fault(f"{asked.key}: answered {status} {answer}")
                return
            if status != HTTPStatus.ACCEPTED:
                time.sleep(_AGAIN_SECONDS)
        self._street.fault(f"{asked.key}: no final answer")

    def change(self, asked: Asked, body: bytes, until: float) -> None:
        """Uses a key that the node knows with another body: it must say so."""
        while time.monotonic() < until:
            status, answer = self._post(asked.path, asked, body)
            if status == HTTPStatus.UNPROCESSABLE_ENTITY and answer.get("reason") == "IdempotencyKeyReused":
                self._street.note("changed bodies refused")
                return
            if status not in _PASSING and status != 0:
                self._street.fault(f"{asked.key}: another body was answered {status} {answer}")
                return
            time.sleep(_AGAIN_SECONDS)
        self._street.fault(f"{asked.key}: no answer to another body")

    def close(self) -> None:
        """Hangs up."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _taken_in(self, asked: Asked, operation: str) -> None:
        if asked.operation not in (None, operation):
            self._street.fault(f"{asked.key}: was {asked.operation}, is {operation}")
        asked.operation = operation

    def _post(self, path: str, asked: Asked, body: bytes) -> tuple[int, Json]:
        """Status and body; status 0 where no answer came."""
        if self._street.url is None:
            return 0, {}
        headers = {
            "Authorization": f"Bearer {asked.token}",
            "Idempotency-Key": asked.key,
            "Content-Type": "application/json",
        }
        try:
            connection = self._connected()
            connection.request("POST", f"{path}?wait={_WAIT}", body, headers)
            response = connection.getresponse()
            answer = orjson.loads(response.read())
        except (OSError, http.client.HTTPException):
            self.close()
            self._street.note("requests without an answer")
            return 0, {}
        self._street.note(f"answers {response.status}")
        return response.status, answer

    def _connected(self) -> http.client.HTTPConnection:
        url = self._street.url
        if url is None:
            raise ConnectionRefusedError("the node has just died")
        if self._connection is None or url != self._url:
            self.close()
            place = urlsplit(url)
            self._connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=_TIMEOUT)
            self._url = url
        return self._connection


def _verdict(status: int, answer: Json) -> Verdict | None:
    """The final answer, if it is one: an operation, or the problem of a single redemption."""
    if status == HTTPStatus.OK:
        items = answer["items"]
        assert isinstance(items, list)
        return Verdict(str(answer["id"]), str(answer["state"]), tuple(map(_item, items)))
    operation = answer.get("operation")
    if operation is None:
        return None
    reason = str(answer["reason"])
    state, why = ("failed", None) if reason == "CallFailed" else ("refused", reason)
    return Verdict(str(operation), state, ((state, why),))


def _item(item: Json) -> tuple[str, str | None]:
    refusal = item["refusal"]
    return str(item["state"]), str(refusal["reason"]) if isinstance(refusal, dict) else None


def all_at_once(work: Sequence[Callable[[], None]]) -> None:
    """Does each in a thread of its own; returns when all are done."""
    threads = [threading.Thread(target=one, daemon=True) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
