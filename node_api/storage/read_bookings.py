"""Bookings, read from the index: of each, what became of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from sqlalchemy import ColumnElement, select

from node_api.domain.bookings import Booking, Release
from node_api.domain.ids import MERCHANT_IDS, Hash, LineId, MerchantId, UnixSeconds, VoucherId, programme_of_line
from node_api.domain.models import Redemption
from node_api.services.ports.operations import Claim
from node_api.storage import tables as t
from node_api.storage.by_keys import rows_by_keys
from node_api.storage.queries import Record, behind, bounded, to_address, to_hash, to_raw, tx_of, with_tx
from node_api.storage.read_cases import CaseQueries
from node_api.storage.read_vouchers import with_holder

_Key = tuple[Hash, VoucherId]
_RECEIPT = "merchant", "receipt"


class BookingQueries(CaseQueries):
    """Implements `BookingReader`."""

    def booking(self, digest: Hash) -> list[Booking]:
        """See the port."""
        return self._bookings(t.bookings.c.digest == to_raw(digest), limit=1_000)

    def receipted(self, wanted: Collection[Claim]) -> dict[Claim, frozenset[Hash]]:
        """See the port. A till asks before every redemption, and mostly there is none."""
        if not wanted or not self._any[3]:
            return {}
        asked = {(merchant, to_raw(receipt)) for _, merchant, receipt in wanted if merchant < MERCHANT_IDS}
        rows = rows_by_keys(self._connection, t.services, _RECEIPT, (*_RECEIPT, "digest", "block"), asked)
        captured = [(*key, digest) for *key, digest, block in rows if block <= self._block.number]
        if not captured:
            return {}
        of = [(digest,) for _, _, digest in captured]
        lines = dict(rows_by_keys(self._connection, t.bookings, ("digest",), ("digest", "line"), of))
        found = defaultdict[Claim, set[Hash]](set)
        for merchant, receipt, digest in captured:
            found[programme_of_line(lines[digest]), MerchantId(merchant), to_hash(receipt)].add(to_hash(digest))
        return {claim: frozenset(found[claim]) for claim in wanted if claim in found}

    def bookings(
        self,
        *,
        voucher: VoucherId | None = None,
        merchant: MerchantId | None = None,
        only_open: bool = False,
        limit: int = 100,
        after: tuple[int, int] = (0, 0),
    ) -> list[Booking]:
        """See the port."""
        table = t.bookings
        which: list[ColumnElement[bool]] = [behind(table, after)]
        if voucher is not None:
            which.append(table.c.voucher == voucher)
        if merchant is not None:
            which.append(table.c.merchant == merchant)
        if only_open:
            which += self._open()
        return self._bookings(*which, limit=bounded(limit))

    def _bookings(self, *which: ColumnElement[bool], limit: int) -> list[Booking]:
        table = t.bookings
        query = with_tx(table).where(*which, self._upto(table)).order_by(table.c.block, table.c.log_index).limit(limit)
        rows = self._rows(query)
        vouchers = {row.voucher for row in rows}
        captured, released = self._captures(vouchers), self._releases(vouchers)
        return [self._booking(row, captured, released) for row in rows]

    def _captures(self, vouchers: Collection[VoucherId]) -> dict[_Key, Redemption]:
        query = with_holder().where(t.redemptions.c.voucher.in_(vouchers)).order_by(t.redemptions.c.number)
        return {(done.digest, done.voucher): done for done in self._redemptions(query)}

    def _releases(self, vouchers: Collection[VoucherId]) -> dict[_Key, Release]:
        table = t.booking_releases
        query = with_tx(table).where(table.c.voucher.in_(vouchers), self._upto(table))
        return {
            (to_hash(row.digest), row.voucher): Release(to_address(row.actor), row.swept, tx_of(row))
            for row in self._rows(query)
        }

    def _booking(self, row: Record, captured: dict[_Key, Redemption], released: dict[_Key, Release]) -> Booking:
        key = (to_hash(row.digest), row.voucher)
        back = self._given_back(programme_of_line(row.line), row.block, row.log_index)
        return Booking(
            digest=key[0],
            voucher=row.voucher,
            merchant=row.merchant,
            line=LineId(row.line),
            service=to_hash(row.service),
            amount=row.amount,
            lapse_at=UnixSeconds(row.lapse_at + back),
            tx=tx_of(row),
            captured=captured.get(key),
            released=released.get(key),
        )

    def ever_free(self, vouchers: Collection[VoucherId]) -> frozenset[VoucherId]:
        """See the port."""
        free = super().ever_free(vouchers)
        return free | self._in_table(t.booking_releases, vouchers) if self._any[3] else free

    def dead(self, digest: Hash, vouchers: Collection[VoucherId]) -> frozenset[VoucherId]:
        """See the port."""
        if not self._any[3]:
            return super().dead(digest, vouchers)
        table = t.booking_releases
        query = select(table.c.voucher).where(
            table.c.voucher.in_(vouchers), table.c.digest == to_raw(digest), self._upto(table)
        )
        return super().dead(digest, vouchers) | {row.voucher for row in self._rows(query)}
