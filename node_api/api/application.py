"""The FastAPI application of a node."""

from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from node_api import __version__
from node_api.api import problems
from node_api.api.access import KEY_HEADER, KEY_SCHEMA
from node_api.api.forward import Refusing
from node_api.api.front import Front
from node_api.api.gathered import gather
from node_api.api.limits import BodyLimit, LengthLimit
from node_api.api.links import add_links
from node_api.api.metrics import Metrics
from node_api.api.node import Intake, Node
from node_api.api.observing import Counts, Observed
from node_api.api.routes import (
    audit,
    bookings,
    cases,
    claims,
    events,
    meta,
    money,
    oversight,
    record,
    redemptions,
    rules,
    transfers,
    validity,
)

_DESCRIPTION = """Public vouchers whose money can be recomputed from the chain.

Ids of vouchers and budget lines are text, amounts are whole numbers in the token's smallest unit, times are Unix seconds.
Every answer about the chain names the block it stands on. Errors are RFC 9457 problems; see /errors.
"""


def create_api(node: Node, chain_fault: type[Exception]) -> FastAPI:
    """The application.

    Args:
        node: what it answers from.
        chain_fault: root of the faults that services raise when the chain does not answer.
    """
    app = _routes()
    app.state.node = node
    app.state.gathered = gathered = gather(node)
    app.state.closing = False
    problems.install(app, chain_fault)
    app.state.metrics = Metrics(node.vitals.read, node.error_selectors)
    front = Front(app.outside, node, gathered, chain_fault, redemptions.HOT)
    app.outside = Observed(BodyLimit(front), app.state.metrics)
    return app


def create_intake(node: Intake, chain_fault: type[Exception], others: ASGIApp, counts: Counts) -> ASGIApp:
    """The application of a process that only takes redemptions in.

    Args:
        node: what it answers from.
        chain_fault: root of the faults that services raise when the chain does not answer.
        others: answers all that is not asked for in the common form of a hot route.
        counts: counts what is answered here.
    """
    front = Front(Refusing(others), node, gather(node), chain_fault, redemptions.HOT)
    hot, rest = Observed(BodyLimit(front), counts), Refusing(LengthLimit(others), counts)

    async def intake(scope: Scope, receive: Receive, send: Send) -> None:
        taken = scope["type"] == "http" and scope["method"] == "POST" and scope["path"] in redemptions.HOT
        await (hot if taken else rest)(scope, receive, send)

    return intake


def describe_api() -> dict[str, Any]:
    """The OpenAPI description."""
    return _routes().openapi()


class _Api(FastAPI):
    """FastAPI behind layers of ours, without its own 422 for requests that do not fit: here they are problems with status 400.

    Attributes:
        outside: the outermost layer; at first there is none but FastAPI's own.
    """

    def __init__(self, **told: Any) -> None:
        """See FastAPI."""
        super().__init__(**told)
        self.outside: ASGIApp = super().__call__

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        await self.outside(scope, receive, send)

    def openapi(self) -> dict[str, Any]:
        """The description, built once."""
        if self.openapi_schema is None:
            schema = super().openapi()
            for methods in schema["paths"].values():
                for operation in methods.values():
                    operation["responses"] = _problems_only(operation["responses"])
                    for parameter in operation.get("parameters", ()):
                        if (
                            parameter["name"] == KEY_HEADER
                        ):  # optional for the framework alone: what lacks it is told by us
                            parameter |= {"required": True, "schema": KEY_SCHEMA}
            for name in ("HTTPValidationError", "ValidationError"):
                schema["components"]["schemas"].pop(name, None)
            add_links(schema)
        assert self.openapi_schema is not None
        return self.openapi_schema


def _problems_only(responses: dict[str, Any]) -> dict[str, Any]:
    """The answers of an operation, its problems in their own media type alone."""
    kept = {status: answer for status, answer in responses.items() if "HTTPValidationError" not in str(answer)}
    for answer in kept.values():
        content = answer.get("content", {})
        if problems.MEDIA_TYPE in content:
            answer["content"] = {problems.MEDIA_TYPE: content[problems.MEDIA_TYPE]}
    return kept


def _routes() -> _Api:
    app = _Api(
        title="VoucherTrail",
        version=__version__,
        description=_DESCRIPTION,
        separate_input_output_schemas=False,
        redoc_url=None,
        redirect_slashes=False,
    )
    parts = (
        redemptions,
        record,
        money,
        rules,
        validity,
        oversight,
        cases,
        bookings,
        claims,
        transfers,
        audit,
        events,
        meta,
    )
    for part in parts:
        app.include_router(part.router)
    return app
