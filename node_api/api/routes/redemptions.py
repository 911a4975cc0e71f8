"""Codes, checks, redemptions, operations."""

import io
import time
from collections.abc import Mapping
from typing import Annotated

import segno
from fastapi import APIRouter, Query, Response

from node_api.api.access import Caller, WriteKey
from node_api.api.answers import (
    BlockOut,
    CheckOut,
    CodeOut,
    OperationOut,
    check_out,
    code_out,
    is_single_refusal,
    operation_json,
    operation_out,
    refusal_of,
)
from node_api.api.documented import KEEPING, REDEEMING, RULES, WRITING, problems
from node_api.api.fields import NoNul
from node_api.api.front import MAX_WAIT, Endpoint
from node_api.api.gathered import Asked, Gathered, TheGathered
from node_api.api.node import TheNode
from node_api.api.observing import note
from node_api.api.problems import ACCEPTED, OK, answer
from node_api.api.requests import CodeIn, FewFaults, RedeemBatchIn, RedeemIn
from node_api.domain import errors
from node_api.domain.codes import MAX_LENGTH
from node_api.domain.operations import Operation, OperationState
from node_api.services.codes import OpenCodeRequest

router = APIRouter(prefix="/v1", tags=["redeeming"])

Wait = Annotated[float, Query(ge=0, le=MAX_WAIT, description="seconds to wait for the outcome")]
WithQr = Annotated[bool, Query(description="draw the QR symbol; it takes most of the answer's time")]
_JSON = "application/json"


@router.post(
    "/wallet/codes",
    response_model=CodeOut,
    responses=problems(
        *KEEPING, errors.RequestTooLarge, errors.WalletMissing, errors.ProgrammeUnknown, errors.VoucherNotFound
    ),
)
def make_code(node: TheNode, _: Caller, body: Annotated[CodeIn, FewFaults], qr: WithQr = True) -> Response:
    """A signed code for a custodial holder. It signs what is asked: the rules are judged when it is redeemed.

    With `max_bill` in place of merchant, bill and receipt it is an open code: good at any merchant, where the rules allow it.
    """
    asked = body.to_domain()
    code = node.writing.codes.make_open(asked) if isinstance(asked, OpenCodeRequest) else node.writing.codes.make(asked)
    if len(code.text) > MAX_LENGTH:
        told = f"vouchers: their code has {len(code.text)} characters, and none of more than {MAX_LENGTH} is read"
        raise errors.RequestInvalid(f"{told}; choose fewer, or smaller amounts")
    return _json(code_out(code, qr_svg(code.text) if qr else None).model_dump_json())


@router.post("/redemptions/check", response_model=CheckOut, responses=problems(*REDEEMING))
def check(node: TheNode, caller: Caller, body: Annotated[RedeemIn, FewFaults]) -> Response:
    """Whether a redemption would be accepted in the next block, without one. A refusal is an answer here, not a problem."""
    return _json(check_out(node.redemptions.check(caller, body.to_domain(caller))).model_dump_json())


@router.post(
    "/redemptions",
    response_model=OperationOut,
    responses={202: {"model": OperationOut}, **problems(*WRITING, *RULES, errors.CallFailed)},
)
async def redeem(
    gathered: TheGathered, caller: Caller, key: WriteKey, body: Annotated[RedeemIn, FewFaults], wait: Wait = 0
) -> Response:
    """Redeems. What the rules refuse is answered as a problem that names the reason, at once or from the chain."""
    operation = await gathered.singles.ask(Asked(caller, key, "redemption", body, [body]))
    return _answer(gathered, await _settled(gathered, operation, wait))


@router.post(
    "/redemptions/batch",
    response_model=OperationOut,
    responses={202: {"model": OperationOut}, **problems(*WRITING)},
)
async def redeem_batch(
    gathered: TheGathered, caller: Caller, key: WriteKey, body: Annotated[RedeemBatchIn, FewFaults], wait: Wait = 0
) -> Response:
    """Takes in up to 100 redemptions. Each is refused or accepted on its own, and says so in its item."""
    operation = await gathered.batches.ask(Asked(caller, key, "batch", body, body.items))
    return _answer(gathered, await _settled(gathered, operation, wait))


HOT: Mapping[str, Endpoint] = {"/v1/redemptions": redeem, "/v1/redemptions/batch": redeem_batch}
"""Asked for thousands of times a second: see `Front`."""


@router.get(
    "/operations/{operation}",
    responses=problems(*KEEPING, errors.OperationUnknown, errors.MerchantNotYours),
)
def read_operation(node: TheNode, caller: Caller, operation: Annotated[str, NoNul]) -> OperationOut:
    """How far a write has come."""
    redemptions = node.redemptions
    found = redemptions.get(caller, operation)
    return operation_out(found, redemptions.finality(found))


def qr_svg(text: str) -> str:
    """A QR symbol as SVG: error correction level M, or L for the longest codes, which no symbol of level M holds."""
    out = io.BytesIO()
    try:
        symbol = segno.make(text, error="m", micro=False)
    except segno.DataOverflowError:
        symbol = segno.make(text, error="l", micro=False)
    symbol.save(out, kind="svg", xmldecl=False, scale=4)
    return out.getvalue().decode()


async def _settled(gathered: Gathered, operation: Operation, seconds: float) -> Operation:
    """The operation once it is final, or as it stands after so many seconds."""
    note(operation=operation.id)
    deadline = time.monotonic() + seconds
    while not operation.state.final and (left := deadline - time.monotonic()) > 0:
        await gathered.waiting.until_settled(operation.id, left)
        operation = await gathered.operations.ask(operation.id)
    return operation


def _answer(gathered: Gathered, operation: Operation) -> Response:
    if is_single_refusal(operation):
        outcome = operation.items[0]
        assert outcome.refusal is not None
        refusal = refusal_of(outcome.refusal)
        return answer(
            refusal,
            operation=operation.id,
            voucher=None if refusal.voucher is None else str(refusal.voucher),
            block=BlockOut.of(outcome.block or outcome.work.judged).model_dump(),
        )
    if not operation.batch and operation.state is OperationState.FAILED:
        return answer(errors.CallFailed(operation.items[0].fault or "the call failed"), operation=operation.id)
    content = operation_json(operation, gathered.finality(operation))
    if operation.state.final:
        return _json(content)
    return _json(content, ACCEPTED, Location=f"/v1/operations/{operation.id}")


def _json(content: bytes | str, status: int = OK, **headers: str) -> Response:
    """An answer that is written once, and not validated against its own schema again."""
    return Response(content, int(status), headers, _JSON)
