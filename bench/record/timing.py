"""How long reads take."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spread:
    """Milliseconds: half of the reads took `p50` at most, all but one in a hundred `p99`."""

    p50: float
    p99: float


def spread(once: Callable[[], object], times: int, warm: int) -> Spread:
    """Of so many times, after some that do not count."""
    for _ in range(warm):
        once()
    found = sorted(1_000 * seconds(once) for _ in range(times))
    return Spread(found[times // 2], found[times * 99 // 100])


def seconds(work: Callable[[], object]) -> float:
    """That it takes once."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
