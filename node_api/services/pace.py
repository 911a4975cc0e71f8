"""Whether a chain that makes its blocks by the clock still makes them, and which of them are final."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

from node_api.domain.errors import ChainUnavailable
from node_api.domain.events import Header
from node_api.domain.finality import Depth
from node_api.services.ports.indexing import IndexStore


class ChainPace:
    """Looks at the index, which follows the chain. Thread-safe."""

    def __init__(
        self,
        index: IndexStore,
        confirmations: Depth,
        still_seconds: float | None,
        *,
        refuses: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Reads nothing yet.

        Args:
            index: follows the chain.
            confirmations: blocks that must stand on one before it is final.
            still_seconds: without a block for longer the chain stands still; None: it makes none by the clock.
            refuses: whether nothing is taken in while it stands still.
            clock: the time now, Unix seconds.
        """
        self._index, self._confirmations, self._still_seconds = index, confirmations, still_seconds
        self._refuses, self._clock = refuses, clock

    def final(self) -> Header | None:
        """The newest block that is final; None where the index holds none."""
        newest = self._index.checkpoint()
        if newest is None or not (deep := self._confirmations()):
            return newest
        return self._index.header(newest.number - deep)

    def fault(self) -> str | None:
        """That the chain stands still, and since when nothing became final; None where blocks come."""
        newest = self._index.checkpoint()
        if self._still_seconds is None or newest is None or self._clock() - newest.timestamp <= self._still_seconds:
            return None
        last = self.final() or newest
        return f"no final blocks since {datetime.fromtimestamp(last.timestamp, UTC):%Y-%m-%dT%H:%M:%SZ} (block {last.number})"

    def require_moving(self) -> None:
        """Raises ChainUnavailable where the chain stands still and nothing is to be taken in meanwhile."""
        if self._refuses and (fault := self.fault()) is not None:
            raise ChainUnavailable(fault)
