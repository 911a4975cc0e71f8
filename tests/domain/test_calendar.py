"""The local calendar, beside `Calendar.sol` (tests/contracts/Libraries.t.sol has the same days).

month_of
└── at month ends, 29 February, year ends and in a year of a century → the month
local_day
├── east and west of UTC: the day changes at local midnight
└── at a month's end: the zone decides the month
table of the rules' cases at the calendar's edges (test_rules_parity.py and Rules.t.sol judge them)
├── each case's second is its local time
└── month ends, 29 February, year ends, zones east, west and off the hour: each is tried by limits of days and months, and lapses
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from node_api.domain.calendar import local_day, month_of
from node_api.domain.ids import Day, UnixSeconds
from tests.domain.rule_cases import RuleCase, rule_cases

CASES = rule_cases("calendar.json")


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


def local_time(case: RuleCase) -> datetime:
    return datetime.strptime(case.local, "%Y-%m-%d %H:%M:%S %z")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_table__its_local_time__is_its_second_in_its_zone(case: RuleCase) -> None:
    local, offset = local_time(case), local_time(case).utcoffset()
    assert case.given["now"] == int(local.timestamp())
    east, west = (case.given.get(key, case.world[key]) for key in ("utcOffset", "offsetWest"))
    assert isinstance(east, int)
    assert isinstance(west, int)
    assert offset == timedelta(minutes=east - west)


def last_second(month: int, day: int) -> Callable[[datetime], bool]:
    return lambda at: (at.month, at.day, at.hour, at.minute, at.second) == (month, day, 23, 59, 59)


@pytest.mark.parametrize("rule", ["day limit", "month limit", "lapse"])
@pytest.mark.parametrize(
    "edge",
    [
        pytest.param(last_second(1, 31), id="January's end"),
        pytest.param(last_second(2, 29), id="29 February"),
        pytest.param(last_second(12, 31), id="the year's end"),
        pytest.param(lambda at: at.utcoffset() > timedelta(hours=1), id="east"),
        pytest.param(lambda at: at.utcoffset() < timedelta(0), id="west"),
        pytest.param(lambda at: at.utcoffset() % timedelta(hours=1), id="off the hour"),
    ],
)
def test_table__an_edge__is_tried_with_both_outcomes(rule: str, edge: Callable[[datetime], bool]) -> None:
    tried = [case for case in CASES if case.rule == rule]
    at_edge = [case for case in tried if edge(local_time(case)) or edge(local_time(case) - timedelta(seconds=1))]
    assert {case.expect == "accepted" for case in at_edge} == {True, False}
