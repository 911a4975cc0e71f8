"""Items in 32-byte words, as they are stored and sent, read without putting the items together.

An item's merchant, then `Item` of contracts/types/Redemption.sol as the ABI lays it out: where the spends begin, bill, receipt,
channel, deadline, where the signature begins; how many spends there are, and these; how many bytes the signature has, and these.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, Self

from node_api.domain.abi import WORD, counted_bytes, word
from node_api.domain.ids import Amount, Hash, MerchantId, UnixSeconds, VoucherId
from node_api.domain.items import Item, Spend, TerminalSeal

_SPEND = 3 * WORD  # voucher, amount, sequence
_BILL, _RECEIPT, _CHANNEL, _DEADLINE, _, _COUNT, _SPENDS = (at * WORD for at in range(2, 9))
_SPENDS_BEGIN = word(_COUNT - WORD)


class ItemWords(NamedTuple):
    """An item: its words, and its consent, which goes beside the items of a call. Equal for equal items.

    A tuple, as are the other values that are made for each redemption: it is made in a third of the time. Nothing is checked: an
    item has a receipt of 32 bytes and numbers of 256 bits at most.
    """

    words: bytes
    consent: bytes = b""

    @classmethod
    def of(cls, item: Item) -> Self:
        """Of an item."""
        merchant, bill, receipt = word(item.merchant), word(item.bill), bytes.fromhex(item.receipt[2:])
        count = len(item.spends)
        head = merchant + _SPENDS_BEGIN + bill + receipt + word(item.channel) + word(item.deadline)
        spends = b"".join([word(one.voucher) + word(one.amount) + word(one.sequence) for one in item.spends])
        signature_begins = word(_SPENDS - WORD + _SPEND * count)
        words = head + signature_begins + word(count) + spends + counted_bytes(item.signature)
        return cls(words, item.consent)

    def item(self) -> Item:
        """The item that they are of."""
        words, spends = self.words, self.spend_words
        end = _SPENDS + len(spends)
        size = _number(words, end)
        return Item(
            spends=tuple(
                Spend(
                    VoucherId(_number(spends, at)), Amount(_number(spends, at + WORD)), _number(spends, at + 2 * WORD)
                )
                for at in range(0, len(spends), _SPEND)
            ),
            merchant=MerchantId(_number(words, 0)),
            bill=Amount(_number(words, _BILL)),
            receipt=Hash("0x" + self.receipt_bytes.hex()),
            channel=_number(words, _CHANNEL),
            deadline=UnixSeconds(_number(words, _DEADLINE)),
            signature=words[end + WORD : end + WORD + size],
            consent=self.consent,
        )

    @property
    def abi(self) -> bytes:
        """`Item` of contracts/types/Redemption.sol alone."""
        return self.words[WORD:]

    @property
    def merchant_word(self) -> bytes:
        """Its merchant."""
        return self.words[:WORD]

    @property
    def receipt_bytes(self) -> bytes:
        """Salted hash of the receipt."""
        return self.words[_RECEIPT:_CHANNEL]

    @property
    def spend_words(self) -> bytes:
        """Its spends."""
        return self.words[_SPENDS : _SPENDS + _SPEND * self.voucher_count]

    @property
    def voucher_count(self) -> int:
        """How many vouchers it spends."""
        return _number(self.words, _COUNT)

    @property
    def first_voucher_word(self) -> bytes:
        """The first of them; of no meaning where there is none."""
        return self.words[_SPENDS : _SPENDS + WORD]

    @property
    def vouchers(self) -> list[VoucherId]:
        """All of them."""
        spends = self.spend_words
        return [VoucherId(_number(spends, at)) for at in range(0, len(spends), _SPEND)]


@dataclass(frozen=True, slots=True)
class ItemGroup:
    """Items of one merchant in a call, with the terminal that answers for them if there is one."""

    merchant: MerchantId
    items: tuple[ItemWords, ...]
    seal: TerminalSeal | None = None

    @classmethod
    def of(cls, merchant: MerchantId, items: Iterable[Item], seal: TerminalSeal | None = None) -> Self:
        """Of items."""
        return cls(merchant, tuple(map(ItemWords.of, items)), seal)


def _number(words: bytes, at: int) -> int:
    return int.from_bytes(words[at : at + WORD])
