"""The clock of a replay: the chain's, with the certainty that what was done to prepare a moment is not lost in a crash."""

from __future__ import annotations

from pathlib import Path

from node_api.chain.block_journal import wait_until_journaled
from node_api.chain.clock import ChainClock
from node_api.chain.rpc import RpcClient
from node_api.chain.rpc_errors import RpcError
from node_api.chain.wanted_time import keep_wanted_time

_PAST = "lower than previous"
# A killed chain is back by then, and its senders have sent again what it lost.
_RESTART_SECONDS = 30.0


class ReplayClock(ChainClock):
    """Implements `PlayerClock`."""

    def __init__(self, rpc: RpcClient, folder: Path | None) -> None:
        """Takes the chain, and the embedded chain's folder where it is the embedded one."""
        super().__init__(rpc)
        self._folder = folder
        self._answered = 0

    def reach(self, timestamp: int) -> bool:
        """See the port. One question a call: a replay asks it for every code."""
        if self._folder is not None:
            keep_wanted_time(self._folder, timestamp)
        try:
            self._rpc.call("evm_setNextBlockTimestamp", [hex(timestamp)])
        except RpcError as error:
            if _PAST in error.message:
                return False
            raise
        return True

    def arrive(self, timestamp: int) -> None:
        """See the port."""
        self.settle(self._answered)
        if self.last_block_time() < timestamp and self.reach(timestamp):
            self._rpc.call("evm_mine")

    def answered(self, block: int) -> None:
        """See the port."""
        self._answered = max(self._answered, block)

    def settle(self, block: int) -> None:
        """See the port."""
        if self._folder is not None:
            wait_until_journaled(self._folder, block, _RESTART_SECONDS)
