"""Ways of passing a limit that a programme switches on; shaped like those of `breakages`.

Each happens in a programme of its own that is added, where nothing but that limit says no.
"""

from collections.abc import Callable

from node_api.domain.calendar import local_day, month_of
from node_api.domain.ids import Day, UnixSeconds
from node_api.domain.importing.rows import BatchRow
from node_api.loaders.spoil.added import Added
from node_api.loaders.spoil.codes import Draft
from node_api.loaders.spoil.spoiled import SpoiledCode
from node_api.loaders.spoil.stock import CannotSpoil, Stock

_TRIES = 200
_REACHES = (31 * 86_400, 7 * 86_400, 86_400, 3_600, 60)
"""Seconds ahead within which a later moment is drawn, the farthest first."""


def no_consent(stock: Stock, added: Added, _n: int) -> list[SpoiledCode]:
    """Two vouchers whose sum is above the threshold, and no attestor consented."""
    return [_two_vouchers(stock, added.programmes["step-up"].batch).code(stock, "consent missing", "ConsentMissing")]


def redemption_limit(stock: Stock, added: Added, _n: int) -> list[SpoiledCode]:
    """Two vouchers in one code where one is the most."""
    draft = _two_vouchers(stock, added.programmes["redemption-limit"].batch)
    return [draft.code(stock, "limit of a redemption", "RedemptionLimitPassed")]


def day_limit(stock: Stock, added: Added, _n: int) -> list[SpoiledCode]:
    """A second voucher on the holder's local day."""
    batch = added.programmes["day-limit"].batch
    return _twice(stock, batch, lambda day: day, "limit of a day", "DayLimitPassed")


def month_limit(stock: Stock, added: Added, _n: int) -> list[SpoiledCode]:
    """A second voucher in the holder's local month."""
    batch = added.programmes["month-limit"].batch
    return _twice(stock, batch, month_of, "limit of a month", "MonthLimitPassed")


def not_first(stock: Stock, added: Added, _n: int) -> list[SpoiledCode]:
    """A second voucher of a holder, at any time."""
    batch = added.programmes["first-only"].batch
    return _twice(stock, batch, lambda _: 0, "not the first redemption", "NotFirstRedemption")


def merchant_limit(stock: Stock, added: Added, _n: int) -> list[SpoiledCode]:
    """Another holder's voucher at a merchant that reached its limit that day."""
    batch = added.programmes["merchant-limit"].batch
    for _ in range(_TRIES):
        sale = stock.sale_of(batch)
        day = _day(stock, batch, sale.at)
        later = _later(stock, batch, sale.at, lambda at: _day(stock, batch, at))
        if (sale.merchant.ref, day) in stock.busy_days or later is None:
            continue
        stock.busy_days.add((sale.merchant.ref, day))
        first, second = Draft.of(stock, sale), Draft.of(stock, sale)
        second.at = later
        return [
            first.code(stock, "the merchant's limit is reached by it", ""),
            second.code(stock, "limit of a merchant", "MerchantLimitPassed"),
        ]
    raise CannotSpoil("too few merchants and days for the merchant's limit")


def terminal_limit(stock: Stock, added: Added, _n: int) -> list[SpoiledCode]:
    """More than the terminal may redeem in a day."""
    draft = Draft.of(stock, stock.sale(lambda batch: batch.face_value > 1, merchants=(added.capped,)))
    draft.more["terminal"] = added.capped.terminals[0]
    return [draft.code(stock, "limit of a terminal", "TerminalLimitPassed")]


def _two_vouchers(stock: Stock, batch: BatchRow) -> Draft:
    draft = Draft.of(stock, stock.sale_of(batch))
    draft.spends.append((batch, stock.voucher(batch, stock.holder(draft.spends[0][1]))))
    draft.items = stock.good_items((batch, batch))
    return draft


def _twice(stock: Stock, batch: BatchRow, period: Callable[[Day], int], kind: str, reason: str) -> list[SpoiledCode]:
    """A sound redemption, and another of the same holder in the same period."""
    for _ in range(_TRIES):
        sale = stock.sale_of(batch)
        later = _later(stock, batch, sale.at, lambda at: period(_day(stock, batch, at)))
        if later is None:
            continue
        first = Draft.of(stock, sale)
        again = Draft.of(stock, stock.sale_of(batch), stock.holder(first.spends[0][1]))
        again.at = later
        return [first.code(stock, f"it reaches the {kind}", ""), again.code(stock, kind, reason)]
    raise CannotSpoil(f"no two moments within one {kind}")


def _day(stock: Stock, batch: BatchRow, at: int) -> Day:
    return local_day(UnixSeconds(at), stock.programme(batch).utc_offset_minutes)


def _later(stock: Stock, batch: BatchRow, at: int, period: Callable[[int], int]) -> int | None:
    """A later moment of the same period; None where a few draws find none."""
    ends = min(batch.valid_until, stock.end)
    drawn = (stock.random.randrange(at + 1, min(ends, at + reach)) for reach in _REACHES if at + 1 < ends)
    return next((moment for moment in drawn if period(moment) == period(at)), None)
