"""What a process that only takes in has counted: told, now and then, to the one that shows the figures."""

from __future__ import annotations

import threading

Answered = tuple[str, str, int, float]
"""Method, route, status, and the seconds until the answer began."""


class Tally:
    """Implements `Counts`. Thread-safe."""

    def __init__(self) -> None:
        """Nothing is in hand."""
        self._lock = threading.Lock()
        self._in_hand = 0
        self._answered: list[Answered] = []

    def began(self) -> None:
        """See the protocol."""
        with self._lock:
            self._in_hand += 1

    def ended(self, method: str, route: str, status: int, seconds: float) -> None:
        """See the protocol."""
        with self._lock:
            self._in_hand -= 1
            self._answered.append((method, route, status, seconds))

    def handed_on(self) -> None:
        """See the protocol."""
        with self._lock:
            self._in_hand -= 1

    def taken(self) -> tuple[int, list[Answered]]:
        """How many are in hand, and what was answered since this was last asked."""
        with self._lock:
            answered, self._answered = self._answered, []
            return self._in_hand, answered
