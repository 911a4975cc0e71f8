"""Bounds on requests, so that nobody fills the node's memory or keeps it from answering others."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from node_api.api.problems import answer
from node_api.domain.errors import Misuse, RequestInvalid, RequestTooLarge

MAX_BODY = 4 << 20
MAX_MEMBERS, _MEMBERS_OF = 4_000, {"/v1/redemptions/batch": 150_000}
"""Most members that a body's objects may have together: three times what any request needs, and what a hundred of them do."""
_SHORT = 16 << 10
"""A body of so few bytes is not looked at: it holds no more members than any request may have."""


class LengthLimit:
    """Raises `RequestTooLarge` where the head tells of too long a body; of others whoever answers sees how long they get."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "http" and (length := _length(scope)) is not None and length > MAX_BODY:
            raise _too_large(length)
        await self._app(scope, receive, send)


class BodyLimit:
    """Refuses bodies above the bounds: at once where the head tells their length, else once they get there."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        length = _length(scope)
        if length is None or _SHORT < length <= MAX_BODY:
            await self._bounded(scope, receive, send)
        elif length > MAX_BODY:
            await answer(_too_large(length))(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _bounded(self, scope: Scope, receive: Receive, send: Send) -> None:
        taken = members = 0
        most = _MEMBERS_OF.get(scope["path"], MAX_MEMBERS)
        fault: Misuse | None = None

        async def bounded() -> Message:
            nonlocal taken, members, fault
            message = await receive()
            body = message.get("body", b"")
            taken, members = taken + len(body), members + body.count(b":")  # those in texts are few, and counted, too
            if taken > MAX_BODY:
                fault = RequestTooLarge(f"a body of more than {MAX_BODY} bytes")
            elif members > most:
                fault = RequestInvalid(f"body: more than {most} members, and no request of this route has as many")
            if fault is not None:
                raise fault
            return message

        async def unless_exceeded(message: Message) -> None:
            if fault is None:  # beyond it the framework answers that the body cannot be read: we say why
                await send(message)

        try:
            await self._app(scope, bounded, unless_exceeded)
        except Misuse as raised:
            if raised is not fault:
                raise
        if fault is not None:
            await answer(fault)(scope, receive, send)


def _length(scope: Scope) -> int | None:
    """Of a request's body, where its head tells."""
    headers = dict(scope["headers"])
    told = headers.get(b"content-length", b"")
    return int(told) if told.isdigit() and b"transfer-encoding" not in headers else None


def _too_large(length: int) -> RequestTooLarge:
    return RequestTooLarge(f"a body of {length} bytes")
