"""
a cursor
├── as text → all three parts, whatever they are; reads back as itself
└── from text without its rewinds → takes the one given; a block alone is all of it; anything else is refused, with what one is
"""

from __future__ import annotations

import pytest

from node_api.domain.told import WHOLE_BLOCK, Cursor


@pytest.mark.parametrize(
    ("cursor", "text"),
    [
        (Cursor(109, WHOLE_BLOCK, 0), f"109-{WHOLE_BLOCK}-0"),
        (Cursor(109, 4, 0), "109-4-0"),
        (Cursor(109, WHOLE_BLOCK, 2), f"109-{WHOLE_BLOCK}-2"),
        (Cursor(0, 0, 9), "0-0-9"),
    ],
)
def test_cursor__as_text__says_all_and_reads_back(cursor: Cursor, text: str) -> None:
    assert str(cursor) == text
    assert Cursor.read(text, 7) == cursor


@pytest.mark.parametrize(("text", "log"), [("109", WHOLE_BLOCK), ("109-4", 4)])
def test_cursor__without_its_rewinds__takes_the_one_given(text: str, log: int) -> None:
    assert Cursor.read(text, 7) == Cursor(109, log, 7)


@pytest.mark.parametrize("text", ["", "zz", "-1", "7-", "1-2-3-4", "1 ", "1" * 16])
def test_cursor__from_what_is_none__says_what_one_is(text: str) -> None:
    with pytest.raises(ValueError, match=f"^'{text}' is no place; the rule: .*; what to do: name a block"):
        Cursor.read(text, 0)
