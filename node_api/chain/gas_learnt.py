"""What gas a call will take, learnt from those that came into blocks."""

from __future__ import annotations

from collections import deque

from node_api.domain.operations import SentCall

_KEPT = 32
_FIRST = 50
"""For a byte, before any call is known: drawn redemptions take as much, neighbouring vouchers half of it."""


class LearntGas:
    """Gas by the length of calls. Used by one thread."""

    def __init__(self) -> None:
        self._taken: deque[tuple[int, int]] = deque(maxlen=_KEPT)

    def note(self, call: SentCall, gas: int) -> None:
        """Takes note of what a call took."""
        self._taken.append((gas, len(call.raw)))

    def of(self, call: SentCall) -> int:
        """As much for its length as the last ones took together."""
        gas, length = (sum(column) for column in zip(*self._taken, strict=True)) if self._taken else (_FIRST, 2)
        return len(call.raw) * gas // length
