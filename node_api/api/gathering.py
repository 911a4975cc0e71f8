"""Has requests of about the same time share one piece of work: one thread, one reader, one transaction for all of them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from anyio import CapacityLimiter, to_thread

A = TypeVar("A")
B = TypeVar("B")

_BUGS = (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError)
"""What Python itself raises over something that nobody foresaw; what is foreseen, such as no chain, concerns everybody."""


class Gathering(Generic[A, B]):
    """Work for many at once, asked for by one at a time. For one event loop.

    Who asks first is served at once; who asks meanwhile is served together afterwards. So nobody waits for company, and the more
    there is to do, the more is done together.
    """

    def __init__(self, work: Callable[[Sequence[A]], Sequence[B | Exception]], *, most: int) -> None:
        """Does nothing yet.

        Args:
            work: answers each in order, or says with an exception why it does not; runs in a thread, one at a time. Where it
                ends in a bug it is done for each alone, so it takes effect once however often it is asked.
            most: handed to it together.
        """
        self._work, self._most = work, most
        self._threads = CapacityLimiter(1)  # its own: those of the framework may all wait for blocks
        self._waiting: deque[tuple[A, asyncio.Future[B]]] = deque()
        self._worker: asyncio.Task[None] | None = None

    async def ask(self, asked: A) -> B:
        """The answer to one.

        Raises: what the work says of this one, or the exception that it ended with as a whole; a bug, only to whose it is.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[B] = loop.create_future()
        self._waiting.append((asked, answer))
        if self._worker is None:
            self._worker = loop.create_task(self._serve())
        return await answer

    async def _serve(self) -> None:
        try:
            while self._waiting:
                together = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
                await self._answer(together)
        finally:
            self._worker = None

    async def _answer(self, together: Sequence[tuple[A, asyncio.Future[B]]]) -> None:
        answers: Sequence[B | Exception]
        try:
            answers = await to_thread.run_sync(self._answers, [one for one, _ in together], limiter=self._threads)
        except Exception as fault:  # noqa: BLE001  each of them raises it where it is waited for
            answers = [fault] * len(together)
        for (_, waiting), answer in zip(together, answers, strict=True):
            if waiting.done():  # whoever asked has gone
                continue
            if isinstance(answer, Exception):
                waiting.set_exception(answer)
            else:
                waiting.set_result(answer)

    def _answers(self, asked: Sequence[A]) -> Sequence[B | Exception]:
        try:
            return self._work(asked)
        except _BUGS as fault:
            return [fault] if len(asked) == 1 else [answer for one in asked for answer in self._answers([one])]
