"""Waiting until something is so."""

from __future__ import annotations

import time
from collections.abc import Callable

_LOOK_SECONDS = 0.02


def wait(until: Callable[[], bool], seconds: float) -> bool:
    """Looks again and again for so long; whether it came true."""
    deadline = time.monotonic() + seconds
    while not until():
        if time.monotonic() > deadline:
            return False
        time.sleep(_LOOK_SECONDS)
    return True
