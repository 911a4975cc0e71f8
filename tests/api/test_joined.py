"""What is written to a client in one round of the event loop is sent together.

head, then body → one piece, in their order        ├── in another round → another piece
closed at once → what was written is sent before   └── the client gone meanwhile → nothing is sent, and nothing fails
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from node_api.connection import Joined


class Wire(asyncio.Transport):
    """Notes what reaches it; once closed it takes nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[bytes] = []
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self.closed
        self.sent.append(bytes(data))

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


def sent(*rounds: Callable[[Joined, Wire], None]) -> list[bytes]:
    """What is sent when each of these is done in a round of its own."""

    async def scene() -> list[bytes]:
        faults: list[object] = []
        loop, wire = asyncio.get_running_loop(), Wire()
        loop.set_exception_handler(lambda _, context: faults.append(context))
        joined = Joined(wire, loop)
        for one in rounds:
            one(joined, wire)
            await asyncio.sleep(0)
        assert faults == []
        return wire.sent

    return asyncio.run(scene())


def head(joined: Joined, _: Wire) -> None:
    joined.write(b"head ")


def answer(joined: Joined, wire: Wire) -> None:
    head(joined, wire)
    joined.write(b"body ")


def close(joined: Joined, _: Wire) -> None:
    joined.close()


def answer_and_close(joined: Joined, wire: Wire) -> None:
    answer(joined, wire)
    close(joined, wire)


def answer_and_lose(joined: Joined, wire: Wire) -> None:
    answer(joined, wire)
    wire.close()


def test_write__in_one_round__is_sent_together() -> None:
    assert sent(answer, head, answer) == [b"head body ", b"head ", b"head body "]


def test_write__then_closed__is_sent_before() -> None:
    assert sent(answer_and_close, close) == [b"head body "]


def test_write__to_a_client_that_is_gone__sends_nothing() -> None:
    assert sent(answer_and_lose) == []
