"""Reading lists whole that readers give in pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

from node_api.domain.models import TxRef

SIZE = 1_000
"""Facts in a page: the most a reader gives."""


class Fact(Protocol):
    """What stands at a place of the chain."""

    @property
    def tx(self) -> TxRef:
        """Where."""
        ...


F = TypeVar("F", bound=Fact)


def every(page: Callable[[tuple[int, int], int], Sequence[F]]) -> Iterator[F]:
    """All facts of a list, in the order of the chain.

    Args:
        page: gives those behind a block and a log, no more than so many.
    """
    after = 0, 0
    while found := page(after, SIZE):
        yield from found
        if len(found) < SIZE:
            return
        last = found[-1].tx
        after = last.block.number, last.log_index
