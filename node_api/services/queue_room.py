"""How many redemptions may wait to be sent: who asks for more is told to come again."""

from __future__ import annotations

import time

from node_api.domain.errors import QueueFull
from node_api.services.ports.operations import OperationStore

LOOK_SECONDS = 1.0


class QueueRoom:
    """Looks at the queue once a second at most: meanwhile some more than may wait can come in. Thread-safe."""

    def __init__(self, store: OperationStore, most: int) -> None:
        """Reads nothing yet; `most` items may wait, of all processes that share the database."""
        self._store, self._most = store, most
        self._look_at, self._full = 0.0, False

    def fault(self) -> QueueFull | None:
        """Why nothing more is taken in; None where there is room."""
        now = time.monotonic()
        if now >= self._look_at:
            self._look_at = now + LOOK_SECONDS
            self._full = self._store.is_queued(self._most)
        return QueueFull(f"{self._most} redemptions or more wait to be sent") if self._full else None
