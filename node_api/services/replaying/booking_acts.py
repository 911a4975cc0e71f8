"""Acts about bookings: made by the holder's signature at a merchant's terminal, served or given free by that terminal."""

from __future__ import annotations

from dataclasses import dataclass

from node_api.domain.bookings import Booking
from node_api.domain.errors import RedemptionUnknown
from node_api.domain.ids import Hash, MerchantId, UnixSeconds, VoucherId, split_voucher
from node_api.domain.importing.acts import ActKind, ActRow
from node_api.domain.importing.rows import Ref
from node_api.domain.importing.wallets import Wallet
from node_api.domain.models import TxRef
from node_api.domain.reservations import Capture, Part, Release, Reservation
from node_api.services.codes import Choice, spend_of
from node_api.services.fresh import FreshReads
from node_api.services.pages import every
from node_api.services.ports.playing import BookingTill, PlayerKeys

_DEADLINE_SECONDS = 300


class ActUnexpected(Exception):
    """An act ended otherwise than its row expects."""


@dataclass(frozen=True, slots=True)
class Held:
    """A voucher of the folder with its programme, its holder, and where a booking of it is made."""

    voucher: VoucherId
    programme: Ref
    holder: Wallet
    merchant: MerchantId
    channel: int


class BookingActs:
    """Has terminals send what holders and they themselves want of bookings."""

    def __init__(self, fresh: FreshReads, till: BookingTill, keys: PlayerKeys) -> None:
        """Sends nothing yet."""
        self._fresh = fresh
        self._till = till
        self._keys = keys

    def carry_out(self, act: ActRow, held: Held) -> TxRef:
        """See `Officers.carry_out`; what an act wants of a voucher is found in the voucher's newest booking."""
        assert act.by is not None
        newest = self._newest(held.voucher)
        if act.kind is ActKind.BOOK:
            return self._book(act, act.by, held, newest)
        if newest is None:
            raise RedemptionUnknown(f"booking of voucher {held.voucher}")
        if newest.captured is None and newest.released is None:
            self._end(act, act.by, newest)
        ended = self._newest(held.voucher)
        assert ended is not None
        end = ended.captured or ended.released
        assert end is not None, "the contract said no otherwise"
        return end.tx

    def _book(self, act: ActRow, terminal: Wallet, held: Held, newest: Booking | None) -> TxRef:
        service = self._keys.reason_hash(f"{act.reason} {act.number}")
        if newest is None or newest.service != service:
            self._till.book(terminal, self._keys.book(held.programme, held.holder, self._wanted(act, held, service)))
            newest = self._newest(held.voucher)
        if newest is not None and newest.service == service:
            reason, tx = None, newest.tx
        else:
            reason, tx = self._refusal(held.voucher)
        if reason != act.expected:
            raise ActUnexpected(f"act {act.number}: {reason or 'booked'}, expected {act.expected or 'booked'}")
        return tx

    def _refusal(self, voucher: VoucherId) -> tuple[str, TxRef]:
        """Why the rules said no to it the last time."""
        with self._fresh.open() as (reader, _):
            (refusal,) = reader.refusals(voucher=voucher, limit=1)
        return self._till.reason(refusal.reason), refusal.tx

    def _end(self, act: ActRow, terminal: Wallet, booking: Booking) -> None:
        deadline = UnixSeconds(act.at + _DEADLINE_SECONDS)
        if act.kind is ActKind.RELEASE:
            self._till.release(terminal, Release(booking.digest, (booking.voucher,), deadline))
            return
        assert act.bill is not None
        receipt = self._keys.reason_hash(f"receipt of act {act.number} {act.reason}")
        part = Part(booking.voucher, booking.amount)
        self._till.capture(terminal, Capture(booking.digest, (part,), act.bill, Hash(receipt), deadline))

    def _wanted(self, act: ActRow, held: Held, service: Hash) -> Reservation:
        """All that the voucher has left."""
        assert act.until is not None
        with self._fresh.open() as (reader, _):
            spend = spend_of(reader, Choice(held.voucher), reader.batch(split_voucher(held.voucher)[0]))
        return Reservation(
            spends=(spend,),
            merchant=held.merchant,
            service=service,
            channel=held.channel,
            lapse_at=act.until,
            deadline=UnixSeconds(act.at + _DEADLINE_SECONDS),
        )

    def _newest(self, voucher: VoucherId) -> Booking | None:
        with self._fresh.open() as (reader, _):
            found = list(every(lambda after, limit: reader.bookings(voucher=voucher, after=after, limit=limit)))
        return found[-1] if found else None
