"""The local calendar, beside `Calendar.sol` (tests/contracts/Libraries.t.sol has the same days).

month_of
└── at month ends, 29 February, year ends and in a year of a century → the month
local_day
├── east and west of UTC: the day changes at local midnight
└── at a month's end: the zone decides the month
"""

from datetime import UTC, date, datetime

import pytest

from node_api.domain.calendar import local_day, month_of
from node_api.domain.ids import Day, UnixSeconds


@pytest.mark.parametrize(
    ("day", "of", "month"),
    [
        (19_781, date(2024, 2, 28), 24_289),
        (19_782, date(2024, 2, 29), 24_289),
        (19_783, date(2024, 3, 1), 24_290),
        (20_453, date(2025, 12, 31), 24_311),
        (20_454, date(2026, 1, 1), 24_312),
        (47_540, date(2100, 2, 28), 25_201),
        (47_541, date(2100, 3, 1), 25_202),
    ],
)
def test_month_of__a_day_at_an_edge__is_its_month(day: int, of: date, month: int) -> None:
    assert (of - date(1970, 1, 1)).days == day
    assert month_of(Day(day)) == month


@pytest.mark.parametrize(("offset", "hour"), [(480, 16), (0, 0), (-300, 5), (840, 10), (-840, 14)])
def test_local_day__at_local_midnight__changes(offset: int, hour: int) -> None:
    day = 31 if offset > 0 else 1
    month = 1 if offset > 0 else 2
    midnight = int(datetime(2026, month, day, hour, tzinfo=UTC).timestamp())
    first = local_day(UnixSeconds(midnight), offset)
    assert first == (date(2026, 2, 1) - date(1970, 1, 1)).days
    assert local_day(UnixSeconds(midnight - 1), offset) == first - 1
    assert month_of(Day(first)) == month_of(Day(first - 1)) + 1
