"""What the API takes and answers about bookings."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from node_api.api.answers import BlockOut
from node_api.api.fields import (
    HashText,
    In,
    MerchantNumber,
    Out,
    Person,
    ProgrammeNumber,
    Reference,
    SignatureText,
    Uint,
    VoucherText,
    as_bytes,
    as_hash,
    as_int,
)
from node_api.api.requests import ChoiceIn, SpendIn, choice_of
from node_api.domain.bookings import Booking
from node_api.domain.ids import Address, Amount, Hash, MerchantId, ProgrammeId, UnixSeconds, VoucherId
from node_api.domain.items import Spend
from node_api.domain.models import BlockRef
from node_api.domain.reservations import Capture, Part, Release, Reservation
from node_api.services.bookings import Signer, Wish

_MOST = 100
_Service = Annotated[HashText, Field(description="salted hash of what is ordered; its text stays with the parties")]
_Vouchers = Annotated[list[VoucherText], Field(min_length=1, max_length=_MOST)]


class WishIn(In):
    """A reservation for a custodial holder: each voucher whole, or an amount of it."""

    programme: ProgrammeNumber | Reference
    person: Person
    vouchers: Annotated[list[VoucherText | ChoiceIn], Field(min_length=1, max_length=_MOST, description="ascending")]
    merchant: MerchantNumber
    service: _Service
    channel: Annotated[int, Field(ge=0, le=255)] = 0
    lapse_at: Uint

    def to_domain(self) -> tuple[Signer, Wish]:
        """For the services."""
        programme = self.programme if isinstance(self.programme, str) else ProgrammeId(self.programme)
        lapse_at = UnixSeconds(as_int(self.lapse_at))
        wish = Wish(
            tuple(map(choice_of, self.vouchers)),
            MerchantId(self.merchant),
            as_hash(self.service),
            self.channel,
            lapse_at,
        )
        return Signer(programme, self.person), wish


class ReservationIn(In):
    """`Booking` of GET /v1/eip712: exactly what the holder signed, and the signature.

    `consent` is a step-up attestor's signature of `Consent(digest)`; it is wanted above the rules' threshold.
    """

    spends: Annotated[list[SpendIn], Field(max_length=_MOST)]
    merchant: Uint
    service: _Service
    channel: Uint
    lapse_at: Uint
    deadline: Uint
    signature: SignatureText
    consent: SignatureText | None = None

    def to_domain(self) -> Reservation:
        """For the services."""
        return Reservation(
            tuple(
                Spend(VoucherId(as_int(s.voucher)), Amount(as_int(s.amount)), as_int(s.sequence)) for s in self.spends
            ),
            MerchantId(as_int(self.merchant)),
            as_hash(self.service),
            as_int(self.channel),
            UnixSeconds(as_int(self.lapse_at)),
            UnixSeconds(as_int(self.deadline)),
            as_bytes(self.signature),
            b"" if self.consent is None else as_bytes(self.consent),
        )


class PartIn(In):
    """`Part` of GET /v1/eip712: what was served of one voucher; of a percentage the most it may take of the bill."""

    voucher: VoucherText
    amount: Uint


class CaptureIn(In):
    """`Capture` of GET /v1/eip712, signed by a key or terminal of the merchant; the booking stands in the path."""

    parts: Annotated[list[PartIn], Field(min_length=1, max_length=_MOST)]
    bill: Uint
    receipt: HashText
    deadline: Uint
    signature: SignatureText

    def to_domain(self, booking: str) -> Capture:
        """For the services."""
        parts = tuple(Part(VoucherId(int(one.voucher)), Amount(as_int(one.amount))) for one in self.parts)
        deadline, signature = UnixSeconds(as_int(self.deadline)), as_bytes(self.signature)
        bill = Amount(as_int(self.bill))
        return Capture(as_hash(booking), parts, bill, as_hash(self.receipt), deadline, signature)


class CustodialIn(In):
    """A custodial holder, for whom the node's wallet signs."""

    programme: ProgrammeNumber | Reference
    person: Person

    def to_domain(self) -> Signer:
        """For the services."""
        programme = self.programme if isinstance(self.programme, str) else ProgrammeId(self.programme)
        return Signer(programme, self.person)


