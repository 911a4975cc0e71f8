"""Reading merchants, settlement runs and moves of budget."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from node_api.api.access import Caller, require_merchant
from node_api.api.answers import BlockOut
from node_api.api.documented import READING, problems
from node_api.api.fields import MerchantNumber
from node_api.api.money import MerchantOut, MovesOut, RunOut, RunsOut, merchant_out, moves_out, run_out, runs_out
from node_api.api.node import TheNode
from node_api.api.routes.record import Limit, ProgrammeName
from node_api.domain import errors
from node_api.domain.ids import MerchantId
from node_api.services.auditing import find_programme
from node_api.services.settling import find_run

router = APIRouter(prefix="/v1", tags=["money"])

RunNumber = Annotated[int, Path(ge=1, lt=1 << 63)]
AfterRun = Annotated[int, Query(ge=0, lt=1 << 63, description="the `next` of the page before")]


@router.get("/merchants/{merchant}", responses=problems(*READING, errors.MerchantUnknown, errors.MerchantNotYours))
def read_merchant(node: TheNode, caller: Caller, merchant: Annotated[MerchantNumber, Path()]) -> MerchantOut:
    """One merchant: what it is vetted for, its keys and terminals, its payout accounts, and every step of its life."""
    number = MerchantId(merchant)
    require_merchant(caller, number)
    with node.fresh.open() as (reader, _):
        found = reader.merchant(number)
        if found is None:
            raise errors.MerchantUnknown(f"merchant {merchant}")
        return merchant_out(
            found,
            reader.merchant_accounts(number),
            reader.terms_steps(number),
            reader.payout_changes(number),
            reader.merchant_steps(number),
            BlockOut.of(reader.block),
        )


@router.get("/settlements", responses=problems(*READING))
def read_settlements(node: TheNode, _: Caller, after: AfterRun = 0, limit: Limit = 100) -> RunsOut:
    """Settlement runs with their control totals."""
    with node.fresh.open() as (reader, _now):
        return runs_out(reader.settlement_runs(limit=limit, after=after), limit, BlockOut.of(reader.block))


@router.get("/settlements/{run}", responses=problems(*READING, errors.SettlementUnknown))
def read_settlement(node: TheNode, _: Caller, run: RunNumber) -> RunOut:
    """One settlement run, entry by entry: open, paid, or passed over with the reason."""
    names = {selector: name for name, selector in node.error_selectors.items()}
    with node.fresh.open() as (reader, _now):
        found = find_run(reader, run)
        return run_out(found, lambda selector: names.get(selector, selector), BlockOut.of(reader.block))


@router.get("/programmes/{programme}/budget-moves", responses=problems(*READING, errors.ProgrammeUnknown))
def read_budget_moves(node: TheNode, _: Caller, programme: ProgrammeName) -> MovesOut:
    """A programme's moves of budget between its lines, and the money that went along."""
    with node.fresh.open() as (reader, _now):
        return moves_out(reader.budget_moves(find_programme(reader, programme).id), BlockOut.of(reader.block))
