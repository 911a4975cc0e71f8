"""Auditing: the life of a voucher, the figures of a programme."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from node_api.api.access import Caller
from node_api.api.answers import BlockOut
from node_api.api.audits import (
    FindingsOut,
    IndexOut,
    ReconciliationOut,
    TraceOut,
    index_out,
    noticed_out,
    reconciliation_out,
    trace_out,
)
from node_api.api.documented import ACCESS, READING, problems
from node_api.api.fields import VoucherText
from node_api.api.node import TheNode
from node_api.api.routes.record import ProgrammeName
from node_api.domain import errors
from node_api.domain.findings import FindingKind
from node_api.domain.ids import VOUCHER_BITS, VoucherId

router = APIRouter(prefix="/v1/audit", tags=["auditing"])


@router.get("/vouchers/{voucher}/trace", responses=problems(*READING, errors.VoucherNotFound, errors.StateUnavailable))
def read_trace(
    node: TheNode, _: Caller, voucher: Annotated[VoucherText, Path()], checked: Annotated[bool, Query()] = True
) -> TraceOut:
    """The whole life of a voucher, its redemption's signature and commitment checked anew, or not (`checked=false`)."""
    number = VoucherId(int(voucher))
    if number >> VOUCHER_BITS:
        raise errors.VoucherNotFound(f"voucher {voucher}")
    return trace_out(node.audits.trace(number, checked=checked))


@router.get(
    "/programmes/{programme}/reconciliation",
    responses=problems(*READING, errors.ProgrammeUnknown, errors.StateUnavailable),
)
def read_reconciliation(node: TheNode, _: Caller, programme: ProgrammeName) -> ReconciliationOut:
    """Every term of every budget line: chain state, bits, events and index side by side. Any difference is named."""
    return reconciliation_out(node.audits.reconcile(programme))


@router.get("/findings", responses=problems(*ACCESS, errors.StoreUnavailable, errors.StoreBusy, errors.RequestInvalid))
def read_findings(
    node: TheNode,
    _: Caller,
    kind: Annotated[list[FindingKind] | None, Query(description="only these; all where none is given")] = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> FindingsOut:
    """What the observer noticed about validators, clocks, contracts and roles, newest first."""
    watched = node.findings.watched()
    return FindingsOut(
        findings=[noticed_out(one) for one in node.findings.findings(kind or (), limit=limit)],
        watched=None if watched is None else BlockOut.of(watched),
    )


@router.get("/index", responses=problems(*ACCESS, errors.StoreUnavailable, errors.StoreBusy, errors.IndexNotReady))
def read_index(node: TheNode, _: Caller) -> IndexOut:
    """Digests of every table of the index, to compare two of them. Every row is read: seconds for a million redemptions."""
    return index_out(*node.audits.index())
