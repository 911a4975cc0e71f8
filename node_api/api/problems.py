"""Errors as RFC 9457 problems. The only file that knows HTTP statuses."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from node_api.domain import errors
from node_api.domain.errors import DomainError

MEDIA_TYPE = "application/problem+json"
PAGE = "/errors"
"""Where the node serves docs/errors.md; a problem's `type` is an anchor on it."""

STATUSES: Mapping[type[DomainError], HTTPStatus] = {
    errors.Refusal: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.ContractReverted: HTTPStatus.BAD_GATEWAY,
    errors.OversightRefused: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.CaseRefused: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.BookingRefused: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.CallFailed: HTTPStatus.BAD_GATEWAY,
    errors.Unknown: HTTPStatus.NOT_FOUND,
    errors.Misuse: HTTPStatus.BAD_REQUEST,
    errors.MethodNotOffered: HTTPStatus.METHOD_NOT_ALLOWED,
    errors.NodeOnlyObserves: HTTPStatus.FORBIDDEN,
    errors.RateLimited: HTTPStatus.TOO_MANY_REQUESTS,
    errors.RequestTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.IdempotencyKeyReused: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.ReceiptHashMismatch: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.Denied: HTTPStatus.FORBIDDEN,
    errors.ApiKeyMissing: HTTPStatus.UNAUTHORIZED,
    errors.ApiKeyUnknown: HTTPStatus.UNAUTHORIZED,
    errors.Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}
"""The nearest class of an error's ancestry that stands here gives its status."""

_PASSING = (
    errors.ChainUnavailable,
    errors.StoreUnavailable,
    errors.StoreBusy,
    errors.StreamsBusy,
    errors.QueueFull,
    errors.NodeStarting,
    errors.IndexNotReady,
)
_RETRY_SECONDS = 2
"""What passes by itself, and when to ask again."""

ACCEPTED = HTTPStatus.ACCEPTED
OK = HTTPStatus.OK
READY = HTTPStatus.OK
UNREADY = HTTPStatus.SERVICE_UNAVAILABLE

_SHOWN = 500
"""Most characters of a request's text in an answer."""
_LISTED = 20
"""Most faults of a request in an answer."""
MOST_BUILT, TOO_MANY = 1_000, "{count} faults, too many to tell one by one"
"""Beyond so many faults pydantic is not asked what they are: it would make all of them, and nothing else runs meanwhile."""

log = structlog.get_logger()


def status_of(error: type[DomainError]) -> HTTPStatus:
    """The HTTP status an error is answered with."""
    for ancestor in error.__mro__:
        if ancestor in STATUSES:
            return STATUSES[ancestor]
    return HTTPStatus.INTERNAL_SERVER_ERROR


def anchor(name: str) -> str:
    """The problem type of an error: an anchor on the page of errors."""
    return f"{PAGE}#{name.lower()}"


def problem(error: DomainError, **members: object) -> dict[str, object]:
    """The problem of an error; `members` extend it."""
    return {
        "type": anchor(error.name),
        "title": (type(error).__doc__ or error.name).strip().splitlines()[0],
        "status": int(status_of(type(error))),
        "detail": f"{error.value}. Rule: {error.rule}. Remedy: {error.remedy}.",
        "reason": error.name,
        "value": error.value,
        "rule": error.rule,
        "remedy": error.remedy,
        **members,
    }


def answer(error: DomainError, more_headers: Mapping[str, str] | None = None, **members: object) -> Response:
    """The HTTP answer of an error."""
    headers = {"WWW-Authenticate": "Bearer"} if status_of(type(error)) is HTTPStatus.UNAUTHORIZED else {}
    if isinstance(error, _PASSING):
        headers["Retry-After"] = str(_RETRY_SECONDS)
    if isinstance(error, errors.RateLimited):
        headers["Retry-After"] = str(error.seconds)
    content = orjson.dumps(problem(error, **members))
    return Response(content, int(status_of(type(error))), {**headers, **(more_headers or {})}, MEDIA_TYPE)


