"""For every event of a booking: its arguments by name, as the ABI has them, to domain events."""

from __future__ import annotations

from collections.abc import Mapping

from node_api.chain.event_args import Args, EventReader, bytes_of, number_of
from node_api.domain.booking_events import NO_RECEIPT, BookingReleased, ServiceReceipted, VoucherBooked
from node_api.domain.events import Event, VoucherRedeemed


def _booked(args: Args) -> tuple[Event, ...]:
    return (
        VoucherBooked(
            digest=bytes_of(args, "digest"),
            voucher=number_of(args, "voucher"),
            merchant=number_of(args, "merchant"),
            service=bytes_of(args, "service"),
            amount=number_of(args, "amount"),
            lapse_at=number_of(args, "lapseAt"),
        ),
    )


def _captured(args: Args) -> tuple[Event, ...]:
    return (
        VoucherRedeemed(
            number=number_of(args, "number"),
            voucher=number_of(args, "voucher"),
            merchant=number_of(args, "merchant"),
            receipt=NO_RECEIPT,
            digest=bytes_of(args, "digest"),
            amount=number_of(args, "amount"),
            rules_version=number_of(args, "rulesVersion"),
        ),
    )


def _receipted(args: Args) -> tuple[Event, ...]:
    digest, merchant, receipt = bytes_of(args, "booking"), number_of(args, "merchant"), bytes_of(args, "receipt")
    bill = number_of(args, "bill").to_bytes(32, "big")
    return (ServiceReceipted(digest, merchant, receipt, bill, bytes_of(args, "by")),)


def _released(args: Args) -> tuple[Event, ...]:
    digest, voucher, merchant = bytes_of(args, "digest"), number_of(args, "voucher"), number_of(args, "merchant")
    return (BookingReleased(digest, voucher, merchant, number_of(args, "amount"), bytes_of(args, "by")),)


BOOKING_READERS: Mapping[str, EventReader] = {
    "VoucherBooked": _booked,
    "BookingCaptured": _captured,
    "ServiceReceipted": _receipted,
    "BookingReleased": _released,
}
