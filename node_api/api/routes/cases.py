"""Reversals and disputes."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Path, Query

from node_api.api.access import Caller, WriteKey, require_merchant
from node_api.api.answers import BlockOut
from node_api.api.cases import (
    DecisionIn,
    DisputeFields,
    DisputeOut,
    DisputesOut,
    ReversalFields,
    ReversalIn,
    ReversalOut,
    ReversalsOut,
    StatementIn,
    dispute_fields,
    reversal_fields,
)
from node_api.api.documented import READING, WRITING_CASES, problems
from node_api.api.fields import MerchantNumber, VoucherText, as_hash, body_hash
from node_api.api.node import TheNode
from node_api.api.patient import PatientRoute
from node_api.domain import errors
from node_api.domain.access import ApiKey
from node_api.domain.ids import VOUCHER_BITS, MerchantId, VoucherId
from node_api.domain.models import TxRef

router = APIRouter(prefix="/v1", tags=["cases"], route_class=PatientRoute)

_LOG_BITS = 24
DisputeNumber = Annotated[int, Path(ge=1, lt=1 << 63)]
After = Annotated[int, Query(ge=0, lt=1 << 63, description="the `next` of the page before")]
Limit = Annotated[int, Query(ge=1, le=1_000)]
OfMerchant = Annotated[MerchantNumber | None, Query()]
OfVoucher = Annotated[VoucherText | None, Query()]


@router.post("/reversals", responses=problems(*WRITING_CASES, errors.RedemptionUnknown))
def reverse(node: TheNode, caller: Caller, key: WriteKey, body: ReversalIn) -> ReversalOut:
    """Takes a redemption back: its merchant within the reversal window, an arbiter after it. Answered once it is on chain."""
    done, block = node.writing.cases.reverse(
        caller, key, body_hash("reversal", body), body.to_domain(), body.later_day or 0
    )
    return ReversalOut.model_validate({**reversal_fields(done), "block": BlockOut.of(block)})


@router.get("/reversals", responses=problems(*READING, errors.MerchantNotYours))
def read_reversals(
    node: TheNode,
    caller: Caller,
    merchant: OfMerchant = None,
    voucher: OfVoucher = None,
    after: After = 0,
    limit: Limit = 100,
) -> ReversalsOut:
    """Redemptions that were taken back. A merchant's API key sees its own."""
    of = whose(caller, merchant)
    with node.fresh.open() as (reader, _):
        found = reader.reversals(merchant=of, voucher=voucher_of(voucher), after=place_of(after), limit=limit)
        return ReversalsOut(
            reversals=[ReversalFields.model_validate(reversal_fields(done)) for done in found],
            next=following([done.tx for done in found], limit),
            block=BlockOut.of(reader.block),
        )


@router.post("/disputes", responses=problems(*WRITING_CASES, errors.RedemptionUnknown))
def dispute(node: TheNode, caller: Caller, key: WriteKey, body: StatementIn) -> DisputeOut:
    """Disputes a redemption, by its holder's or merchant's signature, and locks its money. Answered once it is on chain."""
    found, block = node.writing.cases.dispute(caller, key, body_hash("dispute", body), body.to_domain())
    return DisputeOut.model_validate({**dispute_fields(found), "block": BlockOut.of(block)})


@router.get("/disputes", responses=problems(*READING, errors.MerchantNotYours))
def read_disputes(
    node: TheNode,
    caller: Caller,
    merchant: OfMerchant = None,
    voucher: OfVoucher = None,
    only_open: Annotated[bool, Query()] = False,
    after: After = 0,
    limit: Limit = 100,
) -> DisputesOut:
    """Disputes, open and decided. A merchant's API key sees its own."""
    of = whose(caller, merchant)
    with node.fresh.open() as (reader, _):
        found = reader.disputes(merchant=of, voucher=voucher_of(voucher), only_open=only_open, after=after, limit=limit)
        return DisputesOut(
            disputes=[DisputeFields.model_validate(dispute_fields(one)) for one in found],
            next=found[-1].id if len(found) == limit else None,
            block=BlockOut.of(reader.block),
        )


@router.get("/disputes/{dispute}", responses=problems(*READING, errors.DisputeUnknown, errors.MerchantNotYours))
def read_dispute(node: TheNode, caller: Caller, dispute: DisputeNumber) -> DisputeOut:
    """One dispute and what was decided."""
    with node.fresh.open() as (reader, _):
        found = reader.dispute(dispute)
        if found is None:
            raise errors.DisputeUnknown(f"dispute {dispute}")
        require_merchant(caller, found.merchant)
        return DisputeOut.model_validate({**dispute_fields(found), "block": BlockOut.of(reader.block)})


@router.post("/disputes/{dispute}/decision", responses=problems(*WRITING_CASES, errors.DisputeUnknown))
def decide(node: TheNode, caller: Caller, key: WriteKey, dispute: DisputeNumber, body: DecisionIn) -> DisputeOut:
    """Decides a dispute with the node's arbiter's key. After its time the redemption can only stand."""
    hash_ = body_hash(f"decision {dispute}", body)
    found, block = node.writing.cases.decide(
        caller, key, hash_, dispute, stands=body.stands, reason=as_hash(body.reason)
    )
    return DisputeOut.model_validate({**dispute_fields(found), "block": BlockOut.of(block)})


def place_of(after: int) -> tuple[int, int]:
    """Block and log behind which a page begins."""
    return after >> _LOG_BITS, after & (1 << _LOG_BITS) - 1


def following(found: Sequence[TxRef], limit: int) -> int | None:
    """The `next` of a page of facts in the order of the chain; None where it is the last."""
    last = found[-1] if len(found) == limit else None
    return None if last is None else last.block.number << _LOG_BITS | last.log_index


def whose(caller: ApiKey, merchant: int | None) -> MerchantId | None:
    """The merchant asked about; a merchant's key asks about its own."""
    if merchant is None:
        return caller.merchant
    require_merchant(caller, MerchantId(merchant))
    return MerchantId(merchant)


def voucher_of(text: str | None) -> VoucherId | None:
    """No voucher's number is above 59 bits, and the database's integers end at 63."""
    return None if text is None else VoucherId(min(int(text), (1 << VOUCHER_BITS + 1) - 1))
