"""Requests of about the same time share one piece of work.

asked one after the other → each alone
asked while work is under way → together, at most so many, in their order
one of them at fault → it alone raises
the work as a whole at fault → all of them raise, and the next are served
the work ended by a bug → each is asked alone, and whose it is raises
requests to redeem, one of which no item can be made of → it alone raises, and the others are taken in
gone before its answer → the others have theirs
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest

from node_api.api.gathered import Asked, gather
from node_api.api.gathering import Gathering
from node_api.api.requests import RedeemIn
from node_api.domain.access import ApiKey, ApiRole
from node_api.domain.ids import MerchantId, UnixSeconds
from node_api.services.judging import Request
from node_api.services.operations import Submission


class Halves:
    """Halves even numbers, and says which came together; the first call waits until it is let go."""

    def __init__(self) -> None:
        self.calls: list[list[int]] = []
        self.go = threading.Event()

    def work(self, asked: Sequence[int]) -> list[int | Exception]:
        self.calls.append(list(asked))
        assert self.go.wait(5)
        if -1 in asked:
            raise ConnectionError
        assert 0 not in asked
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
        return await together(gathering, -1, 2), await gathering.ask(4)

    failed, after = asyncio.run(scene())
    assert [type(one) for one in failed] == [ConnectionError, ConnectionError]
    assert after == 2


def test_ask__work_ended_by_a_bug__raises_for_whose_it_is() -> None:
    halves = Halves()
    halves.go.set()

    async def scene() -> list[int | BaseException]:
        gathering = Gathering(halves.work, most=9)
        first = asyncio.create_task(gathering.ask(2))
        return [*await together(gathering, 4, 0, 3), await first]

    four, bug, odd, two = asyncio.run(scene())
    assert (four, two) == (2, 1)
    assert isinstance(bug, AssertionError)
    assert isinstance(odd, ValueError)
    assert halves.calls[-3:] == [[4], [0], [3]]


class Unreadable(RedeemIn):
    """What no item can be made of, though nobody foresaw it."""

    def to_domain(self, caller: ApiKey) -> Request:
        raise RuntimeError("a bug")


class Taking:
    """Takes everything in: the operation is the key."""

    def submit(self, submissions: Sequence[Submission]) -> list[str]:
        return [one.key for one in submissions]


def test_singles__one_of_which_no_item_can_be_made__take_the_others_in() -> None:
    caller = ApiKey("key_1", ApiRole.MERCHANT, MerchantId(1), "till", UnixSeconds(1))
    numbers = dict.fromkeys(("merchant", "bill", "channel", "deadline"), 1)
    item = {"redemption": {**numbers, "spends": [], "receipt": "0x" + "00" * 32}, "signature": "0x"}
    bodies = [model.model_validate(item) for model in (RedeemIn, Unreadable, RedeemIn)]

    async def scene() -> list[Any]:
        gathered = gather(
            cast("Any", SimpleNamespace(keyring=SimpleNamespace(callers=None), redemptions=Taking(), waiting=None))
        )
        asked = [Asked(caller, f"key-{at}", "redemption", body, [body]) for at, body in enumerate(bodies)]
        return await asyncio.gather(*map(gathered.singles.ask, asked), return_exceptions=True)

    first, bug, last = asyncio.run(scene())
    assert (first, last) == ("key-0", "key-2")
    assert isinstance(bug, RuntimeError)


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
