"""The clock of a replay: the chain's, with the certainty that what was done to prepare a moment is not lost in a crash."""

from __future__ import annotations

import time
from pathlib import Path

from node_api.chain.block_journal import read_blocks, segment_bases
from node_api.chain.clock import ChainClock
from node_api.chain.rpc import RpcClient
from node_api.chain.rpc_errors import RpcError
from node_api.chain.wanted_time import keep_wanted_time

_PATIENCE_SECONDS = 2.0
_LOOK_EVERY = 0.005
_PAST = "lower than previous"


class ReplayClock(ChainClock):
    """Implements `PlayerClock`."""

    def __init__(self, rpc: RpcClient, folder: Path | None) -> None:
        """Takes the chain, and the embedded chain's folder where it is the embedded one."""
        super().__init__(rpc)
        self._folder = folder

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

    def settle(self, block: int) -> None:
        """See the port. The supervisor writes blocks down within some 25 ms; on a loaded machine it may take longer."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while self._folder is not None and not _is_kept(self._folder, block) and time.monotonic() < deadline:
            time.sleep(_LOOK_EVERY)


def _is_kept(folder: Path, block: int) -> bool:
    bases = segment_bases(folder)
    if not bases:
        return False
    return bases[-1] >= block or any(entry.number >= block for entry in read_blocks(folder, bases[-1]))
