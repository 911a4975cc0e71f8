"""Taking reservations in: judged at once, booked by the outbox's next call."""

from __future__ import annotations

from concurrent.futures import TimeoutError as TookTooLong
from dataclasses import dataclass

from node_api.domain.access import ApiKey
from node_api.domain.booking_rules import judge_booking
from node_api.domain.bookings import Booking
from node_api.domain.errors import CallFailed, ChainUnavailable, MerchantNotYours, Refusal
from node_api.domain.ids import Hash, UnixSeconds
from node_api.domain.models import BlockRef
from node_api.domain.refusals import RULES
from node_api.domain.reservations import BookingVerdict, Reservation
from node_api.services.booking_lane import BookingLane
from node_api.services.fresh import FreshReads
from node_api.services.once import Asked, Told, once
from node_api.services.outbox import Outbox
from node_api.services.ports.auditing import AuditReader
from node_api.services.ports.bookings import BookingSignatures
from node_api.services.ports.casework import CaseRequests
from node_api.services.ports.limits import LimitReads
from node_api.services.sight import are_signed, scene_of, sight_of

PATIENCE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Reserving:
    """Judges and books reservations. Thread-safe."""

    fresh: FreshReads
    signatures: BookingSignatures
    limits: LimitReads
    requests: CaseRequests
    lane: BookingLane
    outbox: Outbox

    def book(
        self, caller: ApiKey, key: str, body_hash: str, reservation: Reservation
    ) -> tuple[list[Booking], BlockRef]:
        """Books a reservation; returns once it is on chain. Asked for again, it is answered from the record.

        Raises:
            Refusal: the rules say no, at once or on chain.
            MerchantNotYours: another merchant's.
            IdempotencyKeyReused: the key came with another body before.
            CallFailed: the chain refused the call that carried it.
            ChainUnavailable: it is in no block yet; ask again with the same key.
        """
        if caller.merchant is not None and caller.merchant != reservation.merchant:
            raise MerchantNotYours(f"merchant {reservation.merchant}, the API key is for {caller.merchant}")
        digest = self.signatures.booking_digest(reservation)

        def tell() -> Told[tuple[list[Booking], BlockRef]] | None:
            with self.fresh.open() as (reader, _):
                found = reader.booking(digest)
                return Told((found, reader.block), is_it=True) if found else None

        def send() -> None:
            with self.fresh.open() as (reader, now):
                refusal = self._judge(reservation, digest, reader, now)
            if refusal is not None:
                raise refusal
            verdict = self._sent(reservation)
            if verdict.fault is not None or verdict.reason is not None:
                raise _refusal(verdict)

        return once(self.requests, Asked(caller.owner, key, body_hash), tell, send)

    def _judge(self, reservation: Reservation, digest: Hash, reader: AuditReader, now: UnixSeconds) -> Refusal | None:
        item = reservation.as_item()
        vouchers = sight_of(item, digest, reader)
        (signed,) = are_signed([(item, digest, vouchers)], self.signatures)
        scene = scene_of(item, digest, None, vouchers, reader, self.signatures, self.limits, now, signed=signed)
        return judge_booking(reservation, vouchers, scene)

    def _sent(self, reservation: Reservation) -> BookingVerdict:
        verdict = self.lane.put(reservation)
        self.outbox.wake()
        try:
            return verdict.result(PATIENCE_SECONDS)
        except TookTooLong:
            self.lane.drop(verdict)
            raise ChainUnavailable("the booking is in no block yet") from None


def _refusal(verdict: BookingVerdict) -> Refusal | CallFailed:
    if verdict.fault is not None or verdict.reason not in RULES:
        return CallFailed(verdict.fault or f"the reservation was refused with {verdict.reason}")
    return RULES[verdict.reason](f"voucher {verdict.voucher}, as found on chain", verdict.voucher)
