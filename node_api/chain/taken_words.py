"""What was taken from percentages and stored value, read from their words, pair by pair."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from node_api.chain import words as w
from node_api.domain.ids import NOTHING, Amount, BatchId, Place, RollId, voucher_id
from node_api.domain.models import VoucherKind

Read = Callable[[str, Sequence[int]], Sequence[int]]
Pair = tuple[BatchId, RollId]
_REVOKED = 2  # overlay
_WORD_BITS = 256


class Taken(NamedTuple):
    """Of a pair's vouchers: what was redeemed in all, and of those neither used up nor revoked; how many of stored value are
    booked, and what of them.
    """

    every: Amount
    still_open: Amount
    booked: int
    set_aside: Amount


NOTHING_TAKEN = Taken(NOTHING, NOTHING, 0, NOTHING)


def taken_of(
    pairs: Sequence[Pair], kinds: Mapping[BatchId, int], places: Mapping[RollId, int], read: Read
) -> dict[Pair, Taken]:
    """Of the pairs that are no fixed values. A percentage has a word once it is redeemed, stored value from its first part on."""
    wanted = [pair for pair in pairs if kinds[pair[0]] != VoucherKind.FIXED]
    if not wanted:
        return {}
    vouchers = [(pair, voucher_id(*pair, Place(place))) for pair in wanted for place in range(places[pair[1]])]
    keys = sorted({voucher >> 8 for _, voucher in vouchers})
    used = dict(zip(keys, read("_redeemed", keys), strict=True))
    revoked = dict(zip(keys, read("_overlays", [_REVOKED << 64 | key for key in keys]), strict=True))
    words = read("_stored", [voucher for _, voucher in vouchers])
    sums = {pair: [0, 0, 0, 0] for pair in wanted}
    for (pair, voucher), word in zip(vouchers, words, strict=True):
        amount, booked = w.field(word, 0, 64), w.field(word, 64, 64)
        closed = (used[voucher >> 8] | revoked[voucher >> 8]) >> voucher % _WORD_BITS & 1
        for at, more in enumerate((amount, 0 if closed else amount, 1 if booked else 0, booked)):
            sums[pair][at] += more
    return {
        pair: Taken(Amount(every), Amount(left), booked, Amount(aside))
        for pair, (every, left, booked, aside) in sums.items()
    }
