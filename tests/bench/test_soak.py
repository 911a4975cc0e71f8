"""The long run on a network: what counts as taken back, and when a run is as expected.

blocks → a number that has another hash is taken back; the same or a newer one is not; each node for itself; by time
a run → as expected; an operation lost, done twice or refused, a difference, another digest, a cut that cut nothing → not
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.soak.__main__ import Found
from bench.soak.branches import Branches, TakenBack
from bench.soak.cut import Sides

GOOD = Found(
    seconds=1.0,
    operations=3,
    states={"succeeded": 3},
    not_taken={},
    redemptions=3,
    taken_back=2,
    blocks=2,
    deepest=1,
    sides=Sides(1, 2),
    by_the_cut=0,
    stalls=0,
    block=9,
    differences=0,
    digests={"operator": "a", "treasury-validator": "a"},
)


def test_branches__when_a_number_has_another_hash__then_taken_back() -> None:
    branches = Branches()
    branches.note("one", {1: "a", 2: "b"}, 1.0)
    branches.note("one", {1: "a", 2: "b", 3: "c"}, 2.0)
    branches.note("other", {2: "x", 3: "y"}, 2.0)
    assert branches.taken_back == []
    branches.note("one", {2: "x", 3: "y", 4: "z"}, 3.0)
    branches.note("other", {3: "c"}, 4.0)
    assert branches.taken_back == [TakenBack("one", 3.0, ("b", "c")), TakenBack("other", 4.0, ("y",))]


@pytest.mark.parametrize("sides", [Sides(1, 1), None])
def test_run__when_nothing_is_lost__then_as_expected(sides: Sides | None) -> None:
    assert replace(GOOD, sides=sides).as_expected


@pytest.mark.parametrize(
    "changed",
    [
        {"states": {"succeeded": 2, "queued": 1}},
        {"states": {"succeeded": 2, "refused": 1}},
        {"redemptions": 2},
        {"redemptions": 4},
        {"operations": 0, "states": {}, "redemptions": 0},
        {"differences": 1},
        {"digests": {"operator": "a", "treasury-validator": "b"}},
        {"sides": Sides(0, 2)},
        {"sides": Sides(1, 0)},
    ],
)
def test_run__when_something_is_lost_or_differs__then_not_as_expected(changed: dict[str, object]) -> None:
    assert not replace(GOOD, **changed).as_expected  # type: ignore[arg-type]
