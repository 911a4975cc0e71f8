"""The clock of a replay: the chain's, with the certainty that what was done to prepare a moment is not lost in a crash."""

from __future__ import annotations

import time
from pathlib import Path

from node_api.chain.clock import ChainClock
from node_api.chain.follower import head_of
from node_api.chain.kept_blocks import KEPT_SECONDS, is_kept
from node_api.chain.rpc import RpcClient
from node_api.chain.rpc_errors import RpcError
from node_api.chain.sender import TxHash, receipt_of
from node_api.chain.wanted_time import keep_wanted_time
from node_api.domain.errors import ChainUnavailable
from node_api.domain.ids import Hash

_PAST = "lower than previous"
_LOOK_SECONDS = 0.5


class ReplayClock(ChainClock):
    """Implements `PlayerClock`."""

    def __init__(self, rpc: RpcClient, folder: Path | None) -> None:
        """Takes the chain, and the embedded chain's folder where it is the embedded one."""
        super().__init__(rpc)
        self._folder = folder
        self._answered: Hash | None = None

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
        if self._answered is not None:
            self._await(self._answered)
        if self.last_block_time() < timestamp and self.reach(timestamp):
            self._rpc.call("evm_mine")
            head = head_of(self._rpc)
            if not self.keeps(head.number, Hash(head.hash)):
                raise ChainUnavailable(f"a crash of the chain took block {head.number:,}, which nobody sends again")

    def answered(self, transaction: Hash) -> None:
        """See the port."""
        self._answered = transaction

    def keeps(self, block: int, block_hash: Hash) -> bool:
        """See the port."""
        return self._folder is None or is_kept(self._rpc, self._folder, block, block_hash)

    def _await(self, transaction: Hash) -> None:
        """Waits until a crash cannot take the transaction any more; as long as its sender may need to send it again."""
        deadline = time.monotonic() + KEPT_SECONDS
        while time.monotonic() < deadline:
            receipt = receipt_of(self._rpc, TxHash(transaction))
            if receipt is not None and self.keeps(receipt.block, Hash(receipt.block_hash)):
                break
            time.sleep(_LOOK_SECONDS)
