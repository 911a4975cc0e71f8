"""Who waits for an operation, without a node.

told final ├── meanwhile → woken at once        ├── before → not waited for, once
           └── and open again all the same, since the chain went back → waited for anew
"""

from __future__ import annotations

import asyncio
import time

from node_api.api.waiting import Waiting


def seconds(waiting: Waiting) -> float:
    """How long it waits for the operation, of a minute that it may."""
    began = time.monotonic()
    asyncio.run(waiting.until_settled("op", 60))
    return time.monotonic() - began


def test_until_settled__when_told_meanwhile__then_woken() -> None:
    waiting = Waiting()

    async def both() -> float:
        began = time.monotonic()
        asyncio.get_running_loop().call_later(0.05, waiting.settled, ["other", "op"])
        await waiting.until_settled("op", 60)
        return time.monotonic() - began

    assert asyncio.run(both()) < 0.4


def test_until_settled__when_told_before__then_waits_only_from_the_second_time_on() -> None:
    waiting = Waiting()
    waiting.settled(["op"])
    assert seconds(waiting) < 0.3
    assert seconds(waiting) >= 0.4  # it is open again all the same: nobody shall look without a pause
