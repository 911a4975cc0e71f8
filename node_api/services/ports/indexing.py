"""What the indexer needs: a chain to follow and a store to put it into."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from node_api.domain.events import Header, Page

Digest = Sequence[tuple[str, int, str]]
"""For each table: name, number of rows, and SHA-256 over the rows in the order of their keys."""


class PageUnsettled(Exception):
    """The chain contradicted itself while a page was read (it moved, or a node lagged behind): ask again."""


class CheckpointMoved(Exception):
    """Somebody else wrote to the index meanwhile: look where it stands and go on from there."""


class IndexForeign(Exception):
    """The index was built from another chain or other contracts; it must be rebuilt, or the node points at the wrong chain."""


class ChainSource(Protocol):
    """The chain as the indexer follows it. Every method may raise the adapter's own fault when the chain does not answer."""

    def identity(self) -> str:
        """Names the chain and the contracts followed; equal identities may share an index."""
        ...

    def require_own(self) -> None:
        """Asks the chain whether it is still the one this source was made for.

        Raises: the adapter's own fault where another chain answers, or one without the contracts.
        """
        ...

    @property
    def first_block(self) -> int:
        """Where following begins: no contract of ours logged anything below it."""
        ...

    def head(self) -> Header:
        """The newest block."""
        ...

    def header(self, number: int) -> Header | None:
        """A block by its height; None above the head."""
        ...

    def page(self, first: int, last: int) -> Page:
        """Blocks `first` to `last`, inclusive, with what our contracts logged; each follows the one before it. Where they are
        full of logs, only the first of them, one at least.

        Raises:
            PageUnsettled: the answers do not fit together.
        """
        ...


class IndexStore(Protocol):
    """The tables behind the index. Every writing method is one database transaction, checkpoint included."""

    def checkpoint(self) -> Header | None:
        """The newest block stored; None for an empty index."""
        ...

    def identity(self) -> str | None:
        """What the index was built from; None for an empty one."""
        ...

    def header(self, number: int) -> Header | None:
        """A stored block by its height."""
        ...

    def append(self, page: Page, after: Header | None, identity: str) -> None:
        """Stores a page behind the block `after`, which must be the checkpoint (None: the index must be empty).

        Raises:
            CheckpointMoved: it is not.
        """
        ...

    def rewind(self, to: int, seen: Header) -> None:
        """Forgets every block above `to` and all that happened there, and computes the roll-ups anew.

        Args:
            to: newest block to keep; below the first one, everything is forgotten.
            seen: the checkpoint the decision rests on.

        Raises:
            CheckpointMoved: the checkpoint is another one.
        """
        ...

    def clear(self, taken_back_to: int | None = None) -> None:
        """Empties the index, whatever it was built from. The rest of the database stays.

        Args:
            taken_back_to: above this block nothing that was stored stands any more; None where all of it does.
        """
        ...

    def digest(self) -> Digest:
        """The digest of all tables, roll-ups included, as of one moment."""
        ...

    def digest_of(self) -> tuple[Header | None, Digest]:
        """The newest block stored, and the digest that belongs to it."""
        ...
