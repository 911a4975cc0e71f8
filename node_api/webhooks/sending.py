"""Requests that are over at a deadline, whatever the other side does.

A socket's own timeout counts anew with every byte. An event loop gives up in the middle of anything: one sends all requests, on a
thread of its own.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Future
from typing import Any, TypeVar

import httpx

T = TypeVar("T")


def within(deadline: float, find: Callable[[], T]) -> T:
    """What `find` gives, found on a thread of its own, which is left to itself where it takes longer.

    Args:
        deadline: by `time.monotonic`.
        find: cannot be given up from outside, like a question to a name server.

    Raises:
        TimeoutError: it took longer. Else what `find` raises.
    """
    found: Future[T] = Future()

    def work() -> None:
        try:
            found.set_result(find())
        except Exception as error:  # noqa: BLE001  whoever waits gets it
            found.set_exception(error)

    threading.Thread(target=work, name="webhooks-find", daemon=True).start()
    return found.result(max(0.0, deadline - time.monotonic()))


class Sending:
    """Sends requests for threads that wait for them. Thread-safe."""

    def __init__(self) -> None:
        """Starts the thread; connects nowhere."""
        self._transport = httpx.AsyncHTTPTransport(trust_env=False)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="webhooks", daemon=True)
        self._thread.start()

    def head(self, request: httpx.Request, deadline: float) -> httpx.Response:
        """Sends a request, and reads no more of the answer than its head.

        Args:
            request: what to send, with `Connection: close`: one that is kept would be another name's at the same address, too.
            deadline: when it is over, by `time.monotonic`.

        Raises:
            TimeoutError: the head was not there in time.
            httpx.HTTPError: nobody is there, or who is there does not speak HTTP.
        """
        return asyncio.run_coroutine_threadsafe(self._head(request, deadline), self._loop).result()

    async def _head(self, request: httpx.Request, deadline: float) -> httpx.Response:
        opened: list[Callable[[], Awaitable[None]]] = []

        async def note(event: str, told: Mapping[str, Any]) -> None:
            if event == "connection.connect_tcp.complete":
                opened.append(told["return_value"].aclose)

        request.extensions["trace"] = note
        try:
            async with asyncio.timeout(deadline - time.monotonic()):
                answer = await self._transport.handle_async_request(request)
            await answer.aclose()  # a body without end is nothing to wait for
        finally:
            for close in opened:  # httpx leaves a connection open that is given up in the middle of its handshake
                await close()
        return answer

    def close(self) -> None:
        """Ends the thread; nobody may wait for an answer any more."""
        asyncio.run_coroutine_threadsafe(self._transport.aclose(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
