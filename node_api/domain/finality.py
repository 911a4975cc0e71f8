"""How sure it is that what stands in a block will stay there."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

Depth = Callable[[], int]
"""How many blocks must stand on one. Asked each time: where signers are voted in and out it changes."""


def at_once() -> int:
    """None: a block is enough."""
    return 0


class Finality(StrEnum):
    """Seen in a block; confirmed by another block on it; final, once so many stand on it that nothing can change any more."""

    SEEN = "seen"
    CONFIRMED = "confirmed"
    FINAL = "final"


def finality(on_top: int, needed: int) -> Finality:
    """Of a block on which so many stand, where `needed` make it final."""
    if on_top >= needed:
        return Finality.FINAL
    return Finality.CONFIRMED if on_top > 0 else Finality.SEEN
