"""Following the chain into the index: pages forward, rewinds on reorganisation, comparison with a rebuild."""

from __future__ import annotations

import gc
import hashlib
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from node_api.domain.events import Header, Page
from node_api.domain.ids import Hash, UnixSeconds
from node_api.domain.models import BlockRef
from node_api.services.ports.indexing import (
    ChainSource,
    CheckpointMoved,
    Digest,
    IndexForeign,
    IndexStore,
    PageUnsettled,
)

DEFAULT_PAGE = 500
_PATIENCE_SECONDS = 30.0
_FIRST_PAUSE = 0.01
_LONGEST_PAUSE = 0.5


@dataclass(frozen=True, slots=True)
class TableDifference:
    """A table that a rebuild fills otherwise than the index has it; `(rows, digest)` of both."""

    table: str
    index: tuple[int, str]
    rebuilt: tuple[int, str]


class _NotThere(PageUnsettled):
    """The node asked is at a block from before the contracts."""

    def __init__(self, head: int, first: int) -> None:
        super().__init__(
            f"the node asked is at block {head}, the contracts begin at block {first}: it still reads the chain"
        )
        self.head = head


class Indexer:
    """Keeps an index up with its chain. Thread-safe: one thread follows, the others wait and find the work done."""

    def __init__(
        self,
        source: ChainSource,
        store: IndexStore,
        *,
        page: int = DEFAULT_PAGE,
        one_node: bool = False,
    ) -> None:
        """Reads and writes nothing yet.

        Args:
            source: the chain followed.
            store: the index written.
            page: most blocks in one step, at least 1; nodes bound what they answer (Besu: 1,000).
            one_node: the chain is one node, as the embedded one: a head below the checkpoint means that the chain went
                back. Elsewhere it means that the node asked lags behind, and the index waits for it.
        """
        if page < 1:
            raise ValueError(f"a page has at least one block, not {page}")
        self._source, self._store, self._page, self._one_node = source, store, page, one_node
        self._lock = threading.Lock()
        self._is_own = False  # the index was found to belong to this chain and these contracts
        self._asked: tuple[int, Future[Page]] | None = None  # the page behind the one in hand, by its first block
        self.rewinds = 0
        """How often blocks were taken back since the start."""

    def head(self) -> BlockRef:
        """The chain's newest block."""
        return ref_of(self._source.head())

    def catch_up(self, to_block: int | None = None) -> BlockRef:
        """Follows until the block that is the chain's head now, or until `to_block` where that comes first.

        Returns: where the index stands.

        Raises:
            IndexForeign: the index belongs to another chain or other contracts.
            PageUnsettled: for half a minute the chain kept contradicting itself, or stood at a block from before the contracts.
        """
        with self._lock, ThreadPoolExecutor(1, "index-ahead") as ahead:
            self._asked = None
            deadline, pause = time.monotonic() + _PATIENCE_SECONDS, _FIRST_PAUSE
            highest = -1
            while True:
                try:
                    with _garbage_kept():
                        done = self._advance(to_block, ahead)
                except (PageUnsettled, CheckpointMoved) as fault:
                    self._is_own = False
                    reached = self._reached_meanwhile(fault)
                    if reached > highest:
                        highest = reached
                        deadline, pause = time.monotonic() + _PATIENCE_SECONDS, _FIRST_PAUSE
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(pause)
                    pause = min(2 * pause, _LONGEST_PAUSE)
                    continue
                if done is not None:
                    return done
                deadline, pause = time.monotonic() + _PATIENCE_SECONDS, _FIRST_PAUSE

    def _reached_meanwhile(self, fault: PageUnsettled | CheckpointMoved) -> int:
        """How far somebody is who is waited for: who brings the index up faster, or a node that still reads the chain."""
        if isinstance(fault, _NotThere):
            return fault.head
        at = self._store.checkpoint() if isinstance(fault, CheckpointMoved) else None
        return -1 if at is None else at.number

    def rebuild(self) -> BlockRef:
        """Empties the index, whatever it was built from, and builds it from the chain again.

        What was told of blocks that the chain does not have counts as taken back, as where it is followed.

        Returns, raises: as `catch_up`.
        """
        with self._lock:
            self._source.require_own()
            self._store.clear(self._taken_back_to())
            self._is_own = False
        return self.catch_up()

    def _advance(self, to_block: int | None, ahead: ThreadPoolExecutor) -> BlockRef | None:
        """One page, or one rewind; the place reached once there is nothing left to do."""
        head, at = self._source.head(), self._store.checkpoint()
        if at is not None:
            self._require_own()
            if head.hash == at.hash:
                return ref_of(at)
            if head.number <= at.number:
                if self._only_lags(head):
                    return ref_of(at)
                self._rewind(at, head)
                return None
        first = self._source.first_block if at is None else at.number + 1
        if at is None and head.number < first:
            raise _NotThere(head.number, first)
        target = head.number if to_block is None else min(head.number, to_block)
        if target < first:
            return ref_of(head if at is None else at)
        page = self._next(first, target, ahead)
        if at is not None and page.headers[0].parent != at.hash:
            self._rewind(at, head)
            return None
        self._store.append(page, at, self._source.identity())
        return ref_of(page.headers[-1]) if page.headers[-1].number >= target else None

    def _next(self, first: int, target: int, ahead: ThreadPoolExecutor) -> Page:
        """The page from `first` on. The one behind it is asked for, so that the chain answers while this one is stored."""
        asked, self._asked = self._asked, None
        if asked is not None and asked[0] == first:
            page = asked[1].result()
        else:
            page = self._source.page(first, min(target, first + self._page - 1))
        last = page.headers[-1].number
        if last < target:
            self._asked = last + 1, ahead.submit(self._source.page, last + 1, min(target, last + self._page))
        return page

    def _require_own(self) -> None:
        if not self._is_own:
            ours, theirs = self._store.identity(), self._source.identity()
            if ours != theirs:
                raise IndexForeign(
                    f"the index was built from {ours}, the node follows {theirs}: point the node at its own chain, "
                    "or build the index anew with `vouchertrail index rebuild`"
                )
            self._is_own = True

    def _only_lags(self, head: Header) -> bool:
        stored = self._store.header(head.number)
        return not self._one_node and stored is not None and stored.hash == head.hash

    def _rewind(self, seen: Header, head: Header) -> None:
        """Goes back to a block both know, in growing strides: what is forgotten too much is read again.

        Another chain behind the same address looks like a reorganisation of everything: nothing is forgotten for it.

        Raises:
            PageUnsettled: of several nodes one answers that lags behind: it has no blocks where others have.
        """
        self._source.require_own()
        number = self._shared(min(seen.number - 1, head.number))
        self._store.rewind(max(number, self._source.first_block - 1), seen)
        self.rewinds += 1

    def _shared(self, number: int) -> int:
        """A block from here down that both know, in growing strides; one below the first where there is none."""
        stride = 1
        while number >= self._source.first_block:
            ours, theirs = self._store.header(number), self._source.header(number)
            if theirs is None and not self._one_node:
                raise PageUnsettled(f"the node asked has no block {number} yet")
            if ours is not None and theirs is not None and ours.hash == theirs.hash:
                break
            number, stride = number - stride, 2 * stride
        return number

    def _taken_back_to(self) -> int | None:
        """Above which block nothing that is stored stands; None where all of it does."""
        at, head = self._store.checkpoint(), self._source.head()
        if at is None:
            return None
        if self._store.identity() != self._source.identity():
            return 0
        shared = self._shared(min(at.number, head.number))
        return None if shared == at.number or self._only_lags(head) else max(shared, self._source.first_block - 1)


@contextmanager
def _garbage_kept() -> Iterator[None]:
    """A page is a million objects, none of them in a circle: to look for circles in it would take a quarter of the time."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def digest_of(tables: Digest) -> str:
    """One hash of the digests of all tables."""
    return hashlib.sha256(repr(list(tables)).encode()).hexdigest()


def compare(index: Digest, rebuilt: Digest) -> list[TableDifference]:
    """The tables in which two indexes differ; empty where they are equal."""
    first = {name: (count, digest) for name, count, digest in index}
    second = {name: (count, digest) for name, count, digest in rebuilt}
    return [TableDifference(name, first[name], second[name]) for name in first if first[name] != second[name]]


def ref_of(header: Header) -> BlockRef:
    """How answers name it."""
    return BlockRef(header.number, Hash("0x" + header.hash.hex()), UnixSeconds(header.timestamp))
