"""Does something again and again while a node runs, in a thread of its own: following the chain, above all."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

FOLLOW_SECONDS = 0.5
STOP_SECONDS = 30.0

log = structlog.get_logger()


class Following:
    """Calls what keeps up with the chain twice a second, whatever becomes of it."""

    def __init__(self, keep_up: Callable[[], object], name: str = "index") -> None:
        """Starts nothing yet; `name` is the thread's, and the log's word for it."""
        self._keep_up, self._waits = keep_up, f"{name}_waits"
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._follow, name=name, daemon=True)
        self.fault: str | None = None
        """Why the last call failed; None where it did not."""

    def start(self) -> None:
        """Begins, half a second from now."""
        self._thread.start()

    def let_go(self) -> None:
        """Has it end after the call in hand, and waits for nothing."""
        self._stopping.set()

    def stop(self) -> None:
        """Ends it, and waits until it has ended; where what it does hangs, not for ever."""
        self._stopping.set()
        self._thread.join(STOP_SECONDS)

    def _follow(self) -> None:
        while not self._stopping.wait(FOLLOW_SECONDS):
            try:
                self._keep_up()
                self.fault = None
            except Exception as error:  # noqa: BLE001  following goes on when it is over; reads say what they stand on
                fault = f"{type(error).__name__}: {error}"
                if fault != self.fault:
                    log.warning(self._waits, fault=fault)
                self.fault = fault
