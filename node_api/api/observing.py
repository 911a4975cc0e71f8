"""What every request leaves behind: an id in its answer and in all that is logged for it, a line in the log, its time."""

import re
import secrets
import time
from contextvars import ContextVar
from http import HTTPStatus

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from node_api.api.metrics import Metrics

REQUEST_ID = "X-Request-Id"
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


class Observed:
    """The outermost layer: whatever is answered, and by whom, is seen here."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

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
            if message["type"] == "http.response.start":
                status, answered = message["status"], time.perf_counter()
                message["headers"] = [*message.get("headers", ()), (_HEADER, request_id.encode())]
            await send(message)

        remembered, bound = _notes.set(notes), structlog.contextvars.bind_contextvars(request_id=request_id)
        self._metrics.in_hand.inc()
        try:
            await self._app(scope, receive, observed)
        finally:
            self._metrics.in_hand.dec()
            self._told(scope, status, (answered or time.perf_counter()) - began, notes)
            _notes.reset(remembered)
            structlog.contextvars.reset_contextvars(**bound)

    def _told(self, scope: Scope, status: int, seconds: float, notes: dict[str, str]) -> None:
        route = getattr(scope.get("route"), "path", _UNMATCHED)
        # A method is any word the client likes: one that no route has does not become a label.
        method = scope["method"] if route != _UNMATCHED else _UNMATCHED
        self._metrics.took(method, route, status, seconds)
        log.info("request", method=method, route=route, status=status, ms=round(1_000 * seconds, 1), **notes)


def _id_of(scope: Scope) -> str:
    """The id that the client gave, where it is fit for a log; else a new one."""
    given = next((value for name, value in scope["headers"] if name == _HEADER), b"")
    return given.decode() if _GIVEN.fullmatch(given) else "req_" + secrets.token_hex(8)
