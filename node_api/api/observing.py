"""What every request leaves behind: an id in its answer and in all that is logged for it, a line in the log, its time."""

import re
import secrets
import time
from contextvars import ContextVar
from http import HTTPStatus
from typing import Protocol

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

REQUEST_ID = "X-Request-Id"
HANDED_ON = "vouchertrail.handed_on"
"""Marks the scope of a request that another process answers: that one sees to its id, its line and its time."""
_HEADER = REQUEST_ID.lower().encode()
_GIVEN = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_UNMATCHED = "unmatched"
_LOST = int(HTTPStatus.INTERNAL_SERVER_ERROR)

log = structlog.get_logger()

_notes: ContextVar[dict[str, str]] = ContextVar("notes")


def note(**fields: str) -> None:
    """Has the request's line in the log say more: ids of operations and API keys, never a token or a person."""
    notes = _notes.get(None)
    if notes is not None:
        notes.update(fields)


class Counts(Protocol):
    """Counts requests. Thread-safe."""

    def began(self) -> None:
        """One is in hand."""
        ...

    def ended(self, method: str, route: str, status: int, seconds: float) -> None:
        """One is in hand no more; its answer began after so many seconds."""
        ...

    def handed_on(self) -> None:
        """One is in hand no more: another process answers and counts it."""
        ...


class Observed:
    """The outermost layer: whatever is answered, and by whom, is seen here."""

    def __init__(self, app: ASGIApp, counts: Counts) -> None:
        self._app, self._counts = app, counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id, notes, began = _id_of(scope), dict[str, str](), time.perf_counter()
        scope.setdefault("state", {})["request_id"] = request_id
        status = _LOST
        answered: float | None = None

        async def observed(message: Message) -> None:
            nonlocal status, answered
            if message["type"] == "http.response.start" and not scope.get(HANDED_ON):
                status, answered = message["status"], time.perf_counter()
                message["headers"] = [*message.get("headers", ()), (_HEADER, request_id.encode())]
            await send(message)

        remembered, bound = _notes.set(notes), structlog.contextvars.bind_contextvars(request_id=request_id)
        self._counts.began()
        try:
            await self._app(scope, receive, observed)
        finally:
            self._told(scope, status, (answered or time.perf_counter()) - began, notes)
            _notes.reset(remembered)
            structlog.contextvars.reset_contextvars(**bound)

    def _told(self, scope: Scope, status: int, seconds: float, notes: dict[str, str]) -> None:
        if scope.get(HANDED_ON):
            self._counts.handed_on()
            return
        route = getattr(scope.get("route"), "path", _UNMATCHED)
        # A method is any word the client likes: one that no route has does not become a label.
        method = scope["method"] if route != _UNMATCHED else _UNMATCHED
        self._counts.ended(method, route, status, seconds)
        log.info("request", method=method, route=route, status=status, ms=round(1_000 * seconds, 1), **notes)


def _id_of(scope: Scope) -> str:
    """The id that the client gave, where it is fit for a log; else a new one."""
    given = next((value for name, value in scope["headers"] if name == _HEADER), b"")
    return given.decode() if _GIVEN.fullmatch(given) else "req_" + secrets.token_hex(8)
