"""How long to wait for a block: steadily at first, then ever longer, never above the longest, after however many looks."""

from itertools import pairwise

import pytest

from node_api.services.waits import pause


def test_pause__at_first__is_steady() -> None:
    assert {pause(looks) for looks in range(1, 17)} == {0.002}


def test_pause__after_that__grows_to_the_longest() -> None:
    assert pause(17) == pytest.approx(0.003)
    assert all(earlier <= later for earlier, later in pairwise(map(pause, range(1, 60))))


@pytest.mark.parametrize("looks", [27, 60, 2_000, 10**9])
def test_pause__after_many_looks__is_the_longest(looks: int) -> None:
    assert pause(looks) == 0.1
