"""Bookings of vouchers for services."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from node_api.api.access import Caller, WriteKey, require_merchant
from node_api.api.answers import BlockOut
from node_api.api.bookings import (
    BookingOut,
    BookingsOut,
    CaptureIn,
    ReleaseIn,
    ReservationIn,
    ReservationOut,
    WishIn,
    booking_fields,
    booking_out,
    reservation_out,
)
from node_api.api.documented import BOOKING, ENDING_BOOKINGS, KEEPING, READING, RULES, problems
from node_api.api.fields import as_hash, body_hash
from node_api.api.node import TheNode
from node_api.api.patient import PatientRoute
from node_api.api.routes.cases import After, Limit, OfMerchant, OfVoucher, following, place_of, voucher_of, whose
from node_api.domain import errors, refusals

router = APIRouter(prefix="/v1", tags=["bookings"], route_class=PatientRoute)

Digest = Annotated[str, Path(pattern="^0x[0-9a-fA-F]{64}$", description="the digest the holder signed")]


@router.post(
    "/wallet/bookings",
    responses=problems(
        *KEEPING, errors.RequestTooLarge, errors.WalletMissing, errors.ProgrammeUnknown, errors.BookingUnknown
    ),
)
def sign_booking(node: TheNode, _: Caller, body: WishIn) -> ReservationOut:
    """A signed reservation for a custodial holder. It signs what is asked: the rules are judged when it is booked."""
    return reservation_out(*node.writing.bookings.sign(*body.to_domain()))


@router.post("/bookings", responses=problems(*BOOKING, *RULES))
def book(node: TheNode, caller: Caller, key: WriteKey, body: ReservationIn) -> BookingOut:
    """Books what a holder signed. What the rules refuse is a problem that names the reason. Answered once it is on chain."""
    return booking_out(*node.writing.reserving.book(caller, key, body_hash("booking", body), body.to_domain()))


@router.get("/bookings", responses=problems(*READING, errors.MerchantNotYours))
def read_bookings(
    node: TheNode,
    caller: Caller,
    merchant: OfMerchant = None,
    voucher: OfVoucher = None,
    only_open: Annotated[bool, Query()] = False,
    after: After = 0,
    limit: Limit = 100,
) -> BookingsOut:
    """Bookings and what became of them. A merchant's API key sees its own."""
    of, behind = whose(caller, merchant), place_of(after)
    with node.fresh.open() as (reader, _):
        found = reader.bookings(
            voucher=voucher_of(voucher), merchant=of, only_open=only_open, after=behind, limit=limit
        )
        return BookingsOut(
            bookings=[booking_fields(one) for one in found],
            next=following([one.tx for one in found], limit),
            block=BlockOut.of(reader.block),
        )


@router.get("/bookings/{booking}", responses=problems(*READING, errors.BookingUnknown, errors.MerchantNotYours))
def read_booking(node: TheNode, caller: Caller, booking: Digest) -> BookingOut:
    """The vouchers of one booking, and what became of each."""
    with node.fresh.open() as (reader, _):
        found = reader.booking(as_hash(booking))
        if not found:
            raise errors.BookingUnknown(f"booking {booking}")
        require_merchant(caller, found[0].merchant)
        return booking_out(found, reader.block)


@router.post("/bookings/{booking}/capture", responses=problems(*ENDING_BOOKINGS, refusals.ReceiptUsed))
def capture(node: TheNode, caller: Caller, key: WriteKey, booking: Digest, body: CaptureIn) -> BookingOut:
    """Redeems booked vouchers for what was served, by the merchant's signature. Answered once it is on chain."""
    hash_ = body_hash(f"capture {booking}", body)
    return booking_out(*node.writing.bookings.capture(caller, key, hash_, body.to_domain(booking)))


@router.post(
    "/bookings/{booking}/release",
    responses=problems(*ENDING_BOOKINGS, errors.WalletMissing, errors.ProgrammeUnknown),
)
def release(node: TheNode, caller: Caller, key: WriteKey, booking: Digest, body: ReleaseIn) -> BookingOut:
    """Gives booked vouchers free, by merchant or holder, or because the booking has lapsed. Answered once it is on chain."""
    hash_ = body_hash(f"release {booking}", body)
    signer = None if body.holder is None else body.holder.to_domain()
    return booking_out(*node.writing.bookings.release(caller, key, hash_, body.to_domain(booking), signer))
