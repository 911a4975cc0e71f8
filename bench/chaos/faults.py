"""Faults of the way to the chain: which request gets which, drawn beforehand."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from enum import StrEnum

from node_api.chain.rpc_values import Json

Question = dict[str, Json]


class Kind(StrEnum):
    """What happens to a request, or to its answer."""

    LATE_BEFORE = "time-out before delivery"
    LATE_AFTER = "time-out after delivery"
    RESET = "reset"
    TOO_MANY = "429"
    BROKEN_SERVER = "5xx"
    WRONG_JSON = "wrong JSON"
    TRUNCATED = "truncated body"
    STALE_HEAD = "stale head"
    EMPTY_LOGS = "empty logs"
    TWICE = "duplicated reply"
    SWAPPED = "swapped batch order"
    DROPPED = "dropped transaction"


_ANY = 150
_GAPS: Mapping[Kind, int] = {
    **dict.fromkeys(Kind, _ANY),
    Kind.EMPTY_LOGS: 12,
    Kind.SWAPPED: 30,
    Kind.DROPPED: 12,
}
"""Between two of a kind lie at most so many requests that it could befall."""
_WITH_LOGS = ("eth_getLogs", "eth_getBlockReceipts", "eth_getTransactionReceipt")


class Faults:
    """Hands out the faults of a run in their order. Thread-safe.

    Attributes:
        rng: draws how they befall.
        done: how often each kind befell a request.
    """

    def __init__(self, rng: random.Random, each: int) -> None:
        """Draws `each` of every kind."""
        self._waits = {kind: [rng.randint(1, _GAPS[kind]) for _ in range(each)] for kind in Kind}
        self._lock = threading.Lock()
        self.rng = rng
        self.done: Counter[Kind] = Counter()
        self.on = True

    def due(self, questions: Sequence[Question]) -> Kind | None:
        """What befalls this request; None for nothing."""
        found = None
        with self._lock:
            if not self.on:
                return None
            for kind, waits in self._waits.items():
                if not waits or not befalls(kind, questions):
                    continue
                waits[0] -= 1
                if waits[0] <= 0 and found is None:
                    waits.pop(0)
                    found = kind
                    self.done[kind] += 1
        return found

    def take_back(self, kind: Kind) -> None:
        """It changed nothing: it is due again."""
        with self._lock:
            self.done[kind] -= 1
            self._waits[kind].insert(0, 1)

    def left(self) -> int:
        """How many have befallen nobody yet."""
        with self._lock:
            return sum(len(waits) for waits in self._waits.values())


def befalls(kind: Kind, questions: Sequence[Question]) -> bool:
    """Whether it can befall a request with these questions."""
    match kind:
        case Kind.STALE_HEAD:
            return any(asks_for_head(question) for question in questions)
        case Kind.EMPTY_LOGS:
            return any(asks_for_logs(question) for question in questions)
        case Kind.SWAPPED:
            return len(questions) > 1
        case Kind.DROPPED:
            return any(sends(question) for question in questions)
        case _:
            return True


def asks_for_head(question: Question) -> bool:
    """Whether the answer depends on which block is the newest."""
    params = question.get("params")
    return isinstance(params, list) and "latest" in params


def asks_for_logs(question: Question) -> bool:
    """Whether the answer has logs in it."""
    return question["method"] in _WITH_LOGS


def sends(question: Question) -> bool:
    """Whether it hands a transaction in."""
    return question["method"] == "eth_sendRawTransaction"
