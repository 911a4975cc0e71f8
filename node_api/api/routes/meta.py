"""The node itself: health, version, the EIP-712 domain, the page of errors, and its figures."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from node_api import __version__
from node_api.api.access import Caller
from node_api.api.documented import ACCESS, problems
from node_api.api.errors_page import errors_page
from node_api.api.fields import Out
from node_api.api.metrics import MEDIA_TYPE, Metrics
from node_api.api.node import TheNode
from node_api.api.problems import PAGE, READY, UNREADY
from node_api.domain import errors

router = APIRouter(tags=["node"])


class MarkdownResponse(PlainTextResponse):
    """Markdown."""

    media_type = "text/markdown"


class Eip712Out(Out):
    """What a holder's own wallet signs with: `eth_signTypedData_v4` takes this with `primaryType` and `message`."""

    domain: dict[str, str | int]
    types: dict[str, list[dict[str, str]]]


class VersionOut(Out):
    """The release that answers."""

    version: str


@router.get("/v1/eip712")
def read_eip712(node: TheNode) -> Eip712Out:
    """The domain and types of everything that is signed."""
    return Eip712Out(domain=node.signing.domain, types=node.signing.types)


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "alive"}


@router.get("/readyz", responses={503: {"description": "something is missing; `faults` names it"}})
def readyz(node: TheNode) -> JSONResponse:
    """Whether chain, index and outbox work."""
    faults = node.faults()
    return JSONResponse({"ready": not faults, "faults": faults}, int(UNREADY if faults else READY))


@router.get("/version")
async def version() -> VersionOut:
    """The release that answers."""
    return VersionOut(version=__version__)


@router.get(PAGE, response_class=MarkdownResponse)
async def read_errors(node: TheNode) -> MarkdownResponse:
    """Every error with its rule and remedy: where the `type` of a problem points."""
    return MarkdownResponse(errors_page(node.error_selectors))


@router.get(
    "/metrics",
    response_class=PlainTextResponse,
    responses=problems(*ACCESS, errors.StoreUnavailable, errors.StoreBusy),
)
def read_metrics(request: Request, _: Caller) -> Response:
    """The node's figures, for Prometheus."""
    metrics: Metrics = request.app.state.metrics
    return Response(metrics.page(), media_type=MEDIA_TYPE)
