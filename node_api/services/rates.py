"""How many requests an API key may make: a bucket for each, which fills at a steady rate."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from node_api.domain.errors import RateLimited
from node_api.services.ports.buckets import Buckets, Level


class Rates:
    """Counts requests of keys. Thread-safe."""

    def __init__(
        self, per_second: float, burst: int, buckets: Buckets | None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Every bucket begins full.

        Args:
            per_second: requests a key may make in the long run; above 0 where they are counted.
            burst: requests it may make at once, at least 1.
            buckets: shared with whoever else counts; None for any number of requests.
            clock: seconds that never go back, the same ones for all who share the buckets.
        """
        self._per_second, self._burst, self._buckets, self._clock = per_second, burst, buckets, clock

    def take(self, key: str) -> None:
        """Counts one request.

        Raises:
            RateLimited: the key has none left; it says in how many seconds it has.
        """
        if self._buckets is None:
            return
        lacks = 0.0

        def step(level: Level | None) -> Level:
            nonlocal lacks
            now = self._clock()
            left, at = level or (float(self._burst), now)
            left = min(float(self._burst), left + max(0.0, now - at) * self._per_second)
            lacks = max(0.0, 1 - left)
            return left if lacks else left - 1, now

        self._buckets.change(key, step)
        if lacks:
            wait = math.ceil(lacks / self._per_second)
            raise RateLimited(f"more than {self._burst} requests at once, {self._per_second:g} a second", wait)
