"""What one reader says of many redemptions: their vouchers are read together, everything around them once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Protocol, TypeVar

from node_api.domain.ids import MERCHANT_IDS, Address, Amount, Day, Hash, LineId, MerchantId, ProgrammeId, VoucherId
from node_api.domain.items import Item
from node_api.domain.models import BlockRef, Merchant, Programme, Rules, VoucherFacts, Widening
from node_api.services.ports.auditing import AuditReader

K = TypeVar("K")
V = TypeVar("V")


class SightReader(Protocol):
    """What the rules' sight is put together from; see `AuditReader`."""

    @property
    def block(self) -> BlockRef:
        """See the port."""
        ...

    def voucher(self, voucher: VoucherId) -> VoucherFacts | None:
        """See the port."""
        ...

    def dead(self, digest: Hash, vouchers: Collection[VoucherId]) -> frozenset[VoucherId]:
        """See the port."""
        ...

    def programme(self, programme: ProgrammeId) -> Programme | None:
        """See the port."""
        ...

    def rules(self, programme: ProgrammeId, version: int) -> Rules | None:
        """See the port."""
        ...

    def widening(self, programme: ProgrammeId) -> Widening:
        """See the port."""
        ...

    def merchant(self, merchant: MerchantId) -> Merchant | None:
        """See the port."""
        ...

    def terminal_merchant(self, address: Address) -> MerchantId | None:
        """See the port."""
        ...

    def terminal_limit(self, terminal: Address) -> int:
        """See the port."""
        ...

    def redeemed_on(
        self, day: Day, wanted: Collection[tuple[LineId, MerchantId]]
    ) -> Mapping[tuple[LineId, MerchantId], Amount]:
        """See the port."""
        ...


class Known:
    """Implements `SightReader` for the items it was made for. As long-lived as its reader."""

    def __init__(self, reader: AuditReader, items: Collection[Item]) -> None:
        """Reads their vouchers, and what stands around them."""
        sold = [(spend.voucher, item.merchant) for item in items for spend in item.spends]
        self._reader = reader
        self._vouchers = reader.vouchers({voucher for voucher, _ in sold})
        self._free = reader.ever_free(self._vouchers)
        lines = [(self._vouchers[voucher].batch.line, shop) for voucher, shop in sold if voucher in self._vouchers]
        self._sold = frozenset((line, shop) for line, shop in lines if shop < MERCHANT_IDS)
        self._days: dict[Day, Mapping[tuple[LineId, MerchantId], Amount]] = {}
        self._programmes = reader.programmes_among({facts.roll.programme for facts in self._vouchers.values()})
        self._rules: dict[tuple[ProgrammeId, int], Rules | None] = {}
        self._widenings: dict[ProgrammeId, Widening] = {}
        self._merchants = reader.merchants_among({item.merchant for item in items if item.merchant < MERCHANT_IDS})

    @property
    def block(self) -> BlockRef:
        """See the protocol."""
        return self._reader.block

    def voucher(self, voucher: VoucherId) -> VoucherFacts | None:
        """See the protocol."""
        return self._vouchers.get(voucher)

    def dead(self, digest: Hash, vouchers: Collection[VoucherId]) -> frozenset[VoucherId]:
        """See the protocol."""
        free = self._free and self._free.intersection(vouchers)
        return self._reader.dead(digest, free) if free else free

    def programme(self, programme: ProgrammeId) -> Programme | None:
        """See the protocol."""
        return self._programmes.get(programme)

    def rules(self, programme: ProgrammeId, version: int) -> Rules | None:
        """See the protocol."""
        return _once(self._rules, (programme, version), lambda key: self._reader.rules(*key))

    def widening(self, programme: ProgrammeId) -> Widening:
        """See the protocol."""
        return _once(self._widenings, programme, self._reader.widening)

    def merchant(self, merchant: MerchantId) -> Merchant | None:
        """See the protocol."""
        return self._merchants.get(merchant)

    def terminal_merchant(self, address: Address) -> MerchantId | None:
        """See the protocol."""
        return self._reader.terminal_merchant(address)

    def terminal_limit(self, terminal: Address) -> int:
        """See the protocol."""
        return self._reader.terminal_limit(terminal)

    def redeemed_on(
        self, day: Day, wanted: Collection[tuple[LineId, MerchantId]]
    ) -> Mapping[tuple[LineId, MerchantId], Amount]:
        """See the protocol; at least what is wanted of what the items need."""
        return _once(self._days, day, lambda on: self._reader.redeemed_on(on, self._sold | set(wanted)))


def _once(kept: dict[K, V], key: K, read: Callable[[K], V]) -> V:
    if key not in kept:
        kept[key] = read(key)
    return kept[key]
