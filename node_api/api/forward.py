"""Hands requests on, as they are, to the process that answers them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import structlog
from starlette.responses import StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from node_api.api.observing import HANDED_ON, Counts, Observed
from node_api.api.problems import answer
from node_api.domain.errors import BodyUnreadable, DomainError, NodeStarting, RequestInvalid

_IDLE_SECONDS = 2.0
"""
Below what the other side keeps an idle connection: it never closes one that is just about to be used. Until then all stay,
for httpx may close a surplus one that a request just took (httpcore #1110).
"""
_OF_CONNECTION = frozenset({b"connection", b"keep-alive", b"transfer-encoding", b"te", b"trailer", b"upgrade"})
"""Headers that are about one connection alone (RFC 9110, 7.6.1)."""
_NOT_ITS_OWN = _OF_CONNECTION | {b"date"}
"""Those of an answer that our own server writes."""
_TELL_OF_A_BODY = frozenset({b"content-length", b"transfer-encoding"})

log = structlog.get_logger()


class Forward:
    """An ASGI application that another process answers, over a socket of this machine."""

    def __init__(self, socket: str) -> None:
        """Connects nowhere yet; `socket` is the path of the other process's."""
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=None, keepalive_expiry=_IDLE_SECONDS)
        transport = httpx.AsyncHTTPTransport(uds=socket, limits=limits)
        self._client = httpx.AsyncClient(transport=transport, timeout=None, trust_env=False)  # noqa: S113  it may stream for ever

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI.

        Raises: before anything is sent, as `Refusing` answers it:
            NodeStarting: the other process does not answer.
            RequestInvalid: HTTP does not allow its head, though our server took it.
            BodyUnreadable: the client went away before the end of its body.
            What `receive` raises.
        """
        if scope["type"] != "http":
            return
        answered = await self._answered(_request(scope, receive))
        scope[HANDED_ON] = True
        response = StreamingResponse(answered.aiter_raw(), answered.status_code)
        response.raw_headers = [
            (name.lower(), value) for name, value in answered.headers.raw if name.lower() not in _NOT_ITS_OWN
        ]
        try:
            await response(scope, receive, send)
        finally:
            await answered.aclose()

    async def _answered(self, request: httpx.Request) -> httpx.Response:
        try:
            return await self._client.send(request, stream=True)
        except httpx.LocalProtocolError as fault:
            what = str(fault).partition(" b'")[0]  # what it holds may be an API key
            raise RequestInvalid(f"the request's head: {what}") from None
        except httpx.TransportError as fault:
            log.warning("not_handed_on", fault=f"{type(fault).__name__}: {fault}")
            raise NodeStarting("the process that answers this") from None


class Refusing:
    """Answers why a request could not be handed on."""

    def __init__(self, app: ASGIApp, counts: Counts | None = None) -> None:
        """`counts` where nothing around it gives such an answer its id, its line in the log and its place in the figures."""
        self._app, self._counts = app, counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        try:
            await self._app(scope, receive, send)
        except DomainError as fault:
            why: ASGIApp = answer(fault)
            await (why if self._counts is None else Observed(why, self._counts))(scope, receive, send)


def _request(scope: Scope, receive: Receive) -> httpx.Request:
    """The request as it came in, without the blanks that may stand around a header's value."""
    query = b"?" + scope["query_string"] if scope["query_string"] else b""
    headers = [(name, value.strip(b" \t")) for name, value in scope["headers"] if name not in _OF_CONNECTION]
    has_body = not _TELL_OF_A_BODY.isdisjoint(name for name, _ in scope["headers"])
    body, target = _body(receive) if has_body else None, scope["raw_path"] + query
    return httpx.Request(scope["method"], "http://node/", headers=headers, content=body, extensions={"target": target})


async def _body(receive: Receive) -> AsyncIterator[bytes]:
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BodyUnreadable("a body that breaks off")
        yield message.get("body", b"")
        more = message.get("more_body", False)