class ReleaseIn(In):
    """A release: with the signature over `Release` of merchant or holder and its deadline, by a custodial holder, or, once the
    booking has lapsed, with neither.
    """

    vouchers: _Vouchers
    deadline: Uint | None = None
    signature: SignatureText | None = None
    holder: CustodialIn | None = None

    @model_validator(mode="after")
    def _whole(self) -> ReleaseIn:
        if (self.deadline is None) != (self.signature is None):
            raise ValueError("a signature comes with its deadline")
        if self.signature is not None and self.holder is not None:
            raise ValueError("give either a signature or a custodial holder")
        return self

    def to_domain(self, booking: str) -> Release:
        """For the services."""
        vouchers = tuple(VoucherId(int(voucher)) for voucher in self.vouchers)
        deadline = UnixSeconds(0 if self.deadline is None else as_int(self.deadline))
        return Release(
            as_hash(booking), vouchers, deadline, b"" if self.signature is None else as_bytes(self.signature)
        )


class SpendOut(Out):
    """`Spend` of a reservation."""

    voucher: str
    amount: str
    sequence: str


class ReservationOut(Out):
    """A signed reservation, as POST /v1/bookings takes it, with the digest that names the booking."""

    spends: list[SpendOut]
    merchant: str
    service: str
    channel: str
    lapse_at: str
    deadline: str
    signature: str
    digest: str
    holder: str
    block: BlockOut


class CaptureOut(Out):
    """The redemption a booking ended in."""

    number: int
    amount: int
    receipt: str
    transaction: str
    captured_at: BlockOut


class ReleaseOut(Out):
    """How a booking ended otherwise, and who ended it."""

    by: str
    transaction: str
    released_at: BlockOut


class BookingFields(Out):
    """One voucher of a booking. `lapse_at` is exclusive, and counts what pauses gave back since."""

    booking: str
    voucher: str
    state: Literal["booked", "captured", "released"]
    merchant: int
    line: str
    service: str
    amount: int
    lapse_at: int
    transaction: str
    booked_at: BlockOut
    capture: CaptureOut | None
    release: ReleaseOut | None


class BookingOut(Out):
    """Vouchers of one booking, as of a block."""

    vouchers: list[BookingFields]
    block: BlockOut


class BookingsOut(Out):
    """Bookings in the order of the chain; `next` continues the list as `after`."""

    bookings: list[BookingFields]
    next: int | None
    block: BlockOut


def reservation_out(reservation: Reservation, digest: Hash, holder: Address, block: BlockRef) -> ReservationOut:
    """From the domain."""
    return ReservationOut(
        spends=[
            SpendOut(voucher=str(one.voucher), amount=str(one.amount), sequence=str(one.sequence))
            for one in reservation.spends
        ],
        merchant=str(reservation.merchant),
        service=reservation.service,
        channel=str(reservation.channel),
        lapse_at=str(reservation.lapse_at),
        deadline=str(reservation.deadline),
        signature="0x" + reservation.signature.hex(),
        digest=digest,
        holder=holder,
        block=BlockOut.of(block),
    )


def booking_out(found: list[Booking], block: BlockRef) -> BookingOut:
    """From the domain."""
    return BookingOut(vouchers=[booking_fields(one) for one in found], block=BlockOut.of(block))


def booking_fields(found: Booking) -> BookingFields:
    """From the domain."""
    return BookingFields(
        booking=found.digest,
        voucher=str(found.voucher),
        state=found.state,
        merchant=found.merchant,
        line=str(found.line),
        service=found.service,
        amount=found.amount,
        lapse_at=found.lapse_at,
        transaction=found.tx.hash,
        booked_at=BlockOut.of(found.tx.block),
        capture=_capture_out(found),
        release=_release_out(found),
    )


def _capture_out(found: Booking) -> CaptureOut | None:
    if (done := found.captured) is None:
        return None
    block = BlockOut.of(done.tx.block)
    return CaptureOut(
        number=done.number, amount=done.amount, receipt=done.receipt, transaction=done.tx.hash, captured_at=block
    )


def _release_out(found: Booking) -> ReleaseOut | None:
    if (done := found.released) is None:
        return None
    return ReleaseOut(by=done.actor, transaction=done.tx.hash, released_at=BlockOut.of(done.tx.block))
