"""How much may be sent between two blocks of a chain that makes them by the clock."""

from __future__ import annotations

import time


class BlockRoom:
    """Gas of one block after another. Used by one thread."""

    def __init__(self, gas: int | None = None, hold_seconds: float = 0.0) -> None:
        """As before the first block.

        Args:
            gas: about as much is sent between two blocks; what one call was too much, the next block has the less. None: any.
            hold_seconds: for so long after a block's time nothing is sent, so that only who it is sent to has it by the next one.
        """
        self._gas, self._hold = gas, hold_seconds
        self._height: int | None = None
        self._spent = 0
        self._held_until = 0.0

    def grown(self, height: int | None, made_at: float) -> bool:
        """Takes the height of the chain, None where calls make its blocks, and its block's time; says whether it is a new one."""
        if height == self._height:
            return False
        self._height, self._spent = height, max(0, self._spent - (self._gas or 0))
        left = min(self._hold, made_at + self._hold - time.time())
        self._held_until = time.monotonic() + left if left > 0 else 0.0
        return True

    def spend(self, gas: int) -> None:
        """Takes note that a call of so much gas was sent."""
        self._spent += gas

    def clear(self) -> None:
        """Takes note that all that was sent is in blocks: nobody has anything to do."""
        self._spent, self._held_until = 0, 0.0

    def is_open(self) -> bool:
        """Whether another call may be made."""
        return self._gas is None or self._spent < self._gas

    def held_seconds(self) -> float:
        """How long nothing is to be sent yet."""
        return max(0.0, self._held_until - time.monotonic())

    def has_reopened(self) -> bool:
        """Whether that time has ended since this was asked last: what was too small a call before may be sent now."""
        if not self._held_until or self.held_seconds():
            return False
        self._held_until = 0.0
        return True

    def until_reopened(self, seconds: float) -> float:
        """So many seconds, or fewer where that time ends before."""
        return min(seconds, self.held_seconds() or seconds)

    def is_worth_filling(self, *, busy: bool) -> bool:
        """Whether a small call may wait for more: while others are in flight, who are `busy`, and until it can be sent."""
        return busy and (self._gas is None or self._spent > 0 or self.held_seconds() > 0)
