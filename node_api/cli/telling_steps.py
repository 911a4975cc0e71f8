"""Says what a long command is doing, and how long each step took."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

from node_api.cli.folder import console
from node_api.cli.options import Shared


class Teller:
    """Says what is being done, and how long it took."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """One step."""
        began = time.monotonic()
        if not self._shared.as_json:
            console.print(f"[bold]{name}[/bold] …")
        yield
        self.seconds[name] = round(time.monotonic() - began, 2)
        if not self._shared.as_json:
            console.print(f"  done in {self.seconds[name]:.1f} s")


def end_by_signal() -> None:
    """Has SIGTERM end the command as an ordinary exit does, so that what it started is stopped."""
    signal.signal(signal.SIGTERM, _end)


def _end(_number: int, _frame: object) -> None:
    raise SystemExit(0)
