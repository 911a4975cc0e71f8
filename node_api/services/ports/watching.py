"""What an observer's watch needs: the chain block by block, other nodes' answers, and a place to write findings down."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from node_api.domain.council import Council, Notice, SealedHeader
from node_api.domain.findings import Finding, FindingKind
from node_api.domain.ids import Address, Hash
from node_api.domain.models import BlockRef


@dataclass(frozen=True, slots=True)
class WatchedBlock:
    """A block's header, and what its transactions did that is to be noticed."""

    header: SealedHeader
    happened: tuple[Notice, ...]


class WatchedChain(Protocol):
    """The observer's own copy of the chain. Every method may raise the adapter's own fault when it does not answer."""

    def head(self) -> SealedHeader:
        """The newest block."""
        ...

    def header(self, number: int) -> SealedHeader | None:
        """A block by its height; None above the head."""
        ...

    def blocks(self, first: int, last: int) -> list[WatchedBlock]:
        """Blocks `first` to `last`, inclusive, or the first of them.

        Raises:
            PageUnsettled: the chain moved meanwhile.
        """
        ...

    def codes(self) -> list[Notice]:
        """Contracts of ours that are not what the record says, run foreign code, or believe foreign contracts."""
        ...


class OtherNode(Protocol):
    """A node of somebody else, asked for the blocks it goes by."""

    def unknown(self, known: Callable[[Hash], bool], most: int) -> list[SealedHeader]:
        """Its newest blocks, newest first, back to one that is known, so many at most.

        Raises:
            ChainUnavailable: it does not answer, or is on another chain.
        """
        ...


class WatchStore(Protocol):
    """What was watched. Every writing method is one transaction."""

    def place(self) -> tuple[SealedHeader, Council] | None:
        """The newest block watched, and the council as of it; None before the first."""
        ...

    def hash_at(self, number: int) -> Hash | None:
        """The block watched at that height; None where it was never, or is too old to be kept."""
        ...

    def knows(self, block: Hash) -> bool:
        """Whether the block was seen, on whichever branch."""
        ...

    def sealed(self, numbers: Collection[int]) -> list[tuple[int, Address, Hash]]:
        """Every block seen at these heights: its height, who sealed it, and its hash."""
        ...

    def append(
        self,
        after: Hash | None,
        seen: Sequence[tuple[SealedHeader, Council]],
        findings: Sequence[Finding],
    ) -> None:
        """Goes on from the block `after` (None: from nothing) to the last one of `seen`, at least one.

        Raises:
            CheckpointMoved: somebody else went on from it.
        """
        ...

    def rewind(self, seen: Hash, to: int) -> None:
        """Goes back to the block watched at height `to` (below 0: to nothing), with the findings that were said of those above.

        Raises:
            CheckpointMoved: the place is not `seen` any more.
        """
        ...

    def note(self, findings: Sequence[Finding], seen: Sequence[SealedHeader] = ()) -> None:
        """Writes findings down, and blocks of other branches."""
        ...

    def has(self, kind: FindingKind, subject: str, detail: str) -> bool:
        """Whether this was noticed before."""
        ...

    def newest_of(self, kinds: Collection[FindingKind]) -> FindingKind | None:
        """Which of these was noticed last; None where none was."""
        ...


class FindingReads(Protocol):
    """Findings, read."""

    def watched(self) -> BlockRef | None:
        """The newest block watched; None where this node watches nothing."""
        ...

    def findings(self, kinds: Collection[FindingKind] = (), *, limit: int = 100) -> list[Finding]:
        """The newest findings, of these kinds or of all, newest first."""
        ...

    def counts(self) -> dict[str, int]:
        """How many findings there are of each kind that there are any of."""
        ...
