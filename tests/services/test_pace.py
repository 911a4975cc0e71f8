"""Whether a chain makes its blocks, and which of them are final.

final → the block on which as many stand as make it so; the newest, where none must; none, where the index holds too few
fault → none up to the bound, beyond it since when nothing became final; never where blocks do not come by the clock
require_moving → refuses only where it is told to, and the chain stands still
finality → seen, confirmed, final, at both sides of each bound
"""

from __future__ import annotations

from typing import cast

import pytest

from node_api.domain.errors import ChainUnavailable
from node_api.domain.events import Header
from node_api.domain.finality import Finality, finality
from node_api.services.pace import ChainPace
from node_api.services.ports.indexing import IndexStore

GENESIS_AT = 1_700_000_000
STILL = 15.0


class Blocks:
    """An index of blocks, one a second."""

    def __init__(self, newest: int | None) -> None:
        self._newest = newest

    def checkpoint(self) -> Header | None:
        return None if self._newest is None else self.header(self._newest)

    def header(self, number: int) -> Header | None:
        return Header(number, b"%d" % number, b"%d" % (number - 1), GENESIS_AT + number) if number >= 0 else None


def pace(
    newest: int | None, deep: int, still: float | None = STILL, *, now: float = 0, refuses: bool = False
) -> ChainPace:
    index = cast("IndexStore", Blocks(newest))
    return ChainPace(index, lambda: deep, still, refuses=refuses, clock=lambda: GENESIS_AT + now)


@pytest.mark.parametrize(("newest", "deep", "number"), [(9, 3, 6), (9, 0, 9), (3, 3, 0), (2, 3, None), (None, 3, None)])
def test_final__by_what_stands_on_it(newest: int | None, deep: int, number: int | None) -> None:
    found = pace(newest, deep).final()
    assert (None if found is None else found.number) == number


def test_fault__beyond_the_bound__tells_since_when() -> None:
    assert pace(9, 3, now=9 + STILL).fault() is None
    assert pace(9, 3, now=10 + STILL).fault() == "no final blocks since 2023-11-14T22:13:26Z (block 6)"
    assert pace(2, 3, now=99).fault() == "no final blocks since 2023-11-14T22:13:22Z (block 2)"
    assert pace(9, 3, None, now=1_000).fault() is None
    assert pace(None, 3, now=1_000).fault() is None


def test_require_moving__only_where_told__refuses() -> None:
    pace(9, 3, now=99).require_moving()
    pace(9, 3, now=9 + STILL, refuses=True).require_moving()
    with pytest.raises(ChainUnavailable, match="no final blocks since"):
        pace(9, 3, now=99, refuses=True).require_moving()


@pytest.mark.parametrize(
    ("on_top", "needed", "found"),
    [
        (0, 3, Finality.SEEN),
        (1, 3, Finality.CONFIRMED),
        (2, 3, Finality.CONFIRMED),
        (3, 3, Finality.FINAL),
        (0, 0, "final"),
    ],
)
def test_finality__both_sides_of_each_bound(on_top: int, needed: int, found: Finality) -> None:
    assert finality(on_top, needed) == found
