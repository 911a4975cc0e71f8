"""The chain's clock: what time the next block gets, and on the embedded chain, moving it. Never backwards."""

from __future__ import annotations

import time

from node_api.chain.follower import head_of
from node_api.chain.rpc import RpcClient
from node_api.chain.rpc_errors import ChainError
from node_api.chain.rpc_values import text


class ClockFixed(ChainError):
    """The chain keeps real time: its clock cannot be moved."""


class ClockBackwards(ChainError):
    """The time asked for lies before the newest block."""


class ChainClock:
    """Reads and moves block time. Times are Unix seconds."""

    def __init__(self, rpc: RpcClient) -> None:
        self._rpc = rpc
        self._movable: bool | None = None

    def movable(self) -> bool:
        """Whether this engine can move its clock."""
        if self._movable is None:
            self._movable = text(self._rpc.call("web3_clientVersion")).lower().startswith("anvil/")
        return self._movable

    def last_block_time(self) -> int:
        """Block time of the newest block."""
        return head_of(self._rpc).timestamp

    def set_next_block(self, timestamp: int) -> None:
        """Gives the next block this time; later blocks go on from there in real time.

        Only call it when every transaction sent before has its receipt: mining is asynchronous, and the time goes
        to whatever block comes next. The newest block's own time is allowed.

        Raises:
            ClockBackwards: it lies before the newest block.
            ClockFixed: the engine cannot do it.
        """
        self._require_movable_to(timestamp)
        self._rpc.call("evm_setNextBlockTimestamp", [hex(timestamp)])

    def jump_to(self, timestamp: int) -> None:
        """Moves the clock and mines an empty block at that time, so that a restart finds the clock there.

        Raises: as `set_next_block`.
        """
        self.set_next_block(timestamp)
        self._rpc.call("evm_mine")

    def join_real_time(self) -> int:
        """Moves the clock to real time where it is behind, to stay with it from now on; returns the block time.

        A clock ahead of real time stays where it is.
        """
        now = int(time.time())
        last = self.last_block_time()
        if last < now:
            self.jump_to(now)
        return max(last, now)

    def _require_movable_to(self, timestamp: int) -> None:
        if not self.movable():
            raise ClockFixed("this chain's clock cannot be moved: only the embedded chain's can")
        last = self.last_block_time()
        if timestamp < last:
            raise ClockBackwards(f"the next block cannot be at {timestamp}: the newest block is at {last}")
