"""Hands requests on, as they are, to the process that answers them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import structlog
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from node_api.api.observing import HANDED_ON
from node_api.api.problems import answer
from node_api.domain.errors import NodeStarting

_IDLE_SECONDS = 2.0
"""
Below what the other side keeps an idle connection: it never closes one that is just about to be used. Until then all stay,
for httpx may close a surplus one that a request just took (httpcore #1110).
"""
_OF_CONNECTION = frozenset({b"connection", b"keep-alive", b"transfer-encoding", b"te", b"trailer", b"upgrade"})
"""Headers that are about one connection alone (RFC 9110, 7.6.1)."""
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
        """ASGI."""
        if scope["type"] != "http":
            return
        scope[HANDED_ON] = True
        try:
            answered = await self._client.send(_request(scope, receive), stream=True)
        except httpx.TransportError as fault:
            log.warning("not_handed_on", fault=f"{type(fault).__name__}: {fault}")
            await answer(NodeStarting("the process that answers this"))(scope, receive, send)
            return
        response = StreamingResponse(answered.aiter_raw(), answered.status_code)
        response.raw_headers = [
            (name.lower(), value) for name, value in answered.headers.raw if name.lower() not in _OF_CONNECTION
        ]
        try:
            await response(scope, receive, send)
        finally:
            await answered.aclose()


def _request(scope: Scope, receive: Receive) -> httpx.Request:
    """The request as it came in."""
    query = b"?" + scope["query_string"] if scope["query_string"] else b""
    headers = [(name, value) for name, value in scope["headers"] if name not in _OF_CONNECTION]
    has_body = not _TELL_OF_A_BODY.isdisjoint(name for name, _ in scope["headers"])
    body, target = _body(receive) if has_body else None, scope["raw_path"] + query
    return httpx.Request(scope["method"], "http://node/", headers=headers, content=body, extensions={"target": target})


async def _body(receive: Receive) -> AsyncIterator[bytes]:
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        yield message.get("body", b"")
        more = message.get("more_body", False)
