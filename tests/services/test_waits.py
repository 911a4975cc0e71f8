"""How long to wait for a block: steadily at first, then ever longer, never above the longest, after however many looks.

Where calls make blocks, what they need is learnt: by their gas, from the fastest of the last ones.
"""

from itertools import pairwise

import pytest

from node_api.services.waits import Pace, pause


def test_pause__at_first__is_steady() -> None:
    assert {pause(looks) for looks in range(1, 17)} == {0.002}


def test_pause__after_that__grows_to_the_longest() -> None:
    assert pause(17) == pytest.approx(0.003)
    assert all(earlier <= later for earlier, later in pairwise(map(pause, range(1, 60))))


@pytest.mark.parametrize("looks", [27, 60, 2_000, 10**9])
def test_pause__after_many_looks__is_the_longest(looks: int) -> None:
    assert pause(looks) == 0.1


def test_pace__before_any_call__needs_nothing() -> None:
    assert Pace().needed(1_000_000) == 0


def test_pace__of_calls__is_a_little_less_than_the_fastest_took() -> None:
    pace = Pace()
    pace.note(1_000, 0.5)
    pace.note(2_000, 0.02)
    assert pace.needed(1_000) == pytest.approx(0.7 * 0.01)


def test_pace__a_fast_call_long_ago__is_forgotten() -> None:
    pace = Pace()
    for seconds in (0.001, *[0.01] * 8):
        pace.note(1_000, seconds)
    assert pace.needed(1_000) == pytest.approx(0.7 * 0.01)


def test_pace__much_gas_after_slow_calls__is_looked_for_soon_all_the_same() -> None:
    pace = Pace()
    pace.note(1, 5.0)
    assert pace.needed(1_000_000) == 0.05
