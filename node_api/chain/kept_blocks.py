"""Whether a crash can take a block of the embedded chain any more."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

from node_api.chain.block_journal import wait_until_journaled
from node_api.chain.rpc import RpcClient
from node_api.chain.rpc_errors import ChainError, RpcUnavailable
from node_api.chain.rpc_values import record, text

KEPT_SECONDS = 30.0
"""The supervisor writes a block down within some 25 ms, and has a killed chain back in a few seconds."""
_LOOK_SECONDS = 0.5


class NotWritten(ChainError):
    """Nobody wrote the block down in time. It may stand, and may be taken still."""


def is_kept(rpc: RpcClient, folder: Path, block: int, block_hash: str) -> bool:
    """Waits until a block is written down; False where a crash took it before that.

    Args:
        rpc: the chain; where it is being brought back, that is waited for.
        folder: where its supervisor writes.
        block: the block's number.
        block_hash: its hash; another one at its height is not it.

    Raises:
        NotWritten: neither, after half a minute.
    """
    deadline = time.monotonic() + KEPT_SECONDS
    while time.monotonic() < deadline:
        written = wait_until_journaled(folder, block, _LOOK_SECONDS)
        with suppress(RpcUnavailable):
            found = rpc.call("eth_getBlockByNumber", [hex(block), False])
            if found is None or text(record(found)["hash"]) != block_hash:
                return False
            if written:
                return True
    raise NotWritten(f"block {block:,} is not written down after {KEPT_SECONDS:g} s: see `vouchertrail chain status`")
