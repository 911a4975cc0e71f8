"""How many requests an API key may make: a bucket for each, which fills at a steady rate."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

from node_api.domain.errors import RateLimited


class Rates:
    """Counts requests of keys in this process. Thread-safe."""

    def __init__(self, per_second: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        """Every bucket begins full.

        Args:
            per_second: requests a key may make in the long run; 0 for any number.
            burst: requests it may make at once, at least 1.
            clock: seconds that never go back.
        """
        self._per_second, self._burst, self._clock = per_second, burst, clock
        self._buckets: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def take(self, key: str) -> None:
        """Counts one request.

        Raises:
            RateLimited: the key has none left; it says in how many seconds it has.
        """
        if not self._per_second:
            return
        now = self._clock()
        with self._lock:
            left, at = self._buckets.get(key, (float(self._burst), now))
            left = min(float(self._burst), left + (now - at) * self._per_second)
            allowed = left >= 1
            self._buckets[key] = (left - 1 if allowed else left, now)
        if not allowed:
            wait = math.ceil((1 - left) / self._per_second)
            raise RateLimited(f"more than {self._burst} requests at once, {self._per_second:g} a second", wait)
