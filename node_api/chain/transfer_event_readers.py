"""For every event of transfers and reassignments: its arguments by name, as the ABI has them, to domain events."""

from __future__ import annotations

from collections.abc import Mapping

from node_api.chain.event_args import Args, EventReader, bytes_of, number_of, text_of
from node_api.domain.events import Event
from node_api.domain.transfer_events import PlaceStep, TransferCapsSet, VoucherTransferred


def _transferred(args: Args) -> tuple[Event, ...]:
    return (VoucherTransferred(number_of(args, "voucher"), bytes_of(args, "from"), bytes_of(args, "to")),)


def _place(name: str) -> EventReader:
    def reader(args: Args) -> tuple[Event, ...]:
        reassigned, withdrawn = name == "reassigned", name == "withdrawn"
        step = PlaceStep(
            roll=number_of(args, "roll"),
            place=number_of(args, "place"),
            name=name,
            receiver=b"" if withdrawn else bytes_of(args, "to"),
            actor=bytes_of(args, "approver" if reassigned else "by"),
            ripe_at=number_of(args, "ripeAt") if name == "proposed" else 0,
            reason="" if reassigned else text_of(args, "reason"),
        )
        return (step,)

    return reader


def _caps(args: Args) -> tuple[Event, ...]:
    programme, version, actor = number_of(args, "programme"), number_of(args, "version"), bytes_of(args, "by")
    return (TransferCapsSet(programme, version, actor, number_of(args, "perTransfer"), number_of(args, "perMonth")),)


TRANSFER_READERS: Mapping[str, EventReader] = {
    "VoucherTransferred": _transferred,
    "ReassignmentProposed": _place("proposed"),
    "ReassignmentWithdrawn": _place("withdrawn"),
    "PlaceReassigned": _place("reassigned"),
    "TransferCapsSet": _caps,
}
