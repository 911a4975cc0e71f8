"""Freezes and revocations, for auditors; the emergency lane. The same request twice takes effect once."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from node_api.api.access import Caller
from node_api.api.answers import BlockOut
from node_api.api.documented import OVERSEEING, READING, problems
from node_api.api.fields import VoucherText
from node_api.api.node import TheNode
from node_api.api.oversight import (
    AppealIn,
    DoneOut,
    ExtensionIn,
    FreezeIn,
    FreezesOut,
    LaneOut,
    PauseIn,
    ResumeIn,
    RevocationIn,
    RevocationsOut,
    StepIn,
    WideningIn,
    freeze_out,
    lane_out,
    revocation_out,
)
from node_api.api.patient import PatientRoute
from node_api.domain.ids import ProgrammeId, UnixSeconds, VoucherId
from node_api.services.ports import oversight as o

router = APIRouter(prefix="/v1", tags=["oversight"], route_class=PatientRoute)

_DONE = problems(*OVERSEEING)
_LAST = (1 << 63) - 1


@router.post("/freezes", responses=_DONE)
def freeze(node: TheNode, _: Caller, body: FreezeIn) -> DoneOut:
    """Freezes a voucher, roll, batch, holder or merchant with the node's auditor's key."""
    return _act(node, o.Freeze(body.what, UnixSeconds(body.until), body.reason))


@router.post("/freezes/lift", responses=_DONE)
def lift(node: TheNode, _: Caller, body: StepIn) -> DoneOut:
    """Ends a freeze."""
    return _act(node, o.Lift(body.what, body.reason))


@router.post("/freezes/confirm", responses=_DONE)
def confirm(node: TheNode, _: Caller, body: StepIn) -> DoneOut:
    """Confirms a freeze that another auditor set: a voucher is revoked, anything else stays frozen until it is lifted."""
    return _act(node, o.Confirm(body.what, body.reason))


@router.post("/freezes/appeal", responses=_DONE)
def appeal(node: TheNode, _: Caller, body: AppealIn) -> DoneOut:
    """Records an appeal against a freeze."""
    return _act(node, body.order)


@router.get("/freezes", responses=problems(*READING))
def read_freezes(node: TheNode, _: Caller, only_holding: bool = False) -> FreezesOut:
    """Everything that was ever frozen, with who, until when, why, and what became of it."""
    with node.fresh.open() as (reader, now):
        found = [freeze for freeze in reader.freezes() if freeze.holds(now) or not only_holding]
        return FreezesOut(freezes=[freeze_out(one, now) for one in found], block=BlockOut.of(reader.block))


@router.post("/revocations", responses=_DONE)
def revoke(node: TheNode, _: Caller, body: RevocationIn) -> DoneOut:
    """Revokes vouchers under a confirmed freeze; their value goes back to their budget lines."""
    return _act(node, body.order)


@router.get("/revocations", responses=problems(*READING))
def read_revocations(
    node: TheNode,
    _: Caller,
    after: Annotated[VoucherText | None, Query(description="the `next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> RevocationsOut:
    """Vouchers that were revoked."""
    start = None if after is None else VoucherId(min(int(after), _LAST))
    with node.fresh.open() as (reader, _now):
        found = reader.revocations(limit=limit, after=start)
        following = str(found[-1].voucher) if len(found) == limit else None
        shown = [revocation_out(one) for one in found]
        return RevocationsOut(revocations=shown, next=following, block=BlockOut.of(reader.block))


@router.post("/extensions", responses=_DONE)
def extend(node: TheNode, _: Caller, body: ExtensionIn) -> DoneOut:
    """Lengthens the validity of a batch's vouchers, up to the end of its programme."""
    return _act(node, body.order)


@router.post("/pauses", responses=_DONE)
def pause(node: TheNode, _: Caller, body: PauseIn) -> DoneOut:
    """Pauses a programme, or all of them."""
    return _act(node, body.order)


@router.post("/pauses/end", responses=_DONE)
def resume(node: TheNode, _: Caller, body: ResumeIn) -> DoneOut:
    """Ends a pause before its time."""
    return _act(node, o.Resume(ProgrammeId(body.programme)))


@router.post("/channel-widenings", responses=_DONE)
def widen(node: TheNode, _: Caller, body: WideningIn) -> DoneOut:
    """Opens channels to a programme's vouchers until a date at which they close by themselves."""
    return _act(node, body.order)


@router.get("/emergency", responses=problems(*READING))
def read_lane(
    node: TheNode, _: Caller, kind: Literal["extended", "widened", "paused", "resumed"] | None = None
) -> LaneOut:
    """Every use of the emergency lane."""
    with node.fresh.open() as (reader, _now):
        steps = [step for step in reader.lane.steps if kind in (None, step.kind)]
        return LaneOut(steps=lane_out(steps), block=BlockOut.of(reader.block))


def _act(node: TheNode, order: o.Order) -> DoneOut:
    sent, block = node.writing.oversight.act(order)
    return DoneOut(sent=sent, block=BlockOut.of(block))
