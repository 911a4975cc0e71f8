"""Where it is kept how full the buckets of API keys are."""

from collections.abc import Callable
from typing import Protocol

Level = tuple[float, float]
"""What is left in a bucket, and the moment of that: seconds of the machine's clock that never goes back."""


class Buckets(Protocol):
    """Levels by key. Thread-safe."""

    def change(self, key: str, step: Callable[[Level | None], Level]) -> None:
        """Replaces the level of a key, None where it has none yet; nobody else changes it meanwhile."""
        ...
