"""How much may be sent between two blocks.

is_open
├── with any gas ......................... always
├── until a block's gas is spent ......... what is beyond it, the next block has the less
├── for some seconds after a block ....... not
└── when all that was sent is in blocks .. at once
is_worth_filling
├── with any gas ......................... while calls are in flight
└── with a block's ....................... while something was sent for this block
"""

from __future__ import annotations

import pytest

from node_api.services.block_room import BlockRoom


def test_is_open__with_any_gas__then_always() -> None:
    room = BlockRoom()
    room.spend(10**12)
    assert room.is_open()
    assert room.grown(7)
    assert room.is_open()


def test_is_open__until_a_blocks_gas_is_spent__then_the_next_has_the_less() -> None:
    room = BlockRoom(30)
    room.spend(29)
    assert room.is_open()
    room.spend(20)
    assert not room.is_open()
    assert (room.grown(1), room.grown(1)) == (True, False)
    room.spend(10)
    assert room.is_open()
    room.spend(1)
    assert not room.is_open()


def test_is_open__for_some_seconds_after_a_block__then_not(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    room = BlockRoom(30, 0.5)
    assert room.is_open()
    room.grown(1)
    now = 100.25
    assert not room.is_open()
    now = 100.5
    assert room.is_open()


def test_is_open__when_all_is_in_blocks__then_at_once() -> None:
    room = BlockRoom(30, 3_600)
    room.grown(1)
    room.spend(50)
    assert not room.is_open()
    room.clear()
    assert room.is_open()


@pytest.mark.parametrize("busy", [True, False])
def test_is_worth_filling__then_by_what_was_sent_for_this_block(busy: bool) -> None:
    assert BlockRoom().is_worth_filling(busy=busy) is busy
    room = BlockRoom(30)
    assert not room.is_worth_filling(busy=busy)
    room.spend(40)
    assert room.is_worth_filling(busy=busy)
    room.grown(1)
    assert room.is_worth_filling(busy=busy)
    room.grown(2)
    assert not room.is_worth_filling(busy=busy)
