"""What stands before the framework: routes asked for thousands of times a second are answered here.

A request of the common form is read and answered without the framework's general way. What differs from that form in
anything goes on to the framework, so there is one way of refusing. Who asks is looked up and counted before the body is
looked at, so a body that does not fit is refused here, alike: else it would count twice. Ids, metrics, log lines and the
bounds on bodies are seen to outside of this, for both ways.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, get_type_hints

from pydantic import BaseModel, ValidationError
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from node_api.api.access import admit, is_write_key
from node_api.api.gathered import Gathered
from node_api.api.node import TakesIn
from node_api.api.problems import answer_bug, answer_to, missing, unfit
from node_api.domain.access import ApiKey
from node_api.services.api_keys import PREFIX

MAX_WAIT = 30.0
_WAIT = re.compile(rb"(?:wait=([0-9]{1,2}))?")
_SCHEME = "Bearer "
_BEARER = _SCHEME + PREFIX
_JSON = b"application/json"

Endpoint = Callable[..., Coroutine[Any, Any, Response]]
"""Takes `gathered`, `caller`, `key`, `body` and `wait`."""


@dataclass(frozen=True, slots=True)
class _Hot:
    """A route answered here; `path` is what metrics and the log call it."""

    path: str
    endpoint: Endpoint
    model: type[BaseModel]


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request of the common form, its body not read yet."""

    token: str
    key: str
    wait: int


class Front:
    """Answers the hot routes' requests of the common form, and hands on all others."""

    def __init__(
        self,
        app: ASGIApp,
        node: TakesIn,
        gathered: Gathered,
        chain_fault: type[Exception],
        routes: Mapping[str, Endpoint],
    ) -> None:
        """Answers nothing yet.

        Args:
            app: answers all others.
            node: what it answers from.
            gathered: what requests of about the same time do together.
            chain_fault: root of the faults that services raise when the chain does not answer.
            routes: endpoint by path; each is asked by POST.
        """
        self._app, self._node, self._gathered, self._chain_fault = app, node, gathered, chain_fault
        self._hot = {path: _Hot(path, one, get_type_hints(one)["body"]) for path, one in routes.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        hot = self._hot.get(scope["path"]) if scope["type"] == "http" and scope["method"] == "POST" else None
        asked = None if hot is None else _read_head(scope)
        if hot is None:
            await self._app(scope, receive, send)
            return
        if asked is None:  # all of its body first: one that gets too long is handed on to nobody, and counted once
            await self._app(scope, _again(await _received(receive), receive), send)
            return
        scope["route"] = hot
        try:
            # First all of the body: what is left of one keeps a connection open that nobody looks after.
            received = await _received(receive)
            caller = admit(self._node, await self._gathered.callers.ask(asked.token), f"POST {hot.path}")
            body = _read_body(received, hot.model)
            if body is None:
                await self._app(scope, _again(received, receive), send)
                return
            response = body if isinstance(body, Response) else await self._answer(hot, asked, caller, body)
        except Exception as fault:
            foreseen = answer_to(fault, self._chain_fault)
            if foreseen is None:
                await answer_bug(fault, scope["state"]["request_id"])(scope, receive, send)
                raise
            response = foreseen
        await response(scope, receive, send)

    async def _answer(self, hot: _Hot, asked: _Asked, caller: ApiKey, body: BaseModel) -> Response:
        return await hot.endpoint(gathered=self._gathered, caller=caller, key=asked.key, body=body, wait=asked.wait)


def _read_head(scope: Scope) -> _Asked | None:
    """What a request's head says; None where the framework is to look at it."""
    wait, headers = _WAIT.fullmatch(scope["query_string"]), dict(scope["headers"])
    if wait is None or len(headers) != len(scope["headers"]) or headers.get(b"content-type") != _JSON:
        return None
    seconds = int(wait[1] or 0)
    key, access = _text(headers.get(b"idempotency-key")), _text(headers.get(b"authorization"))
    if seconds > MAX_WAIT or not is_write_key(key) or not access.startswith(_BEARER):
        return None
    return _Asked(access.removeprefix(_SCHEME), key, seconds)


def _text(header: bytes | None) -> str:
    return "" if header is None else header.decode("latin-1")


async def _received(receive: Receive) -> list[Message]:
    """A request's body as it comes in, to its end or to where the client went away."""
    messages = [await receive()]
    while messages[-1].get("more_body", False):
        messages.append(await receive())
    return messages


def _again(messages: list[Message], receive: Receive) -> Receive:
    """Gives out what was received already, then what comes."""
    received = iter(messages)

    async def again() -> Message:
        return next(received, None) or await receive()

    return again


def _read_body(messages: list[Message], model: type[BaseModel]) -> BaseModel | Response | None:
    """A body as its model, or the answer that it does not fit; None where it broke off."""
    if messages[-1]["type"] != "http.request":
        return None
    body = b"".join(message.get("body", b"") for message in messages)
    try:
        return model.model_validate_json(body) if body else missing()
    except ValidationError as fault:
        return unfit(fault)
