"""What redemptions leave as it is (merchants, programmes, rules, batches, rolls, terminals), kept from one reader to the next.

What the index says as of a block follows from the chain up to that block, and so from its hash. What was found at a block is kept
under its hash, and goes on under that of a later one where all that happened in the blocks between is redemptions and refusals:
who appended them saw it, this process or one that says so. Whatever else happens (any other event, blocks taken back, an index
built anew), ends at a hash that nothing is kept under: there everything is read again. So nothing kept is ever stale, and nobody
has to be told.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Collection
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from node_api.domain import events as ev
from node_api.domain.ids import Hash

K = TypeVar("K")
V = TypeVar("V")
P = ParamSpec("P")
R = TypeVar("R", bound="Reading")

_MOST = 20_000
"""Facts of one kind: what of them bounds the memory."""
_BLOCKS = 64
"""Newest blocks whose facts are kept: readers that opened before the newest one was appended still stand on another."""

_LEAVES_THEM = (ev.VoucherRedeemed, ev.RedemptionRefused, ev.TerminalBatchAccepted, ev.RedemptionsCommitted)


class Facts:
    """Those that hold at a block. Thread-safe."""

    def __init__(self) -> None:
        """Knows nothing yet."""
        self._lock = threading.Lock()
        self._kinds: defaultdict[str, dict[Any, Any]] = defaultdict(dict)

    def among(self, kind: str, wanted: Collection[K], read: Callable[[list[K]], dict[K, V]]) -> dict[K, V]:
        """What is known of those wanted; the rest is read first, and known from then on, also that there is nothing of it."""
        with self._lock:
            kept = self._kinds[kind]
            known = {one: kept[one] for one in wanted if one in kept}
        missing = [one for one in wanted if one not in known]
        if missing:
            found = read(missing)
            new = {one: found.get(one) for one in missing}
            known |= new
            with self._lock:
                if len(kept) > _MOST:
                    kept.clear()
                kept.update(new)
        return {one: fact for one, fact in known.items() if fact is not None}

    def one(self, kind: str, key: K, read: Callable[[], V]) -> V:
        """What is known under one key; read first where it is not."""
        kept = self._kinds[kind]
        try:
            known: V = kept[key]
        except KeyError:
            known = read()
            with self._lock:
                if len(kept) > _MOST:
                    kept.clear()
                kept[key] = known
        return known


class Kept:
    """The facts of the newest blocks. Thread-safe; shared by who writes the index and who reads it."""

    def __init__(self) -> None:
        """Keeps nothing yet."""
        self._lock = threading.Lock()
        self._facts: OrderedDict[str, Facts] = OrderedDict()
        self._listeners: list[Callable[[Hash, Hash], None]] = []

    def on_leaving(self, listener: Callable[[Hash, Hash], None]) -> None:
        """Has the listener told the hashes of two blocks between which everything was left as it was."""
        self._listeners.append(listener)

    def at(self, block: Hash) -> Facts:
        """The facts of a block."""
        with self._lock:
            if block not in self._facts:
                self._keep(block, Facts())
            return self._facts[block]

    def follow(self, before: Hash, page: ev.Page, last: Hash) -> None:
        """Takes note that a page is appended behind a block. If its transaction fails, no reader will stand on its last one."""
        if all(isinstance(logged.event, _LEAVES_THEM) for logged in page.events):
            self.leave(before, last)
            for listener in self._listeners:
                listener(before, last)

    def leave(self, before: Hash, last: Hash) -> None:
        """Takes note that all that happened from one block to another left everything as it was."""
        with self._lock:
            facts = self._facts.get(before)
            if facts is not None:
                self._keep(last, facts)

    def _keep(self, block: str, facts: Facts) -> None:
        self._facts[block] = facts
        while len(self._facts) > _BLOCKS:
            self._facts.popitem(last=False)


class Reading(Protocol):
    """A reader as of a block."""

    _facts: Facts


def kept(read: Callable[Concatenate[R, P], V]) -> Callable[Concatenate[R, P], V]:
    """Keeps what a reader answers, by its arguments: what redemptions leave as it is, and nobody changes who gets it."""
    kind = read.__name__

    def answer(self: R, /, *args: P.args, **kwargs: P.kwargs) -> V:
        return self._facts.one(kind, (args, *kwargs.items()), lambda: read(self, *args, **kwargs))

    answer.__doc__ = read.__doc__
    return answer
