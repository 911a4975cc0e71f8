"""What happened on chain, told as it happens: in pages, as a stream, and to subscribers."""

from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Request, Response

from node_api.api.access import Caller, require_merchant
from node_api.api.documented import KEEPING, READING, problems
from node_api.api.events import (
    STREAM_TYPE,
    CursorText,
    EventOut,
    EventsOut,
    ReplayIn,
    StreamAnswer,
    SubscribedOut,
    SubscriberIn,
    SubscriberOut,
    SubscribersOut,
    stream,
    subscriber_fields,
    wanted,
)
from node_api.api.node import Node, TheNode
from node_api.domain import errors
from node_api.domain.access import ApiKey
from node_api.domain.ids import MERCHANT_IDS, MerchantId
from node_api.domain.subscribers import NAME_PATTERN
from node_api.domain.told import Cursor, Wanted
from node_api.services.telling import message

router = APIRouter(prefix="/v1", tags=["events"])

Name = Annotated[str, Path(pattern=NAME_PATTERN, description="as the subscriber is to be called")]
OfProgramme = Annotated[int | None, Query(ge=1, lt=1 << 24)]
OfMerchant = Annotated[int | None, Query(ge=1, lt=MERCHANT_IDS)]
Limit = Annotated[int, Query(ge=1, le=500)]
_CHANGING = (*KEEPING, errors.RequestTooLarge, errors.BodyUnreadable)


@router.get(
    "/events",
    response_model=EventsOut,
    responses={
        200: {"content": {STREAM_TYPE: {"schema": {"type": "string"}}}},
        **problems(*READING, errors.MerchantNotYours, errors.StreamsBusy),
    },
)
def read_events(
    request: Request,
    node: TheNode,
    caller: Caller,
    after: Annotated[CursorText | None, Query()] = None,
    programme: OfProgramme = None,
    merchant: OfMerchant = None,
    limit: Limit = 100,
    last_event_id: Annotated[CursorText | None, Header()] = None,
    accept: Annotated[str, Header(include_in_schema=False)] = "",
) -> Response:
    """Events in the order of the chain: a page, or with `Accept: text/event-stream` a stream that goes on.

    They follow `after` or `Last-Event-ID`; without either they are what happens from now on. A merchant's key is told of its own.
    """
    which = _wanted(caller, programme, merchant)
    at = _cursor(node, last_event_id or after)
    if STREAM_TYPE in accept:
        return _streamed(request, node, caller, at, which)
    page = node.events.page(at, which, limit)
    told = [EventOut.model_validate(message(event)) for _, event in page.events]
    answer = EventsOut(events=told, next=str(page.next), more=page.more)
    return Response(answer.model_dump_json(), media_type="application/json")


@router.put(
    "/webhooks/{name}", responses=problems(*_CHANGING, errors.AddressRefused, errors.PlaceAhead, errors.WebhookKeyUnfit)
)
def put_subscriber(node: TheNode, _: Caller, name: Name, body: SubscriberIn) -> SubscribedOut:
    """Has signed messages sent to an address. The same again changes nothing; another address or filter takes its place."""
    kept, secret = node.writing.subscribing.put(name, body.url, body.wanted(), body.after)
    return SubscribedOut.model_validate({**subscriber_fields(kept), "secret": secret})


@router.get("/webhooks", responses=problems(*KEEPING))
def read_subscribers(node: TheNode, _: Caller) -> SubscribersOut:
    """Subscribers, how far each has been told, and what keeps one from being told."""
    found = [SubscriberOut.model_validate(subscriber_fields(one)) for one in node.writing.subscribing.all()]
    return SubscribersOut(subscribers=found)


@router.delete("/webhooks/{name}", responses=problems(*KEEPING, errors.SubscriberUnknown), status_code=204)
def remove_subscriber(node: TheNode, _: Caller, name: Name) -> None:
    """Forgets a subscriber."""
    node.writing.subscribing.remove(name)


@router.post("/webhooks/{name}/replay", responses=problems(*_CHANGING, errors.PlaceAhead, errors.SubscriberUnknown))
def replay(node: TheNode, _: Caller, name: Name, body: ReplayIn) -> SubscriberOut:
    """Has a subscriber told again what follows a place."""
    return SubscriberOut.model_validate(subscriber_fields(node.writing.subscribing.replay(name, body.after)))


@router.post("/webhooks/{name}/secret", responses=problems(*KEEPING, errors.SubscriberUnknown, errors.WebhookKeyUnfit))
def rotate(node: TheNode, _: Caller, name: Name) -> SubscribedOut:
    """Gives a subscriber a new secret; for a day messages carry the signature by the one before, too."""
    kept, secret = node.writing.subscribing.rotate(name)
    return SubscribedOut.model_validate({**subscriber_fields(kept), "secret": secret})


def _wanted(caller: ApiKey, programme: int | None, merchant: int | None) -> Wanted:
    """A merchant's key is told of its merchant, whatever it asks for.

    Raises:
        MerchantNotYours: it asks for another.
    """
    if merchant is not None:
        require_merchant(caller, MerchantId(merchant))
    return wanted(programme, caller.merchant if merchant is None else merchant)


def _cursor(node: Node, text: str | None) -> Cursor:
    newest = node.events.newest()
    return newest if text is None else Cursor.read(text, newest.rewinds)


def _streamed(request: Request, node: Node, caller: ApiKey, at: Cursor, which: Wanted) -> Response:
    app, token = request.app, request.headers["authorization"].partition(" ")[2]

    async def told() -> AsyncIterator[bytes]:
        parts = stream(node.events, at, which, lambda: node.keyring.require_valid(token), lambda: app.state.closing)
        with suppress(errors.Denied):  # the key may be revoked meanwhile
            async for part in parts:
                yield part

    node.streams.take(caller.id)
    return StreamAnswer(told(), lambda: node.streams.give_back(caller.id))
