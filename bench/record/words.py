"""What a chain's storage holds once the redemptions of a tail are in it: redeemed bits, days, ledger words of the lines."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from bench.record.folder import LINES, line_of
from bench.record.tail import Tail
from node_api.chain import words as w
from node_api.domain.ids import LineId, ProgrammeId, line_id

_DAY = 86_400


def slots_after(tail: Tail, programme: ProgrammeId, offset: int, lines: dict[LineId, int]) -> dict[str, int]:
    """The words of `Vouchers` that the tail changes, by slot; all but those of the lines were empty before.

    Args:
        tail: the redemptions.
        programme: theirs.
        offset: seconds to add to a time to have the programme's local time.
        lines: each line's ledger word before.
    """
    bits, days = defaultdict[int, int](int), defaultdict[int, int](int)
    sums = defaultdict[LineId, int](int)
    under = {batch: line_id(programme, line_of(batch)) for batch in range(1, 1 << 8)}
    for number in range(tail.base.number + 1, tail.head + 1):
        day = (tail.header(number).timestamp + offset) // _DAY
        for one in (one for call in tail.calls(number) for one in call):
            line = under[(one.voucher >> 35) - tail.first_batch + 1]
            bits[one.voucher >> 8] |= 1 << (one.voucher & 255)
            days[w.day_key(line, one.merchant, day)] += one.amount | 1 << 168
            sums[line] += one.amount | 1 << 128
    return {
        **_slots("_redeemed", bits.items()),
        **_slots("_days", days.items()),
        **_slots("_lines", ((line, _spent(word, sums[line])) for line, word in lines.items())),
    }


def _spent(word: int, gone: int) -> int:
    """A line's word after so much (amount, and above it a count) went from committed to payable."""
    amount, count = gone & (1 << 64) - 1, gone >> 128
    return word - amount + (amount << 64) - (count << 128) + (count << 176)


def _slots(label: str, words: Iterable[tuple[int, int]]) -> dict[str, int]:
    slot = w.slot_of("Vouchers", label)
    return {w.mapped(key, slot): word for key, word in words}


def lines_of(programme: ProgrammeId) -> list[LineId]:
    """The folder's lines."""
    return [line_id(programme, number) for number in range(1, LINES + 1)]
