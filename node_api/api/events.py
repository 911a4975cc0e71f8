"""Events and subscribers as the API writes them, and streams of events."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Literal

import orjson
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from node_api.api.answers import BlockOut
from node_api.api.fields import In, MerchantNumber, NoNul, Out, ProgrammeNumber
from node_api.domain.errors import StreamsBusy
from node_api.domain.ids import MerchantId, ProgrammeId
from node_api.domain.subscribers import Subscriber
from node_api.domain.told import CURSOR_PATTERN, Cursor, Wanted
from node_api.services.ports.telling import EventLog
from node_api.services.telling import message

STREAM_TYPE = "text/event-stream"
MAX_STREAMS, MAX_STREAMS_OF_KEY = 100, 10
_PAGE = 100
_LOOK_SECONDS, _ALIVE_SECONDS = 0.5, 15.0
_RETRY = b"retry: 2000\n\n"
_ALIVE = b": alive\n\n"
_UNBUFFERED = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}

CursorText = Annotated[
    str, Field(pattern=CURSOR_PATTERN, description="`block`, `block-log`, or what `next` or an event's `id:` said")
]


class EventOut(Out):
    """Something that happened on chain, or `chain.retracted`: what was told of blocks above `data.after_block` does not stand.

    `id` is the event's own for ever; `offset` its place, the same in every index of the chain; `finality` how sure it was that it
    stays, when it was told.
    """

    id: str
    type: str
    timestamp: str
    offset: str | None
    block: BlockOut | None
    finality: Literal["seen", "confirmed", "final"] | None
    transaction: str | None
    programme: int | None
    merchant: int | None
    data: dict[str, str | int | bool | None]


class EventsOut(Out):
    """A page of events. `next` goes on from there, also where the page is empty; `more`: do so at once."""

    events: list[EventOut]
    next: str
    more: bool


class SubscriberIn(In):
    """Where messages go, and which. `after`: a new subscriber is told what follows; without it, what happens from now on."""

    url: Annotated[str, NoNul, Field(min_length=1, max_length=2_000)]
    programme: ProgrammeNumber | None = None
    merchant: MerchantNumber | None = None
    after: CursorText | None = None

    def wanted(self) -> Wanted:
        """Which events."""
        return wanted(self.programme, self.merchant)


class ReplayIn(In):
    """From where on everything is told again."""

    after: CursorText


class SubscriberOut(Out):
    """A subscriber. `upto`: what it took; `next_at`: not tried before, milliseconds; `gone`: it said so; put it again."""

    name: str
    url: str
    programme: int | None
    merchant: int | None
    upto: str
    told: int
    failures: int
    next_at: int
    fault: str | None
    gone: bool


class SubscribedOut(SubscriberOut):
    """A subscriber with its secret, as Standard Webhooks writes it."""

    secret: str


class SubscribersOut(Out):
    """Every subscriber."""

    subscribers: list[SubscriberOut]


def wanted(programme: int | None, merchant: int | None) -> Wanted:
    """A filter from its numbers."""
    return Wanted(
        None if programme is None else ProgrammeId(programme), None if merchant is None else MerchantId(merchant)
    )


def subscriber_fields(one: Subscriber) -> dict[str, str | int | bool | None]:
    """What is shown of a subscriber."""
    return {
        "name": one.name,
        "url": one.url,
        "programme": one.wanted.programme,
        "merchant": one.wanted.merchant,
        "upto": str(one.upto),
        "told": one.told,
        "failures": one.failures,
        "next_at": one.next_at,
        "fault": one.fault,
        "gone": one.gone,
    }


class Streams:
    """Counts the streams that are open, together and by API key. Thread-safe."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()
        self._lock = threading.Lock()

    def take(self, key: str) -> None:
        """Counts one more of a key, until it is given back.

        Raises:
            StreamsBusy: there are as many as may be, of this key or together.
        """
        with self._lock:
            if self._open[key] >= MAX_STREAMS_OF_KEY:
                raise StreamsBusy(f"{self._open[key]} streams of this API key")
            if self._open.total() >= MAX_STREAMS:
                raise StreamsBusy(f"{self._open.total()} streams")
            self._open[key] += 1

    def give_back(self, key: str) -> None:
        """Counts one less of it."""
        with self._lock:
            self._open[key] -= 1
            self._open += Counter()  # forgets keys that have none


class StreamAnswer(StreamingResponse):
    """A stream that says when it is over, also where it never began."""

    def __init__(self, parts: AsyncIterator[bytes], over: Callable[[], None]) -> None:
        super().__init__(parts, media_type=STREAM_TYPE, headers=_UNBUFFERED)
        self._over = over

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._over()


async def stream(
    log: EventLog, after: Cursor, which: Wanted, may: Callable[[], object], closing: Callable[[], bool]
) -> AsyncIterator[bytes]:
    """Server-sent events behind a cursor, until the node stops or the reader goes.

    Args:
        log: what there is to tell.
        after: where to go on.
        which: which events.
        may: raises once the reader may not read any more; asked now and then.
        closing: whether the node stops.
    """
    yield _RETRY
    at, said = after, time.monotonic()
    while not closing():
        page = await run_in_threadpool(log.page, at, which, _PAGE)
        for cursor, event in page.events:
            told = message(event)
            yield f"id: {cursor}\nevent: {told['type']}\ndata: ".encode() + orjson.dumps(told) + b"\n\n"
        at = page.next
        if time.monotonic() - said > _ALIVE_SECONDS:
            await run_in_threadpool(may)
            said = time.monotonic()
            yield _ALIVE
        if not page.more:
            await asyncio.sleep(_LOOK_SECONDS)
