"""Watches the chain itself: who seals it and when, what is deployed to it, and who may do what on it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from itertools import pairwise

import structlog

from node_api.domain.council import Council, Notice, SealedHeader
from node_api.domain.errors import ChainUnavailable
from node_api.domain.findings import Finding, FindingKind
from node_api.domain.ids import Address, Hash, UnixSeconds
from node_api.services.ports.indexing import CheckpointMoved, PageUnsettled
from node_api.services.ports.watching import OtherNode, WatchedBlock, WatchedChain, WatchStore

KEPT = 1_000
"""Newest heights at which every block seen is kept: no branch is longer."""
_PAGE, _PAGES = 100, 20
_BESIDE = 64
_CODE_SECONDS = 300.0
_PATIENCE_SECONDS, _PAUSE_SECONDS = 30.0, 0.02
_AHEAD_SECONDS = 15
_LATE_SECONDS, _LATE_BLOCKS = 30, 10

log = structlog.get_logger()


class Watch:
    """Looks at what is new when it is told to. Thread-safe: one looks, the others wait and find the work done."""

    def __init__(
        self,
        chain: WatchedChain,
        store: WatchStore,
        *,
        block_time: int | None = None,
        others: Sequence[OtherNode] = (),
        one_node: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Looks at nothing yet.

        Args:
            chain: the observer's own copy.
            store: where it is written down.
            block_time: seconds from block to block, where a plan says so.
            others: nodes of others, whose blocks are compared with ours.
            one_node: the chain is one node, as of `Indexer`: where it is lower than before, it went back.
            clock: the observer's clock, Unix seconds.
        """
        self._chain, self._store, self._others, self._clock = chain, store, others, clock
        self._block_time, self._one_node = block_time, one_node
        self._late = max(_LATE_SECONDS, _LATE_BLOCKS * (block_time or 0))
        self._codes_due = 0.0
        self._stuck: tuple[Hash | None, float] | None = None  # the place where looks fail, and since when
        self._unseen = set[OtherNode]()  # those whose fault was told
        self._far: dict[OtherNode, Hash] = {}  # the newest block of each that is too far ahead to be kept
        self._lock = threading.Lock()

    def look(self) -> bool:
        """Goes on towards the chain's newest block, some thousand blocks at most, and notes what is to be noticed.

        Returns: whether it has come there.

        Raises:
            PageUnsettled: the chain contradicts itself, and no look came further for half a minute. Else the chain's own fault.
        """
        with self._lock:
            try:
                found = self._follow()
            except CheckpointMoved:  # the next look goes on
                return False
            except PageUnsettled:
                if self._is_stuck():
                    raise
                return False
            self._stuck = None
            if found is None:
                return False
            newest, lags = found
            self._look_beside()
            self._look_at_clock(newest)
            if not lags:  # a node that reads the chain anew may be at a block from before the contracts
                self._look_at_codes(newest)
            return True

    def _is_stuck(self) -> bool:
        """Whether no block came for half a minute to the place where looks fail."""
        place, now = self._store.place(), self._clock()
        at = None if place is None else place[0].hash
        if self._stuck is None or self._stuck[0] != at:
            self._stuck = at, now
        return now - self._stuck[1] > _PATIENCE_SECONDS

    def catch_up(self, patience: float = _PATIENCE_SECONDS) -> None:
        """Looks until it has come to the newest block.

        Raises:
            PageUnsettled: the chain contradicted itself for so many seconds.
        """
        before, deadline = self._store.place(), time.monotonic() + patience
        while not self.look():
            at = self._store.place()
            if at != before:
                before, deadline = at, time.monotonic() + patience
            elif time.monotonic() > deadline:
                raise PageUnsettled("the chain keeps moving while its blocks are read")
            time.sleep(_PAUSE_SECONDS)

    def _follow(self) -> tuple[SealedHeader, bool] | None:
        """The newest block, once it is watched, and whether the node lags; None where there are more than one look takes."""
        head = self._chain.head()
        for _ in range(_PAGES):
            at = self._store.place()
            if at is not None and at[0].hash == head.hash:
                return head, False
            if at is not None and not self._stands(at[0], head):
                if self._only_lags(at[0], head):
                    return at[0], True
                self._rewind(at[0], head)
                continue
            self._next(at, head.number)
        return None

    def _next(self, at: tuple[SealedHeader, Council] | None, head: int) -> None:
        """The page behind the place reached."""
        first = 0 if at is None else at[0].number + 1
        if first > head:
            raise PageUnsettled(f"block {head} was replaced, and the one before came back")
        page = self._chain.blocks(first, min(head, first + _PAGE - 1))
        headers = [*([] if at is None else [at[0]]), *(block.header for block in page)]
        if any(after.parent != before.hash for before, after in pairwise(headers)):
            raise PageUnsettled(f"blocks from {first} on do not follow each other")
        self._take(at, page, head)

    def _stands(self, at: SealedHeader, head: SealedHeader) -> bool:
        if head.number < at.number:
            return False
        return self._hash_of(at.number) == at.hash

    def _only_lags(self, at: SealedHeader, head: SealedHeader) -> bool:
        """Whether the node asked is to be waited for, also where it reads the whole chain anew, below all that is kept here."""
        if head.number >= at.number:
            return False
        ours = self._store.hash_at(head.number)
        return ours == head.hash or (ours is None and not self._one_node)

    def _rewind(self, at: SealedHeader, head: SealedHeader) -> None:
        number = min(at.number - 1, head.number)
        while number >= 0 and (ours := self._store.hash_at(number)) is not None and self._hash_of(number) != ours:
            number -= 1
        self._store.rewind(at.hash, number if number >= 0 and self._store.hash_at(number) else -1)

    def _hash_of(self, number: int) -> Hash:
        """Of the chain's block at a height that its head is above. Raises PageUnsettled."""
        found = self._chain.header(number)
        if found is None:
            raise PageUnsettled(f"the node asked has no block {number}, and later ones")
        return found.hash

    def _take(self, at: tuple[SealedHeader, Council] | None, page: list[WatchedBlock], head: int) -> None:
        before, council = at or (None, Council({}))
        before_it: SealedHeader | None = None
        seen, findings = list[tuple[SealedHeader, Council]](), list[Finding]()
        for block in page:
            header = block.header
            council, noticed = council.follow(header)
            for notice in (*noticed, *self._timely(before_it, before, header), *block.happened):
                findings.append(self._finding(notice, header))
            if header.number > head - KEPT or block is page[-1]:
                seen.append((header, council))
            before_it, before = before, header
        findings += self._twice([header for header, _ in seen])[0]
        self._store.append(None if at is None else at[0].hash, seen, findings)

    def _timely(
        self, before_it: SealedHeader | None, before: SealedHeader | None, header: SealedHeader
    ) -> list[Notice]:
        """What is odd about the time of a block; block 0 is older than its network. `before_it` None: it is asked for."""
        if before is None or before.number == 0 or header.signer is None:
            return []
        gap = header.timestamp - before.timestamp
        if gap > self._late:
            return [(FindingKind.BLOCK_LATE, header.signer, f"{gap} s after the block before it")]
        if not self._is_early(before, header) or self._is_early(before_it or self._parent(before), before):
            return []  # said of the first of several
        return [
            (FindingKind.BLOCK_EARLY, header.signer, f"{gap} s after the one before, {self._block_time} are agreed")
        ]

    def _is_early(self, before: SealedHeader, header: SealedHeader) -> bool:
        gap = header.timestamp - before.timestamp
        return self._block_time is not None and before.number > 0 and gap < self._block_time

    def _parent(self, block: SealedHeader) -> SealedHeader:
        found = self._chain.header(block.number - 1)
        if found is None or found.hash != block.parent:
            raise PageUnsettled(f"block {block.number} was replaced")
        return found

    def _twice(self, headers: Sequence[SealedHeader]) -> tuple[list[Finding], list[SealedHeader]]:
        """Blocks of one signer at one height: an honest one makes one, unless it was rewound by hand.

        Returns: what is to be told, once of each height, and those worth keeping: the first two.
        """
        known: dict[tuple[int, Address], list[Hash]] = {}
        for number, signer, found in self._store.sealed({header.number for header in headers}):
            known.setdefault((number, signer), []).append(found)
        told, new = list[Finding](), list[SealedHeader]()
        for header in headers:
            seen = [] if header.signer is None else known.setdefault((header.number, header.signer), [])
            if header.signer is None or header.hash in seen or len(seen) > 1:
                continue
            if seen:
                notice = FindingKind.SEALED_TWICE, header.signer, f"this block, and {seen[0]}"
                told.append(self._finding(notice, header))
            seen.append(header.hash)
            new.append(header)
        return told, new

    def _look_beside(self) -> None:
        """Blocks of others that a validator of ours made; what anybody else made is worth nothing, and is not kept."""
        place = self._store.place()
        council, most = (Council({}), -1) if place is None else (place[1], place[0].number + KEPT)
        for other in self._others:
            try:
                found = self._new_of(other)
            except ChainUnavailable as fault:
                if other not in self._unseen:
                    log.warning("other_node_unseen", fault=str(fault))
                self._unseen.add(other)
                continue
            self._unseen.discard(other)
            if found and found[0].number > most:
                self._far[other] = found[0].hash
            made = [header for header in found if header.number <= most and council.made(header)]
            self._store.note(*self._twice(made))

    def _new_of(self, other: OtherNode) -> list[SealedHeader]:
        far = self._far.get(other)
        return other.unknown(lambda block: block == far or self._store.knows(block), _BESIDE)

    def _look_at_clock(self, head: SealedHeader) -> None:
        if head.signer is None:
            return
        age = int(self._clock()) - head.timestamp
        off = age < -_AHEAD_SECONDS or age > self._late
        before = self._store.newest_of((FindingKind.CLOCK_OFF, FindingKind.CLOCK_RIGHT))
        if off and before is not FindingKind.CLOCK_OFF:
            how = f"{age} s old" if age > 0 else f"{-age} s ahead of this node's clock"
            self._store.note([self._finding((FindingKind.CLOCK_OFF, "", f"the newest block is {how}"), head)])
        if not off and before is FindingKind.CLOCK_OFF:
            self._store.note([self._finding((FindingKind.CLOCK_RIGHT, "", f"the newest block is {age} s old"), head)])

    def _look_at_codes(self, head: SealedHeader) -> None:
        if self._clock() < self._codes_due:
            return
        found = [notice for notice in self._chain.codes() if not self._store.has(*notice)]
        self._store.note([self._finding(notice, head) for notice in found])
        self._codes_due = self._clock() + _CODE_SECONDS

    def _finding(self, notice: Notice, header: SealedHeader) -> Finding:
        now = UnixSeconds(int(self._clock()))
        return Finding(*notice, header.number, header.hash, header.timestamp, now)
