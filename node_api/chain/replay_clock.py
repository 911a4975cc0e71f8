"""The clock of a replay: the chain's, with the certainty that what was done to prepare a moment is not lost in a crash."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

from node_api.chain.block_journal import wait_until_journaled
from node_api.chain.clock import ChainClock
from node_api.chain.follower import head_of
from node_api.chain.rpc import RpcClient
from node_api.chain.rpc_errors import ChainError, RpcError
from node_api.chain.rpc_values import record, text
from node_api.chain.sender import TxHash, receipt_of
from node_api.chain.wanted_time import keep_wanted_time
from node_api.domain.errors import ChainUnavailable
from node_api.domain.ids import Hash

_PAST = "lower than previous"
# A killed chain is back by then, and its senders have sent again what it lost.
_RESTART_SECONDS = 30.0
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
        if self._folder is None:
            return True
        deadline = time.monotonic() + _RESTART_SECONDS
        while time.monotonic() < deadline:
            written = wait_until_journaled(self._folder, block, _LOOK_SECONDS)
            with suppress(ChainError):  # it is being brought back
                found = self._rpc.call("eth_getBlockByNumber", [hex(block), False])
                if found is None:
                    return False
                if written:
                    return text(record(found)["hash"]) == block_hash
        return False

    def _await(self, transaction: Hash) -> None:
        """Waits until a crash cannot take the transaction any more; as long as its sender may need to send it again."""
        deadline = time.monotonic() + _RESTART_SECONDS
        while time.monotonic() < deadline:
            receipt = receipt_of(self._rpc, TxHash(transaction))
            if receipt is not None and self.keeps(receipt.block, Hash(receipt.block_hash)):
                break
            time.sleep(_LOOK_SECONDS)
