"""Spoiled codes as rows of redemptions.csv, before they are sorted in among the others."""

from dataclasses import dataclass, field

from node_api.domain.importing.rows import BatchRow, Ref, VoucherRef
from node_api.domain.importing.values import CHANNELS
from node_api.domain.importing.wallets import Wallet
from node_api.loaders.folder_writer import Row, items_text
from node_api.loaders.spoil.spoiled import SpoiledCode
from node_api.loaders.spoil.stock import Items, Sale, Stock


@dataclass(slots=True)
class Draft:
    """A sale being turned into a code: what is not set is as an honest till and wallet would have it."""

    sale: Sale
    spends: list[tuple[BatchRow, VoucherRef]]
    items: Items
    at: int
    merchant: Ref
    channel: int
    more: dict[str, str | int] = field(default_factory=dict)

    @classmethod
    def of(cls, stock: Stock, sale: Sale, holder: Wallet | None = None) -> "Draft":
        """A sound one, with a fresh voucher, of somebody new unless a holder is given."""
        voucher = stock.voucher(sale.batch, holder)
        items = stock.good_items((sale.batch,))
        return cls(sale, [(sale.batch, voucher)], items, sale.at, sale.merchant.ref, sale.channel)

    def code(self, stock: Stock, kind: str, reason: str, repeats: SpoiledCode | None = None) -> SpoiledCode:
        """The finished code, with a receipt of its own."""
        stock.devices += 1
        common: dict[str, str | int] = {
            "merchant": self.merchant,
            "channel": CHANNELS[self.channel],
            "receipt": f"spoil-{stock.devices}",
            "items": items_text(self.items),
            "expected": reason,
            "note": f"spoiled: {kind}" if reason else f"sound, added: {kind}",
            **self.more,
        }
        rows = tuple(
            {**common, "programme": batch.programme, "batch": spent.batch, "roll": spent.roll, "place": spent.place}
            for batch, spent in self.spends
        )
        empty: Row = {**common, "programme": self.sale.batch.programme}
        return SpoiledCode(kind, reason, self.at, rows or (empty,), repeats)
