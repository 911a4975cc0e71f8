"""
counted
├── one, none, many → singular, plural, plural; thousands are separated
└── a plural that is made otherwise → is the one given
"""

from __future__ import annotations

import pytest

from node_api.domain.printable import counted


@pytest.mark.parametrize(
    ("number", "told"),
    [(0, "0 faults"), (1, "1 fault"), (2, "2 faults"), (1_000, "1,000 faults"), (1_001, "1,001 faults")],
)
def test_counted__by_an_s__agrees_with_its_number(number: int, told: str) -> None:
    assert counted(number, "fault") == told


def test_counted__otherwise__is_as_given() -> None:
    assert [counted(number, "person", "people") for number in (1, 2)] == ["1 person", "2 people"]
