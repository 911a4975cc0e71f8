"""Waiting for operations without holding a thread each."""

import asyncio
import threading
from collections import OrderedDict

_REMEMBERED = 10_000
_LOOK_SECONDS = 0.5


class Waiting:
    """Knows which operations became final lately and who waits for one. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._settled: OrderedDict[str, None] = OrderedDict()
        self._waiting: dict[str, list[tuple[asyncio.AbstractEventLoop, asyncio.Event]]] = {}

    def settled(self, operations: list[str]) -> None:
        """Takes note of operations that became final, and wakes who waits for them."""
        with self._lock:
            for operation in operations:
                self._settled[operation] = None
                for loop, event in self._waiting.pop(operation, []):
                    loop.call_soon_threadsafe(event.set)
            while len(self._settled) > _REMEMBERED:
                self._settled.popitem(last=False)

    async def until_settled(self, operation: str, seconds: float) -> None:
        """Returns when the operation is final, or after so many seconds, or sooner: look again then.

        An operation that another process brings to its end is not heard of here: so it looks twice a second.
        """
        event = asyncio.Event()
        entry = (asyncio.get_running_loop(), event)
        with self._lock:
            if operation in self._settled:
                return
            self._waiting.setdefault(operation, []).append(entry)
        try:
            await asyncio.wait_for(event.wait(), min(seconds, _LOOK_SECONDS))
        except TimeoutError:
            with self._lock:
                others = self._waiting.get(operation, [])
                if entry in others:
                    others.remove(entry)
                if not others:
                    self._waiting.pop(operation, None)
