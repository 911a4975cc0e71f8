"""How long to wait before a chain is asked again for a transaction's block."""

from __future__ import annotations

from collections import deque

_FIRST, _LONGEST = 0.002, 0.1
_STEADY_LOOKS = 16
_SLOWER = 1.5
_MOST_GROWTH = 16  # by then the longest is reached: a power of many more would not fit a float
_KEPT = 8
_EARLY = 0.7
_LONGEST_EARLY = 0.05


def pause(looks: int) -> float:
    """Seconds to wait after so many looks that found nothing, at least one.

    A block comes within some 5 to 30 ms where every transaction gets its own: look often at first, then ever more seldom.
    """
    return min(_FIRST * _SLOWER ** min(max(0, looks - _STEADY_LOOKS), _MOST_GROWTH), _LONGEST)


class Pace:
    """How long a chain that makes blocks of calls takes for their gas, learnt from the last ones. Used by one thread."""

    def __init__(self) -> None:
        """Knows no call yet."""
        self._taken: deque[float] = deque(maxlen=_KEPT)

    def note(self, gas: int, seconds: float) -> None:
        """Takes note of how long calls of so much gas took together."""
        self._taken.append(seconds / gas)

    def needed(self, gas: int) -> float:
        """Seconds that a call of so much gas needs, a little less than the fastest of the last ones would have taken for it."""
        return min(_EARLY * gas * min(self._taken), _LONGEST_EARLY) if self._taken else 0.0
