"""A programme's local calendar: days counted from 1970-01-01, months as the contracts count them."""

from __future__ import annotations

from datetime import date, timedelta

from node_api.domain.ids import Day, UnixSeconds

SECONDS_OF_A_DAY = 86_400
_EPOCH = date(1970, 1, 1)


def local_day(time: UnixSeconds, utc_offset_minutes: int) -> Day:
    """The local calendar day of a time. `time` lies after 1970-01-02."""
    return Day((time + utc_offset_minutes * 60) // SECONDS_OF_A_DAY)


def month_of(day: Day) -> int:
    """The month of a day, as `year * 12 + month - 1`: 24,311 is December 2025."""
    found = _EPOCH + timedelta(days=day)
    return found.year * 12 + found.month - 1
