"""Vouchers passed on between people, and places given to others."""

from typing import Annotated

from fastapi import APIRouter, Query

from node_api.api.access import Caller, WriteKey
from node_api.api.answers import BlockOut
from node_api.api.documented import PASSING, READING, problems
from node_api.api.fields import AddressText, as_address, body_hash
from node_api.api.node import TheNode
from node_api.api.patient import PatientRoute
from node_api.api.routes.cases import After, Limit, OfVoucher, following, place_of, voucher_of
from node_api.api.transfers import (
    ReassignmentsOut,
    TransferFields,
    TransferIn,
    TransferOut,
    TransfersOut,
    WalletTransferIn,
    place_change_out,
    transfer_fields,
)
from node_api.domain import errors
from node_api.domain.ids import Place, ProgrammeId, RollId
from node_api.services.passing import Request

router = APIRouter(prefix="/v1", tags=["transfers"], route_class=PatientRoute)

OfHolder = Annotated[AddressText | None, Query(description="from or to this holder")]


@router.post("/transfers", responses=problems(*PASSING))
def transfer(node: TheNode, caller: Caller, key: WriteKey, body: TransferIn) -> TransferOut:
    """Passes a voucher on by its holder's signature, where its rules allow it. Answered once it is on chain."""
    done, block = node.writing.passing.transfer(Request(caller, key, body_hash("transfer", body)), body.to_domain())
    return TransferOut.model_validate({**transfer_fields(done), "block": BlockOut.of(block)})


@router.post("/wallet/transfers", responses=problems(*PASSING, errors.WalletMissing, errors.ProgrammeUnknown))
def transfer_by_wallet(node: TheNode, caller: Caller, key: WriteKey, body: WalletTransferIn) -> TransferOut:
    """Passes a voucher of a custodial holder on: the node's wallet signs what is asked."""
    request = Request(caller, key, body_hash("wallet transfer", body))
    programme = body.programme if isinstance(body.programme, str) else ProgrammeId(body.programme)
    done, block = node.writing.passing.transfer_by_wallet(request, programme, body.person, body.to_domain())
    return TransferOut.model_validate({**transfer_fields(done), "block": BlockOut.of(block)})


@router.get("/transfers", responses=problems(*READING))
def read_transfers(
    node: TheNode,
    _: Caller,
    voucher: OfVoucher = None,
    holder: OfHolder = None,
    after: After = 0,
    limit: Limit = 100,
) -> TransfersOut:
    """Vouchers that were passed on."""
    of = voucher_of(voucher)
    whose = None if holder is None else as_address(holder)
    with node.fresh.open() as (reader, _now):
        found = reader.transfers(voucher=of, holder=whose, limit=limit, after=place_of(after))
        return TransfersOut(
            transfers=[TransferFields.model_validate(transfer_fields(done)) for done in found],
            next=following([done.tx for done in found], limit),
            block=BlockOut.of(reader.block),
        )


@router.get("/reassignments", responses=problems(*READING))
def read_reassignments(
    node: TheNode,
    _: Caller,
    roll: Annotated[int | None, Query(ge=1, lt=1 << 24)] = None,
    place: Annotated[int | None, Query(ge=0, lt=1 << 11)] = None,
) -> ReassignmentsOut:
    """Places proposed for another holder, and what became of it."""
    of, at = None if roll is None else RollId(roll), None if place is None else Place(place)
    with node.fresh.open() as (reader, _now):
        steps = [place_change_out(change) for change in reader.place_changes(of, at)]
        return ReassignmentsOut(steps=steps, block=BlockOut.of(reader.block))
