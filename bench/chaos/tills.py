"""Tills: they redeem, ask again with the same key where no answer came, and keep what they were told."""

from __future__ import annotations

import http.client
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import urlsplit

import orjson

from bench.redemptions.traffic import Json, Signed
from node_api.domain.ids import Hash
from node_api.domain.operations import FINAL_STATES

_WAIT = 2
_AGAIN_SECONDS = 0.05
_TIMEOUT = 30.0
_SHOWN = 100
_FINAL = {state.value for state in FINAL_STATES}
_PASSING = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE}
_ENDS = {
    "succeeded": HTTPStatus.OK,
    "refused": HTTPStatus.UNPROCESSABLE_ENTITY,
    "failed": HTTPStatus.BAD_GATEWAY,
}
"""What a single redemption is answered with, by its end: a till may look at nothing else."""


@dataclass(slots=True)
class Asked:
    """What one idempotency key stands for.

    Attributes:
        owner: whose key it is, as the node names them.
        signed: what was signed, in the order in which it is asked for.
        digests: what the holders signed, likewise.
        reason: the only one that it may be refused for; None: it may not.
        told: every final answer, in order: an operation as JSON, of the problem of a single redemption as much as it says.
        underway: every answer before: operations that were not final.
    """

    path: str
    token: str
    key: str
    body: bytes
    owner: str
    signed: tuple[Signed, ...]
    digests: tuple[Hash, ...]
    reason: str | None = None
    operation: str | None = None
    told: list[Json] = field(default_factory=list)
    underway: list[Json] = field(default_factory=list)


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

    def see_through(
        self, asked: Asked, until: float, enough: Callable[[], bool] = lambda: False, *, by_id: bool = False
    ) -> None:
        """Asks with the key until the answer is final, or it is `enough` that the node has taken it in.

        Args:
            asked: what is asked.
            until: moment on the monotonic clock after which the node is stuck.
            enough: whether an answer that it was taken in will do.
            by_id: once the operation's id is known, reads it instead of asking again.
        """
        while time.monotonic() < until:
            reads = by_id and asked.operation is not None
            if reads:
                status, answer = self._request(asked, "GET", f"/v1/operations/{asked.operation}")
            else:
                status, answer = self._request(asked, "POST", f"{asked.path}?wait={_WAIT}", asked.body)
            if (operation := _operation(answer)) is not None:
                if self._keep(asked, status, operation, reads=reads) or enough():
                    return
            elif status not in _PASSING and status != 0:
                self._street.fault(f"{asked.key}: answered {status} {answer}")
                return
            if by_id or operation is None:
                time.sleep(_AGAIN_SECONDS)
        self._street.fault(f"{asked.key}: no final answer")

    def change(self, asked: Asked, body: bytes, until: float) -> None:
        """Uses a key that the node knows with another body: it must say so."""
        while time.monotonic() < until:
            status, answer = self._request(asked, "POST", f"{asked.path}?wait={_WAIT}", body)
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

    def _keep(self, asked: Asked, status: int, operation: Json, *, reads: bool) -> bool:
        """Keeps what was told of the operation; returns whether it is final."""
        if asked.operation not in (None, operation["id"]):
            self._street.fault(f"{asked.key}: was {asked.operation}, is {operation['id']}")
        asked.operation = str(operation["id"])
        final = operation["state"] in _FINAL
        if status != _status_of(asked, str(operation["state"]), reads=reads):
            self._street.fault(f"{asked.key}: answered {status}, and is {operation['state']}")
        (asked.told if final else asked.underway).append(operation)
        return final

    def _request(self, asked: Asked, method: str, path: str, body: bytes | None = None) -> tuple[int, Json]:
        """Status and body; status 0 where no answer came, or none that is a JSON object."""
        if self._street.url is None:
            return 0, {}
        headers = {
            "Authorization": f"Bearer {asked.token}",
            "Idempotency-Key": asked.key,
            "Content-Type": "application/json",
        }
        try:
            connection = self._connected()
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException):
            self.close()
            self._street.note("requests without an answer")
            return 0, {}
        self._street.note(f"answers {response.status} to {method}")
        try:
            answer = orjson.loads(content)
        except orjson.JSONDecodeError:
            answer = None
        if not isinstance(answer, dict):
            self._street.fault(f"{asked.key}: answered {response.status} {content[:_SHOWN]!r}, which is no JSON object")
            return 0, {}
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


def _operation(answer: Json) -> Json | None:
    """The operation an answer tells of: in full, or as much as the problem of a single redemption says; None where of none."""
    if "items" in answer:
        return answer
    if answer.get("operation") is None:
        return None
    if answer["reason"] == "CallFailed":
        item: Json = {"state": "failed"}
    else:
        refusal = {name: answer[name] for name in ("reason", "value", "voucher")}
        item = {"state": "refused", "refusal": refusal, "block": answer["block"]}
    return {"id": answer["operation"], "state": item["state"], "items": [item]}


def _status_of(asked: Asked, state: str, *, reads: bool) -> int:
    """What an operation in this state is answered with: to whoever `reads` it, or asks for it with its key."""
    if reads:
        return HTTPStatus.OK
    if state not in _FINAL:
        return HTTPStatus.ACCEPTED
    return HTTPStatus.OK if asked.path.endswith("/batch") else _ENDS[state]


def beside(street: Street, work: Callable[[], None]) -> threading.Thread:
    """Does it in a thread of its own; what ends it before its time is a fault of the street."""

    def watched() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001  whatever it is, nobody else would hear of it
            where = traceback.extract_tb(error.__traceback__)[-1]
            street.fault(f"a thread died of {type(error).__name__}: {error} (line {where.lineno} of {where.filename})")

    thread = threading.Thread(target=watched, daemon=True)
    thread.start()
    return thread


def join(street: Street, threads: Sequence[threading.Thread], seconds: float) -> None:
    """Waits for their ends, so many seconds in all; one that has not come to it is a fault of the street."""
    until = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    left = sum(thread.is_alive() for thread in threads)
    if left:
        street.fault(f"{left} threads have not ended after {seconds:g} s")


def all_at_once(street: Street, work: Sequence[Callable[[], None]], seconds: float) -> None:
    """Does each in a thread of its own; returns when all are done."""
    join(street, [beside(street, one) for one in work], seconds)
