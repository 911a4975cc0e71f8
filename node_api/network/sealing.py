"""Has a signer of geth begin to seal, or stop; never before it can: geth answers some time before it unlocks its account.

Told to seal in between, it drops the block that it cannot sign, and makes no other until a transaction comes: what it is told
once it can is for the same block, and geth takes no block twice.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

from node_api.chain.rpc import RpcClient
from node_api.chain.rpc_errors import RpcError
from node_api.domain.ids import Address

WITHIN_SECONDS = 60.0
_LOOK_EVERY = 0.1
_NOTHING = "0x"


def seals(rpc: RpcClient) -> bool:
    """Whether it seals, or waits for its turn. Raises ChainError."""
    return rpc.call("eth_mining") is True


def begin_sealing(rpc: RpcClient, signer: Address) -> bool:
    """Has the node seal, where it can; says whether it does from now on. Raises ChainError."""
    if not _signs(rpc, signer):
        return False
    rpc.call("miner_start")
    return True


@contextlib.contextmanager
def sealing_stopped(rpc: RpcClient, signer: Address) -> Iterator[None]:
    """Meanwhile the node seals nothing: rewound, it would at once seal its own block again. Raises ChainError."""
    rpc.call("miner_stop")
    try:
        yield
    finally:
        within(lambda: begin_sealing(rpc, signer))


def within(true: Callable[[], bool]) -> bool:
    """Waits a minute at most until it is so; says whether it is."""
    deadline = time.monotonic() + WITHIN_SECONDS
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(_LOOK_EVERY)
    return True


def _signs(rpc: RpcClient, signer: Address) -> bool:
    """Whether its account is unlocked. What it signs is no block and no transaction: EIP-191 sets it apart."""
    try:
        rpc.call("eth_sign", [signer, _NOTHING])
    except RpcError:
        return False
    return True
