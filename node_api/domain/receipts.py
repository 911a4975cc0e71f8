"""A till's receipt: what was bought, by category. The chain sees only its salted hash.

The hash is keccak-256 of the canonical JSON: UTF-8, keys sorted, no spaces, numbers as integers, the salt inside as 0x-hex.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from node_api.domain.ids import Amount, UnixSeconds
from node_api.domain.models import Batch

MIN_SALT_BYTES = 16
"""Less could be tried out by whoever knows what receipts look like."""
MAX_ITEMS = 500
MAX_ITEM = (1 << 53) - 1
"""Most that an item costs: JSON readers would round more."""


@dataclass(frozen=True, slots=True)
class ReceiptItem:
    """One line of a receipt.

    Attributes:
        category: 0 to 63; None for goods of no category.
        amount: smallest unit; below zero for a discount or a return.
    """

    category: int | None
    amount: Amount


@dataclass(frozen=True, slots=True)
class Receipt:
    """One receipt.

    Attributes:
        number: as the till printed it.
        time: when it was printed, Unix seconds.
        items: its lines.
        salt: 16 to 32 random bytes, kept with the receipt.
    """

    number: str
    time: UnixSeconds
    items: tuple[ReceiptItem, ...]
    salt: bytes

    def canonical(self) -> bytes:
        """The bytes that are hashed."""
        fields = {
            "items": [{"amount": item.amount, "category": item.category} for item in self.items],
            "number": self.number,
            "salt": "0x" + self.salt.hex(),
            "time": self.time,
        }
        return json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

    def counted(self, categories: int) -> Amount:
        """What the items of the categories (a bit mask) add up to: the bill a redemption is judged by."""
        return Amount(
            sum(item.amount for item in self.items if item.category is not None and categories >> item.category & 1)
        )


def categories_of(batches: Iterable[Batch]) -> int:
    """The union of the batches' categories, a bit mask."""
    union = 0
    for batch in batches:
        union |= batch.categories
    return union