def answer_to(fault: Exception, chain_fault: type[Exception]) -> Response | None:
    """The answer of an error of the tree, or of a fault of the chain; None for what is not foreseen."""
    if isinstance(fault, DomainError):
        return answer(fault)
    return answer(errors.ChainUnavailable(str(fault))) if isinstance(fault, chain_fault) else None


def answer_bug(fault: Exception, request_id: str) -> Response:
    """The answer where something happened that is not foreseen; the log says what it was."""
    log.error("request_failed", exc_info=fault, request_id=request_id)
    content = {"type": "about:blank", "title": "Internal Server Error", "status": 500, "detail": "see the node's log"}
    return Response(orjson.dumps(content), 500, None, MEDIA_TYPE)


def _of_framework(request: Request, error: HTTPException) -> DomainError | None:
    """What the framework refuses before a route is reached, as an error of ours; None for what is not foreseen."""
    asked = f"{request.method} {_shown(request.url.path)}"
    match error.status_code:
        case HTTPStatus.NOT_FOUND:
            return errors.RouteUnknown(asked)
        case HTTPStatus.METHOD_NOT_ALLOWED:
            return errors.MethodNotOffered(asked)
        case HTTPStatus.BAD_REQUEST:
            return errors.BodyUnreadable(f"the body of {asked}")
        case _:
            return None


def unfit(fault: ValidationError) -> Response:
    """The answer of a body that does not fit its model, as of one that the framework finds so."""
    if (count := fault.error_count()) > MOST_BUILT:
        return _unfit([{"type": "too_many_faults", "loc": ("body",), "msg": TOO_MANY.format(count=count)}])
    found = fault.errors(include_url=False, include_context=False, include_input=False)
    return _unfit([{**one, "loc": ("body", *one["loc"])} for one in found])


def missing() -> Response:
    """The answer of a request without a body, likewise."""
    return _unfit([{"type": "missing", "loc": ("body",), "msg": "Field required"}])


def _unfit(found: Sequence[Mapping[str, Any]]) -> Response:
    """The answer of a request that does not fit; the first of its faults stand in it."""
    faults = [
        {"where": _shown("/".join(map(str, fault["loc"]))), "message": _shown(str(fault["msg"]))}
        for fault in found[:_LISTED]
    ]
    told = [f"{fault['where']}: {fault['message']}" for fault in faults]
    if len(found) > _LISTED:
        told.append(f"and {len(found) - _LISTED} more")
    unreadable = any(fault["type"] == "json_invalid" for fault in found[:_LISTED])
    kind = errors.BodyUnreadable if unreadable else errors.RequestInvalid
    return answer(kind("; ".join(told)), faults=faults)


def _shown(text: str) -> str:
    """Text of a request fit for an answer: of bounded length, and nothing in it that cannot be encoded."""
    return text.encode("utf-8", "backslashreplace").decode()[:_SHOWN]


def install(app: FastAPI, chain_fault: type[Exception]) -> None:
    """Has every error of the tree, and every fault of the chain, answered as a problem."""

    async def on_foreseen(_: Request, error: Exception) -> Response:
        foreseen = answer_to(error, chain_fault)
        assert foreseen is not None
        return foreseen

    async def on_invalid(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return _unfit(error.errors())

    async def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if (ours := _of_framework(request, error)) is not None:
            return answer(ours, error.headers)
        status = HTTPStatus(error.status_code)
        content = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": str(error.detail)}
        return Response(orjson.dumps(content), status.value, error.headers, MEDIA_TYPE)

    async def on_bug(request: Request, error: Exception) -> Response:
        return answer_bug(error, request.state.request_id)

    app.add_exception_handler(DomainError, on_foreseen)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(chain_fault, on_foreseen)
    app.add_exception_handler(Exception, on_bug)
