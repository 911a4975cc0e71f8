"""Faults of the way to the chain: which request gets which, drawn beforehand for each class of requests."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
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


class Want(StrEnum):
    """What a request is for. A batch counts by the first of these that is in it."""

    SEND = "send"
    RECEIPT = "receipt"
    NONCE = "nonce"
    HEAD = "head"
    PAGE = "page"
    OTHER = "other"


_METHODS: Mapping[Want, Sequence[str]] = {
    Want.SEND: ("eth_sendRawTransaction",),
    Want.RECEIPT: ("eth_getTransactionReceipt",),
    Want.NONCE: ("eth_getTransactionCount",),
    Want.HEAD: ("eth_blockNumber",),
    Want.PAGE: ("eth_getBlockReceipts", "eth_getLogs", "eth_getBlockByNumber"),
}
_OF: Mapping[Kind, Sequence[Want]] = {
    **dict.fromkeys(Kind, (Want.SEND, Want.RECEIPT, Want.NONCE, Want.HEAD, Want.PAGE, Want.OTHER, Want.SEND)),
    Kind.STALE_HEAD: (Want.HEAD, Want.RECEIPT, Want.NONCE),
    Kind.EMPTY_LOGS: (Want.RECEIPT, Want.PAGE),
    Kind.SWAPPED: (Want.PAGE, Want.OTHER),
    Kind.DROPPED: (Want.SEND,),
}
"""What each kind makes sense for: its first fault befalls the first of these, its second one the second, and over again."""
_GAPS: Mapping[Want, int] = {
    Want.SEND: 8,
    Want.RECEIPT: 30,
    Want.NONCE: 10,
    Want.HEAD: 40,
    Want.PAGE: 30,
    Want.OTHER: 20,
}
"""Between two of a kind and class lie at most so many requests that it could befall, for each fault of the kind in the round."""
_RARE: Mapping[Kind, int] = {Kind.EMPTY_LOGS: 12, Kind.SWAPPED: 8, Kind.DROPPED: 25}
"""These befall but few requests of a class."""
_WITH_LOGS = ("eth_getLogs", "eth_getBlockReceipts", "eth_getTransactionReceipt")

Befallen = tuple[Kind, Want]


class Faults:
    """Hands out the faults of a run in their order. Thread-safe.

    Attributes:
        rng: draws how they befall.
        done: how often each kind befell a request of each class.
    """

    def __init__(self, rng: random.Random, each: int) -> None:
        """Draws `each` of every kind."""
        self._waits: dict[Befallen, list[int]] = {(kind, want): [] for kind in Kind for want in _OF[kind]}
        for kind in Kind:
            for at in range(each):
                want = _OF[kind][at % len(_OF[kind])]
                self._waits[kind, want].append(rng.randint(1, _RARE.get(kind, each * _GAPS[want])))
        self._lock = threading.Lock()
        self.rng = rng
        self.done: Counter[Befallen] = Counter()
        self.on = True

    def due(self, questions: Sequence[Question]) -> Befallen | None:
        """What befalls this request; None for nothing."""
        wanted, found = want_of(questions), None
        with self._lock:
            if not self.on:
                return None
            for (kind, want), waits in self._waits.items():
                if not waits or want is not wanted or not befalls(kind, questions):
                    continue
                waits[0] -= 1
                if waits[0] <= 0 and found is None:
                    waits.pop(0)
                    found = kind, want
                    self.done[found] += 1
        return found

    def take_back(self, fault: Befallen) -> None:
        """It changed nothing: it is due again."""
        with self._lock:
            self.done[fault] -= 1
            self._waits[fault].insert(0, 1)

    def add(self, faults: Iterable[Befallen]) -> None:
        """These are due next, beside what was drawn."""
        with self._lock:
            for fault in faults:
                self._waits[fault].insert(0, 1)

    def left(self) -> Counter[Befallen]:
        """Those that have befallen nobody yet."""
        with self._lock:
            return Counter({fault: len(waits) for fault, waits in self._waits.items() if waits})


def want_of(questions: Sequence[Question]) -> Want:
    """The class of a request with these questions."""
    return min((_want_of_one(question) for question in questions), key=list(Want).index, default=Want.OTHER)


def _want_of_one(question: Question) -> Want:
    method, params = question["method"], question.get("params")
    if method == "eth_getBlockByNumber" and isinstance(params, list):
        if "latest" in params:
            return Want.HEAD
        if "0x0" in params:  # the genesis block: who is there?
            return Want.OTHER
    return next((want for want, methods in _METHODS.items() if method in methods), Want.OTHER)


def befalls(kind: Kind, questions: Sequence[Question]) -> bool:
    """Whether it can befall a request with these questions."""
    match kind:
        case Kind.EMPTY_LOGS:
            return any(asks_for_logs(question) for question in questions)
        case Kind.SWAPPED:
            return len(questions) > 1
        case Kind.DROPPED:
            return any(sends(question) for question in questions)
        case _:
            return True


def asks_for_logs(question: Question) -> bool:
    """Whether the answer has logs in it."""
    return question["method"] in _WITH_LOGS


def sends(question: Question) -> bool:
    """Whether it hands a transaction in."""
    return question["method"] in _METHODS[Want.SEND]
