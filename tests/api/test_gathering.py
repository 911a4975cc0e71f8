"""Requests of about the same time share one piece of work.

asked one after the other → each alone
asked while work is under way → together, at most so many, in their order
one of them at fault → it alone raises
the work as a whole at fault → all of them raise, and the next are served
gone before its answer → the others have theirs
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import pytest

from node_api.api.gathering import Gathering


class Halves:
    """Halves even numbers, and says which came together; the first call waits until it is let go."""

    def __init__(self) -> None:
        self.calls: list[list[int]] = []
        self.go = threading.Event()

    def work(self, asked: Sequence[int]) -> list[int | Exception]:
        self.calls.append(list(asked))
        assert self.go.wait(5)
        if 0 in asked:
            raise ZeroDivisionError
        return [ValueError(one) if one % 2 else one // 2 for one in asked]


async def together(gathering: Gathering[int, int], *asked: int) -> list[int | BaseException]:
    return await asyncio.gather(*map(gathering.ask, asked), return_exceptions=True)


def test_ask__one_after_the_other__each_alone() -> None:
    halves = Halves()
    halves.go.set()

    async def scene() -> list[int]:
        gathering = Gathering(halves.work, most=9)
        return [await gathering.ask(2), await gathering.ask(4)]

    assert asyncio.run(scene()) == [1, 2]
    assert halves.calls == [[2], [4]]


def test_ask__while_work_is_under_way__together_up_to_the_most() -> None:
    halves = Halves()

    async def scene() -> list[int | BaseException]:
        gathering = Gathering(halves.work, most=2)
        first = asyncio.create_task(gathering.ask(2))
        while not halves.calls:
            await asyncio.sleep(0.001)
        asyncio.get_running_loop().call_later(0.01, halves.go.set)
        return [*await together(gathering, 4, 6, 8), await first]

    assert asyncio.run(scene()) == [2, 3, 4, 1]
    assert halves.calls == [[2], [4, 6], [8]]


def test_ask__one_at_fault__raises_alone() -> None:
    halves = Halves()
    halves.go.set()
    two, odd, four = asyncio.run(together(Gathering(halves.work, most=9), 2, 3, 4))
    assert (two, four) == (1, 2)
    assert isinstance(odd, ValueError)


def test_ask__work_at_fault__raises_for_all_and_goes_on() -> None:
    halves = Halves()
    halves.go.set()

    async def scene() -> tuple[list[int | BaseException], int]:
        gathering = Gathering(halves.work, most=9)
        return await together(gathering, 0, 2), await gathering.ask(4)

    failed, after = asyncio.run(scene())
    assert [type(one) for one in failed] == [ZeroDivisionError, ZeroDivisionError]
    assert after == 2


def test_ask__gone_before_its_answer__the_others_have_theirs() -> None:
    halves = Halves()

    async def scene() -> int:
        gathering = Gathering(halves.work, most=9)
        gone, stays = asyncio.create_task(gathering.ask(2)), asyncio.create_task(gathering.ask(4))
        while not halves.calls:
            await asyncio.sleep(0.001)
        gone.cancel()
        halves.go.set()
        with pytest.raises(asyncio.CancelledError):
            await gone
        return await stays

    assert asyncio.run(scene()) == 2
