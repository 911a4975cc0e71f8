"""How much may be sent between two blocks.

is_open
├── with any gas ......................... always
├── until a block's gas is spent ......... what is beyond it, the next block has the less
└── when all that was sent is in blocks .. at once
held_seconds
├── after a block ........................ for some seconds; their end is told once
└── when all that was sent is in blocks .. none
is_worth_filling
├── while no call is in flight ........... not
├── with any gas ......................... while calls are in flight
└── with a block's ....................... while something was sent for this block, or nothing may be sent yet
"""

from __future__ import annotations

import pytest

from node_api.services.block_room import BlockRoom

LATE = float("inf")
"""Time of a block that was just made, whatever the clock says."""


def test_is_open__with_any_gas__then_always() -> None:
    room = BlockRoom()
    room.spend(10**12)
    assert room.is_open()
    assert room.grown(7, LATE)
    assert room.is_open()


def test_is_open__until_a_blocks_gas_is_spent__then_the_next_has_the_less() -> None:
    room = BlockRoom(30)
    room.spend(29)
    assert room.is_open()
    room.spend(20)
    assert not room.is_open()
    assert (room.grown(1, LATE), room.grown(1, LATE)) == (True, False)
    room.spend(10)
    assert room.is_open()
    room.spend(1)
    assert not room.is_open()


def test_is_open__when_all_is_in_blocks__then_at_once() -> None:
    room = BlockRoom(30)
    room.grown(1, LATE)
    room.spend(50)
    assert not room.is_open()
    room.clear()
    assert room.is_open()


def test_held_seconds__after_a_block__then_their_end_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    room = BlockRoom(30, 0.5)
    assert (room.held_seconds(), room.has_reopened(), room.until_reopened(9.0)) == (0.0, False, 9.0)
    room.grown(1, LATE)
    now = 100.25
    assert (room.held_seconds(), room.has_reopened()) == (0.25, False)
    assert (room.until_reopened(0.25), room.until_reopened(0.125), room.until_reopened(9.0)) == (0.25, 0.125, 0.25)
    now = 100.5
    assert (room.held_seconds(), room.has_reopened(), room.has_reopened()) == (0.0, True, False)


def test_held_seconds__when_all_is_in_blocks__then_none() -> None:
    room = BlockRoom(30, 3_600.0)
    room.grown(1, LATE)
    assert room.held_seconds() > 0
    assert room.is_worth_filling(busy=True)
    room.clear()
    assert not room.held_seconds()
    assert not room.is_worth_filling(busy=True)


def test_is_worth_filling__while_calls_are_in_flight__then_by_what_was_sent_for_this_block() -> None:
    assert BlockRoom().is_worth_filling(busy=True)
    room = BlockRoom(30)
    assert not room.is_worth_filling(busy=True)
    room.spend(40)
    assert room.is_worth_filling(busy=True)
    room.grown(1, LATE)
    assert room.is_worth_filling(busy=True)
    room.grown(2, LATE)
    assert not room.is_worth_filling(busy=True)


def test_is_worth_filling__while_none_is_in_flight__then_not() -> None:
    assert not BlockRoom().is_worth_filling(busy=False)
    room = BlockRoom(30, 3_600.0)
    room.grown(1, LATE)
    room.spend(10)
    assert room.is_worth_filling(busy=True)
    assert not room.is_worth_filling(busy=False)
