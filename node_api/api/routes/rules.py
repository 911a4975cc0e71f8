"""Reading the versions of a programme's rules."""

from typing import Annotated

from fastapi import APIRouter, Query

from node_api.api.access import Caller
from node_api.api.documented import READING, problems
from node_api.api.node import TheNode
from node_api.api.routes.record import ProgrammeName
from node_api.api.rules import RulesAtOut, rules_at_out
from node_api.domain import errors
from node_api.domain.ids import UnixSeconds
from node_api.services.rules_standing import rules_standing

router = APIRouter(prefix="/v1", tags=["record"])

At = Annotated[int | None, Query(ge=0, lt=1 << 40, description="Unix seconds; without it, the newest block's time")]


@router.get("/programmes/{programme}/rules", responses=problems(*READING, errors.ProgrammeUnknown))
def read_rules(node: TheNode, _: Caller, programme: ProgrammeName, at: At = None) -> RulesAtOut:
    """Which rules stood at a time, set by whom, and why; with every version proposed by then."""
    with node.fresh.open() as (reader, _now):
        return rules_at_out(rules_standing(reader, programme, None if at is None else UnixSeconds(at)))
