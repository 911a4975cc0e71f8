"""What holders signed, kept in memory while it is under way: it never changes, so only what became of it is read anew."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable

from node_api.domain.operations import WorkItem

_MOST = 10_000
"""Items, the newest first to be asked for: what bounds the memory."""

Position = tuple[str, int]
"""Of an item: its operation, and its place there."""


class Works:
    """The newest items. Thread-safe."""

    def __init__(self) -> None:
        """Keeps nothing yet."""
        self._lock = threading.Lock()
        self._kept: OrderedDict[Position, WorkItem] = OrderedDict()

    def known(self, wanted: Iterable[Position]) -> dict[Position, WorkItem]:
        """Those of the wanted that are kept."""
        kept = self._kept
        with self._lock:
            return {one: kept[one] for one in wanted if one in kept}

    def keep(self, works: Collection[tuple[Position, WorkItem]]) -> None:
        """Keeps these, and forgets the oldest."""
        with self._lock:
            self._kept.update(works)
            while len(self._kept) > _MOST:
                self._kept.popitem(last=False)
