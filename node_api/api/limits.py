"""A bound on the size of requests, so that nobody fills the node's memory."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from node_api.api.problems import answer
from node_api.domain.errors import RequestTooLarge

MAX_BODY = 4 << 20


class BodyLimit:
    """Refuses bodies above the bound: at once where the head tells their length, else once they get there."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        told = headers.get(b"content-length", b"")
        if not told.isdigit() or b"transfer-encoding" in headers:
            await self._bounded(scope, receive, send)
        elif int(told) > MAX_BODY:
            await answer(RequestTooLarge(f"a body of {int(told)} bytes"))(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _bounded(self, scope: Scope, receive: Receive, send: Send) -> None:
        taken = 0

        async def bounded() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > MAX_BODY:
                raise RequestTooLarge(f"a body of more than {MAX_BODY} bytes")
            return message

        async def unless_exceeded(message: Message) -> None:
            if taken <= MAX_BODY:  # beyond it the framework answers that the body cannot be read: we say why
                await send(message)

        await self._app(scope, bounded, unless_exceeded)
        if taken > MAX_BODY:
            await answer(RequestTooLarge(f"a body of more than {MAX_BODY} bytes"))(scope, receive, send)
