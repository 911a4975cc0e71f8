"""Claims to places of a round."""

import time
from typing import Annotated

from fastapi import APIRouter, Response
from starlette.concurrency import run_in_threadpool

from node_api.api.access import Caller, WriteKey
from node_api.api.answers import BlockOut
from node_api.api.claims import (
    ClaimIn,
    ClaimOut,
    NullifierIn,
    NullifierOut,
    RoundsOut,
    claim_out,
    refusal_of,
    round_out,
)
from node_api.api.documented import CLAIMING, KEEPING, READING, problems
from node_api.api.fields import NoNul, body_hash
from node_api.api.gathered import TheGathered
from node_api.api.gathering import Gathering
from node_api.api.node import Node, TheNode
from node_api.api.observing import note
from node_api.api.problems import ACCEPTED, OK, answer
from node_api.api.routes.record import ProgrammeName
from node_api.api.routes.redemptions import Wait
from node_api.domain import errors
from node_api.domain.claim_refusals import CLAIM_REFUSALS
from node_api.domain.claims import ClaimOutcome
from node_api.domain.operations import OperationState
from node_api.services.auditing import find_programme
from node_api.services.claiming import ClaimSubmission

router = APIRouter(prefix="/v1", tags=["claims"])

_JSON = "application/json"


@router.post(
    "/claims",
    response_model=ClaimOut,
    responses={202: {"model": ClaimOut}, **problems(*CLAIMING, *CLAIM_REFUSALS.values(), errors.CallFailed)},
)
async def claim(
    node: TheNode, gathered: TheGathered, caller: Caller, key: WriteKey, body: ClaimIn, wait: Wait = 0
) -> Response:
    """Claims a place. What is accepted has a place kept for it, and is gathered with others into one roll within seconds."""
    taken = await gathered.claiming.ask(ClaimSubmission(caller, key, body_hash("claim", body), body.to_domain()))
    note(operation=taken.id)
    return await run_in_threadpool(_answer, node, await _settled(node, gathered.claims, taken, wait))


@router.get("/claims/{claim}", responses=problems(*KEEPING, errors.ClaimUnknown))
def read_claim(node: TheNode, caller: Caller, claim: Annotated[str, NoNul]) -> ClaimOut:
    """How far a claim has come, and the place it got."""
    return _out(node, node.writing.claims.get(caller, claim))


@router.get("/programmes/{programme}/rounds", responses=problems(*READING, errors.ProgrammeUnknown))
def read_rounds(node: TheNode, _caller: Caller, programme: ProgrammeName) -> RoundsOut:
    """A programme's rounds of claims."""
    with node.fresh.open() as (reader, _):
        found = reader.rounds(find_programme(reader, programme).id)
        return RoundsOut(rounds=[round_out(one) for one in found], block=BlockOut.of(reader.block))


@router.post(
    "/wallet/nullifiers",
    responses=problems(*KEEPING, errors.RequestTooLarge, errors.ProgrammeUnknown, errors.WalletMissing),
)
def make_nullifier(node: TheNode, _: Caller, body: NullifierIn) -> NullifierOut:
    """What stands for a person in a programme's claims: whoever claims with a key of their own signs it."""
    nullifier, holder = node.writing.claims.nullifier(body.to_programme(), body.person)
    return NullifierOut(nullifier=nullifier, holder=holder)


async def _settled(
    node: Node, gathered: Gathering[ClaimOutcome, ClaimOutcome], taken: ClaimOutcome, seconds: float
) -> ClaimOutcome:
    """The claim once it is final, or as it stands after so many seconds."""
    deadline = time.monotonic() + seconds
    while not taken.state.final and (left := deadline - time.monotonic()) > 0:
        await node.waiting.until_settled(taken.id, left)
        taken = await gathered.ask(taken)
    return taken


def _answer(node: Node, taken: ClaimOutcome) -> Response:
    if taken.refusal is not None:
        block = BlockOut.of(taken.block or taken.judged).model_dump()
        return answer(refusal_of(taken.refusal), operation=taken.id, block=block)
    if taken.state is OperationState.FAILED:
        return answer(errors.CallFailed(taken.fault or "the call failed"), operation=taken.id)
    headers = {} if taken.state.final else {"Location": f"/v1/claims/{taken.id}"}
    status = OK if taken.state.final else ACCEPTED
    return Response(_out(node, taken).model_dump_json(), int(status), headers, _JSON)


def _out(node: Node, taken: ClaimOutcome) -> ClaimOut:
    if taken.roll is None:
        return claim_out(taken, None)
    with node.fresh.open() as (reader, _):
        return claim_out(taken, reader.round(taken.claim.programme, taken.claim.number))
