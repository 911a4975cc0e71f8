"""Captures and releases of bookings, each carried out once.

A booked voucher is captured or released once: the contract itself keeps a repeated request from taking effect twice. So a request
that came before is answered from the record, and carried out where it is not there yet.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from node_api.domain import refusals as no
from node_api.domain.access import ApiKey
from node_api.domain.bookings import Booking
from node_api.domain.errors import (
    BookingUnknown,
    IdempotencyKeyReused,
    MerchantNotYours,
    ProgrammeUnknown,
    WalletMissing,
)
from node_api.domain.ids import Address, Hash, MerchantId, ProgrammeId, UnixSeconds, VoucherId
from node_api.domain.items import Spend
from node_api.domain.models import BlockRef, Programme
from node_api.domain.reservations import Capture, Release, Reservation
from node_api.services.codes import Choice, spend_of
from node_api.services.fresh import FreshReads
from node_api.services.ports.bookings import BookingDesk, BookingSignatures
from node_api.services.ports.casework import CaseRequests
from node_api.services.ports.operations import OperationStore
from node_api.services.ports.reading import Reader
from node_api.services.ports.signing import Wallet

SIGNED_SECONDS = 600
"""How long what the wallet signs is good, unless the rules allow less."""


@dataclass(frozen=True, slots=True)
class Signer:
    """A custodial holder: a person in a programme."""

    programme: str | ProgrammeId
    person: str


@dataclass(frozen=True, slots=True)
class Wish:
    """What a custodial holder wants to book: each voucher whole, or an amount of it."""

    choices: tuple[Choice, ...]
    merchant: MerchantId
    service: Hash
    channel: int
    lapse_at: UnixSeconds


@dataclass(frozen=True, slots=True)
class Bookings:
    """Carries out what merchants and holders want of bookings. Thread-safe.

    Every method raises what `BookingDesk` and `FreshReads.open` do; those that write, IdempotencyKeyReused for a key that came
    with another body.
    """

    fresh: FreshReads
    desk: BookingDesk
    requests: CaseRequests
    signatures: BookingSignatures
    store: OperationStore
    wallet: Wallet | None

    def sign(self, signer: Signer, wish: Wish) -> tuple[Reservation, Hash, Address, BlockRef]:
        """A custodial holder's reservation, its digest and the holder; nothing is booked yet.

        Raises:
            WalletMissing: this node keeps no wallet.
            ProgrammeUnknown: no such programme.
            BookingUnknown: no such voucher.
        """
        wallet = self._require_wallet()
        with self.fresh.open() as (reader, now):
            programme = _programme(reader, signer)
            rules = reader.rules(programme.id, programme.rules_version)
            seconds = SIGNED_SECONDS if rules is None else min(SIGNED_SECONDS, rules.max_deadline)
            spends = tuple(_spend(reader, choice) for choice in wish.choices)
            block, deadline = reader.block, UnixSeconds(now + seconds)
        reservation = Reservation(spends, wish.merchant, wish.service, wish.channel, wish.lapse_at, deadline)
        digest = self.signatures.booking_digest(reservation)
        signature = wallet.sign(programme.ref, signer.person, bytes.fromhex(digest[2:]))
        return reservation.signed(signature), digest, wallet.address(programme.ref, signer.person), block

    def capture(self, caller: ApiKey, key: str, body_hash: str, capture: Capture) -> tuple[list[Booking], BlockRef]:
        """Redeems what was served.

        Raises:
            BookingUnknown: it is not in the record, or has no such voucher.
            MerchantNotYours: another merchant's.
            ReceiptUsed: the receipt was redeemed against before.
        """
        again, vouchers = self._again(caller, key, body_hash), {part.voucher for part in capture.parts}
        with self.fresh.open() as (reader, _):
            found = _bookings(reader, caller, capture.booking, vouchers)
            if again and all(one.captured is not None for one in found):
                return found, reader.block
            self._require_new_receipt(reader, found[0], capture.receipt)
        self.desk.capture(capture)
        with self.fresh.open() as (reader, _):
            return _bookings(reader, caller, capture.booking, vouchers), reader.block

    def release(
        self, caller: ApiKey, key: str, body_hash: str, release: Release, signer: Signer | None
    ) -> tuple[list[Booking], BlockRef]:
        """Gives vouchers free: by the signature given, by the node's wallet for `signer`, else because it has lapsed.

        Raises:
            BookingUnknown: it is not in the record, or has no such voucher.
            MerchantNotYours: another merchant's.
            WalletMissing, ProgrammeUnknown: `signer` is no custodial holder of this node.
        """
        again, vouchers = self._again(caller, key, body_hash), set(release.vouchers)
        with self.fresh.open() as (reader, now):
            found = _bookings(reader, caller, release.booking, vouchers)
            if again and all(one.released is not None for one in found):
                return found, reader.block
            if not release.signature:
                release = replace(release, deadline=UnixSeconds(now + SIGNED_SECONDS))
            if signer is not None:
                release = self._signed(reader, signer, release)
        self.desk.release(release)
        with self.fresh.open() as (reader, _):
            return _bookings(reader, caller, release.booking, vouchers), reader.block

    def _signed(self, reader: Reader, signer: Signer, release: Release) -> Release:
        digest = self.signatures.release_digest(release)
        ref = _programme(reader, signer).ref
        return replace(release, signature=self._require_wallet().sign(ref, signer.person, bytes.fromhex(digest[2:])))

    def _require_new_receipt(self, reader: Reader, booking: Booking, receipt: Hash) -> None:
        """Used neither at the till nor for another booking."""
        programme, merchant = ProgrammeId(booking.line >> 16), booking.merchant
        used = self.store.receipt_claimed(programme, merchant, receipt)
        if used or reader.receipted(merchant, receipt) - {booking.digest}:
            raise no.ReceiptUsed(f"receipt {receipt}", booking.voucher)

    def _require_wallet(self) -> Wallet:
        if self.wallet is None:
            raise WalletMissing("this node keeps no wallet")
        return self.wallet

    def _again(self, caller: ApiKey, key: str, body_hash: str) -> bool:
        """Whether the request came before."""
        before = self.requests.take(caller.owner, key, body_hash)
        if before is not None and before != body_hash:
            raise IdempotencyKeyReused(f"key {key!r} of {caller.owner}")
        return before is not None


def _bookings(reader: Reader, caller: ApiKey, digest: Hash, vouchers: Collection[VoucherId]) -> list[Booking]:
    """Those vouchers of the booking."""
    found = {one.voucher: one for one in reader.booking(digest)}
    missing = sorted(set(vouchers) - found.keys())
    if missing or not vouchers:
        raise BookingUnknown(f"booking {digest} of voucher {missing[0] if missing else 'none'}")
    chosen = [found[voucher] for voucher in sorted(vouchers)]
    if caller.merchant is not None and caller.merchant != chosen[0].merchant:
        raise MerchantNotYours(f"merchant {chosen[0].merchant}, the API key is for {caller.merchant}")
    return chosen


def _spend(reader: Reader, choice: Choice) -> Spend:
    facts = reader.voucher(choice.voucher)
    if facts is None:
        raise BookingUnknown(f"voucher {choice.voucher}")
    return spend_of(reader, choice, facts.batch)


def _programme(reader: Reader, signer: Signer) -> Programme:
    name = signer.programme
    found = reader.programme_by_ref(name) if isinstance(name, str) else reader.programme(name)
    if found is None:
        raise ProgrammeUnknown(f"programme {name}")
    return found
