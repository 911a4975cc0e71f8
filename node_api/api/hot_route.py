"""Routes asked for thousands of times a second: a request of the common form is read without the framework's general way.

What differs from that form in anything, or does not fit, is left to the framework, so there is one way of refusing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine
from typing import Any, get_type_hints

from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError

from node_api.api.access import admit, is_write_key
from node_api.api.gathered import gathered_of
from node_api.services.api_keys import PREFIX

MAX_WAIT = 30.0
_WAIT = re.compile(rb"(?:wait=([0-9]{1,2}))?")
_BEARER = f"Bearer {PREFIX}"
_JSON = b"application/json"

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class HotRoute(APIRoute):
    """A route whose endpoint takes `gathered`, `caller`, `key`, `body` and `wait`, and answers with a response."""

    def get_route_handler(self) -> Handler:
        """See FastAPI."""
        usual, model = super().get_route_handler(), get_type_hints(self.endpoint)["body"]
        route = f"POST {self.path_format}"

        async def handler(request: Request) -> Response:
            plain = await _plain(request, model)
            if plain is None:
                return await usual(request)
            token, arguments = plain
            node, gathered = request.app.state.node, gathered_of(request)
            caller = admit(node, await gathered.callers.ask(token), route)
            answered: Response = await self.endpoint(gathered=gathered, caller=caller, **arguments)
            return answered

        return handler


async def _plain(request: Request, model: type[BaseModel]) -> tuple[str, dict[str, object]] | None:
    """The API key's token and what else the endpoint takes; None where the framework is to look at it."""
    scope = request.scope
    wait, headers = _WAIT.fullmatch(scope["query_string"]), dict(scope["headers"])
    if wait is None or len(headers) != len(scope["headers"]) or headers.get(b"content-type") != _JSON:
        return None
    seconds = int(wait[1] or 0)
    key, access = _text(headers.get(b"idempotency-key")), _text(headers.get(b"authorization"))
    if seconds > MAX_WAIT or not is_write_key(key) or not access.startswith(_BEARER):
        return None
    try:
        body = model.model_validate_json(await request.body())
    except ValidationError:
        return None
    return access.removeprefix("Bearer "), {"key": key, "body": body, "wait": seconds}


def _text(header: bytes | None) -> str:
    return "" if header is None else header.decode("latin-1")
