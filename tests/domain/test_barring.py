"""When the addresses of barred people are frozen.

schedule
├── with the same seed → the same; with another one → other times
├── spread → each within its time, with an end of its own up to a day before the one asked for, in the order of the times
├── at once → all due at the beginning, until the end asked for
└── less than ten minutes a freeze, or an end before the last one → refused
"""

import pytest

from node_api.domain.barring import DAY_EARLIER, LEAST_SPREAD, Bar, SpreadTooNarrow, schedule
from node_api.domain.ids import Address, ProgrammeId, UnixSeconds

BEGIN, HOURS = UnixSeconds(1_000_000), 3_600
UNTIL = UnixSeconds(BEGIN + 20 * 86_400)
ADDRESSES = [(ProgrammeId(number), Address(f"0x{number:040x}")) for number in range(1, 13)]


def planned(seed: int = 1, spread: int = 48 * HOURS, until: UnixSeconds = UNTIL) -> list[Bar]:
    return schedule(ADDRESSES, begin=BEGIN, spread=spread, until=until, seed=bytes([seed]) * 32)


def test_schedule__same_seed__is_the_same() -> None:
    assert planned() == planned()
    assert planned() != planned(seed=2)


def test_schedule__spread__gives_each_a_time_and_an_end_of_its_own() -> None:
    bars = planned()
    assert sorted((bar.programme, bar.holder) for bar in bars) == ADDRESSES
    assert [bar.due for bar in bars] == sorted({bar.due for bar in bars})
    assert all(BEGIN <= bar.due <= BEGIN + 48 * HOURS for bar in bars)
    assert len({bar.until for bar in bars}) == len(bars)
    assert all(UNTIL - DAY_EARLIER <= bar.until <= UNTIL for bar in bars)
    assert bars[-1].due - bars[0].due > 12 * HOURS


def test_schedule__at_once__is_due_at_the_beginning() -> None:
    assert {(bar.due, bar.until) for bar in planned(spread=0)} == {(BEGIN, UNTIL)}


def test_schedule__too_narrow__is_refused() -> None:
    least = LEAST_SPREAD * len(ADDRESSES)
    assert len(planned(spread=least)) == len(ADDRESSES)
    with pytest.raises(SpreadTooNarrow, match="at least 7,200 seconds"):
        planned(spread=least - 1)


def test_schedule__end_before_the_last__is_refused() -> None:
    assert planned(spread=24 * HOURS, until=UnixSeconds(BEGIN + 48 * HOURS + 1))
    with pytest.raises(SpreadTooNarrow, match="the end asked for"):
        planned(spread=24 * HOURS, until=UnixSeconds(BEGIN + 48 * HOURS))
