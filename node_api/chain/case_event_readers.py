"""For every event of a case: its arguments by name, as the ABI has them, to domain events."""

from __future__ import annotations

from collections.abc import Mapping

from node_api.chain.event_args import Args, EventReader, bytes_of, number_of
from node_api.domain.case_events import DisputeDecided, DisputeOpened, ReversalBooked, VoucherReversed
from node_api.domain.events import Event


def _reversed(args: Args) -> tuple[Event, ...]:
    return (
        VoucherReversed(
            number=number_of(args, "number"),
            voucher=number_of(args, "voucher"),
            merchant=number_of(args, "merchant"),
            actor=bytes_of(args, "by"),
            digest=bytes_of(args, "digest"),
            amount=number_of(args, "amount"),
            live=bool(args["live"]),
        ),
    )


def _booked(args: Args) -> tuple[Event, ...]:
    return (ReversalBooked(number_of(args, "number"), number_of(args, "day"), bytes_of(args, "reason")),)


def _opened(args: Args) -> tuple[Event, ...]:
    return (
        DisputeOpened(
            dispute=number_of(args, "dispute"),
            voucher=number_of(args, "voucher"),
            actor=bytes_of(args, "by"),
            digest=bytes_of(args, "digest"),
            reason=bytes_of(args, "reason"),
            decide_by=number_of(args, "decideBy"),
        ),
    )


def _decided(args: Args) -> tuple[Event, ...]:
    stands = bool(args["stands"])
    return (DisputeDecided(number_of(args, "dispute"), bytes_of(args, "by"), stands, bytes_of(args, "reason")),)


CASE_READERS: Mapping[str, EventReader] = {
    "VoucherReversed": _reversed,
    "ReversalBooked": _booked,
    "DisputeOpened": _opened,
    "DisputeDecided": _decided,
}
