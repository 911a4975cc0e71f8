"""Waiting for operations without holding a thread each."""

import asyncio
import threading
from collections import OrderedDict, defaultdict

_REMEMBERED = 10_000
_LOOK_SECONDS = 0.5

_Told = asyncio.Future[None]
_Waiter = tuple[asyncio.AbstractEventLoop, _Told]


class Waiting:
    """Knows which operations became final lately and who waits for one. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._settled: OrderedDict[str, None] = OrderedDict()
        self._waiting: defaultdict[str, list[_Waiter]] = defaultdict(list)

    def settled(self, operations: list[str]) -> None:
        """Takes note of operations that became final, and wakes who waits for them."""
        woken: defaultdict[asyncio.AbstractEventLoop, list[_Told]] = defaultdict(list)
        with self._lock:
            for operation in operations:
                self._settled[operation] = None
                for loop, told in self._waiting.pop(operation, []):
                    woken[loop].append(told)
            while len(self._settled) > _REMEMBERED:
                self._settled.popitem(last=False)
        for loop, some in woken.items():
            loop.call_soon_threadsafe(_tell, some)

    async def until_settled(self, operation: str, seconds: float) -> None:
        """Returns when the operation is final, or after so many seconds, or sooner: look again then.

        An operation that another process brings to its end is not heard of here: so it looks twice a second.
        """
        loop = asyncio.get_running_loop()
        told: _Told = loop.create_future()
        with self._lock:
            if operation in self._settled:
                # Who finds it open all the same, since the chain went back, waits from now on.
                del self._settled[operation]
                return
            self._waiting[operation].append((loop, told))
        alarm = loop.call_later(min(seconds, _LOOK_SECONDS), _tell, [told])
        try:
            await told
        finally:
            alarm.cancel()
            self._forget(operation, (loop, told))

    def _forget(self, operation: str, waiter: _Waiter) -> None:
        with self._lock:
            others = self._waiting.get(operation, [])
            if waiter in others:
                others.remove(waiter)
                if not others:
                    del self._waiting[operation]


def _tell(some: list[_Told]) -> None:
    for told in some:
        if not told.done():
            told.set_result(None)
