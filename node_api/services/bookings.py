"""Captures and releases of bookings, each carried out once.

A booked voucher is captured or released once: the contract itself keeps a repeated request from taking effect twice (`once.py`).
A receipt is used once, too, and of that the contract knows nothing: a capture claims its receipt before it is sent.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from zlib import crc32

from node_api.domain import refusals as no
from node_api.domain.access import ApiKey, require_wallet
from node_api.domain.bookings import Booking
from node_api.domain.errors import BookingRefused, BookingUnknown, MerchantNotYours, ProgrammeUnknown, WalletMissing
from node_api.domain.ids import (
    Address,
    Amount,
    Hash,
    MerchantId,
    ProgrammeId,
    UnixSeconds,
    VoucherId,
    programme_of_line,
)
from node_api.domain.items import Spend
from node_api.domain.models import BlockRef, Programme, VoucherKind
from node_api.domain.reservations import Capture, Release, Reservation
from node_api.services.codes import Choice, spend_of
from node_api.services.fresh import FreshReads
from node_api.services.once import Asked, Told, once
from node_api.services.ports.bookings import BookingDesk, BookingSignatures
from node_api.services.ports.casework import CaseRequests
from node_api.services.ports.operations import Claim, Held, OperationStore
from node_api.services.ports.reading import Reader
from node_api.services.ports.signing import Wallet

SIGNED_SECONDS = 600
"""How long what the wallet signs is good, unless the rules allow less."""

_Vouchers = tuple[list[Booking], BlockRef]
"""Vouchers of a booking, and the block they are told of."""


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


class _Turns:
    """Has those who want the same take turns. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[Claim, tuple[threading.Lock, list[None]]] = {}

    @contextmanager
    def of(self, wanted: Claim) -> Iterator[None]:
        """One's turn, as long as the context lasts."""
        with self._lock:
            turn, waiting = self._waiting.setdefault(wanted, (threading.Lock(), []))
            waiting.append(None)
        try:
            with turn:
                yield
        finally:
            with self._lock:
                waiting.pop()
                if not waiting:
                    del self._waiting[wanted]


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
    turns: _Turns = field(default_factory=_Turns, init=False)

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
        asked = {part.voucher: part.amount for part in capture.parts}

        def tell() -> Told[_Vouchers]:
            with self.fresh.open() as (reader, _):
                found = _bookings(reader, caller, capture.booking, asked)
                taken = all(_is_captured(reader, one, asked[one.voucher], capture.receipt) for one in found)
                return Told((found, reader.block), taken)

        def send() -> None:
            with self.fresh.open() as (reader, _):
                booking = _bookings(reader, caller, capture.booking, asked)[0]
            self._capture(capture, booking)

        return once(self.requests, Asked(caller.owner, key, body_hash), tell, send)

    def release(
        self, caller: ApiKey, key: str, body_hash: str, release: Release, signer: Signer | None
    ) -> tuple[list[Booking], BlockRef]:
        """Gives vouchers free: by the signature given, by the node's wallet for `signer`, else because it has lapsed.

        Raises:
            BookingUnknown: it is not in the record, or has no such voucher.
            MerchantNotYours: another merchant's.
            RoleNotAllowed: `signer` is given, and who asks is no wallet.
            WalletMissing, ProgrammeUnknown: `signer` is no custodial holder of this node.
        """
        if signer is not None:
            require_wallet(caller)
        vouchers = set(release.vouchers)

        def tell() -> Told[_Vouchers]:
            with self.fresh.open() as (reader, _):
                found = _bookings(reader, caller, release.booking, vouchers)
                return Told((found, reader.block), all(one.released is not None for one in found))

        def send() -> None:
            with self.fresh.open() as (reader, now):
                ready = release if release.signature else replace(release, deadline=UnixSeconds(now + SIGNED_SECONDS))
                if signer is not None:
                    ready = self._signed(reader, signer, ready)
            self.desk.release(ready)

        return once(self.requests, Asked(caller.owner, key, body_hash), tell, send)

    def _capture(self, capture: Capture, booking: Booking) -> None:
        """Claims the receipt, then sends. What the contract refuses gives free what it claimed itself.

        Where the chain gave no answer the claim stays: that capture may still come, whatever becomes of others of the booking.
        In this process captures against one receipt take turns: one that is refused gives free what another counts on.
        """
        claim = programme_of_line(booking.line), booking.merchant, capture.receipt
        which = crc32(repr(capture.parts).encode()) & 0x7FFF_FFFF
        with self.turns.of(claim):
            others = self._captured(claim) - {booking.digest}
            if others or (held := self.store.claim(claim, booking.digest, which)) is Held.OTHERS:
                raise no.ReceiptUsed(f"receipt {capture.receipt}", booking.voucher)
            try:
                self.desk.capture(capture)
            except BookingRefused:
                if held is Held.ITSELF and booking.digest not in self._captured(claim):
                    self.store.give_up(claim, booking.digest, which)
                raise
            if held is Held.BOOKING:  # one through another process that was refused may have given it free meanwhile
                self.store.claim(claim, booking.digest, which)

    def _captured(self, claim: Claim) -> frozenset[Hash]:
        """The bookings that were captured against a receipt."""
        with self.fresh.open() as (reader, _):
            return reader.receipted([claim]).get(claim, frozenset())

    def _signed(self, reader: Reader, signer: Signer, release: Release) -> Release:
        digest = self.signatures.release_digest(release)
        ref = _programme(reader, signer).ref
        return replace(release, signature=self._require_wallet().sign(ref, signer.person, bytes.fromhex(digest[2:])))

    def _require_wallet(self) -> Wallet:
        if self.wallet is None:
            raise WalletMissing("this node keeps no wallet")
        return self.wallet


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


def _is_captured(reader: Reader, booking: Booking, amount: Amount, receipt: Hash) -> bool:
    """Whether it ended in this very capture; of a percentage `amount` is the most that it may take."""
    done, facts = booking.captured, reader.voucher(booking.voucher)
    if done is None or facts is None or done.receipt != receipt:
        return False
    return done.amount == amount or (facts.batch.kind == VoucherKind.PERCENTAGE and done.amount < amount)


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
