"""Reading a programme's life and the validity policy; asking what would be said of a batch."""

from fastapi import APIRouter

from node_api.api.access import Caller
from node_api.api.documented import READING, problems
from node_api.api.node import TheNode
from node_api.api.routes.record import ProgrammeName
from node_api.api.validity import BatchSpanIn, LifeOut, OutlookOut, ValidityOut, life_out, outlook_out, validity_out
from node_api.domain import errors
from node_api.services.auditing import find_programme
from node_api.services.validity import outlooks

router = APIRouter(prefix="/v1", tags=["record"])


@router.get("/programmes/{programme}/life", responses=problems(*READING, errors.ProgrammeUnknown))
def read_life(node: TheNode, _: Caller, programme: ProgrammeName) -> LifeOut:
    """Who did what with a programme, when and why, and what it is published with."""
    with node.fresh.open() as (reader, _now):
        found = find_programme(reader, programme)
        return life_out(found, reader.publication(found.id), reader.programme_steps(found.id), reader.block)


@router.get("/validity", responses=problems(*READING))
def read_validity(node: TheNode, _: Caller) -> ValidityOut:
    """How long vouchers must and may be valid: the policy in force, all others ever proposed, and exceptions."""
    with node.fresh.open() as (reader, _now):
        return validity_out(reader.policies(), reader.validity_exceptions(), reader.block)


@router.post("/validity/check", responses=problems(*READING, errors.BodyUnreadable, errors.RequestTooLarge))
def check_validity(node: TheNode, _: Caller, batch: BatchSpanIn) -> OutlookOut:
    """What policy and experience say to a batch before it is opened. Sends nothing."""
    with node.fresh.open() as (reader, _now):
        (outlook,) = outlooks(reader, [batch.to_domain()])
        return outlook_out(outlook, reader.block)
