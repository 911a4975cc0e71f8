"""How much may be sent between two blocks of a chain that makes them by the clock."""

from __future__ import annotations

import time


class BlockRoom:
    """Gas of one block after another. Used by one thread."""

    def __init__(self, gas: int | None = None, hold_seconds: float = 0.0) -> None:
        """As before the first block.

        Args:
            gas: about as much is sent between two blocks; what one call was too much, the next block has the less. None: any.
            hold_seconds: for so long after a block nothing is sent, so that only who it is sent to has it by the next one.
        """
        self._gas, self._hold = gas, hold_seconds
        self._height: int | None = None
        self._spent = 0
        self._held_until = 0.0

    def grown(self, height: int | None) -> bool:
        """Takes the chain's height, None where calls make its blocks; says whether it is another than before."""
        if height == self._height:
            return False
        self._height, self._spent = height, max(0, self._spent - (self._gas or 0))
        self._held_until = time.monotonic() + self._hold
        return True

    def spend(self, gas: int) -> None:
        """Takes note that a call of so much gas was sent."""
        self._spent += gas

    def clear(self) -> None:
        """Takes note that all that was sent is in blocks: nobody has anything to do."""
        self._spent, self._held_until = 0, 0.0

    def is_open(self) -> bool:
        """Whether another call may be sent."""
        return (self._gas is None or self._spent < self._gas) and time.monotonic() >= self._held_until

    def is_worth_filling(self, *, busy: bool) -> bool:
        """Whether a small call may wait for more: for the next block, or with any gas for those in flight, who are `busy`."""
        return busy if self._gas is None else self._spent > 0
