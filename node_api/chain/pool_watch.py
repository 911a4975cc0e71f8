"""Sees to it that nothing is forgotten in anvil's pool.

anvil judges a transaction by the nonce that its account has when it comes in. Where the block before it is made at that very
moment, it may wait for ever for a nonce that has passed, with everything behind it, and whoever sends it again is told
that it is known already.
"""

from __future__ import annotations

import time

from node_api.chain.follower import Head
from node_api.chain.rpc import Request, RpcClient
from node_api.chain.rpc_errors import RpcError
from node_api.chain.rpc_values import quantity, record, text

_STILL_SECONDS = 1.0


class PoolWatch:
    """Looks at the pool when no block came for a second, and puts into it anew what waits there at two looks."""

    def __init__(self, rpc: RpcClient) -> None:
        self._rpc = rpc
        self._head = ""
        self._look_at = 0.0
        self._waiting: list[str] = []
        self._stirred: list[str] = []

    def look(self, head: Head) -> int:
        """Tells the newest block; returns how many transactions were put into the pool anew.

        Mining by hand is left alone, and so is what waits on although it was put in anew at this block: it waits for
        a nonce that is still to come.
        """
        now = time.monotonic()
        if head.hash != self._head:
            self._head, self._look_at = head.hash, now + _STILL_SECONDS
            self._waiting, self._stirred = [], []
        if now < self._look_at:
            return 0
        self._look_at = now + _STILL_SECONDS
        before, self._waiting = self._waiting, self._pool()
        if not self._waiting or self._waiting != before or self._waiting == self._stirred:
            return 0
        if self._rpc.call("anvil_getAutomine") is not True:
            return 0
        self._stirred = self._waiting
        return self._stir(self._waiting)

    def _pool(self) -> list[str]:
        """Hashes of all that waits, each account's in the order of its nonces."""
        status = record(self._rpc.call("txpool_status"))
        if not quantity(status["pending"]) + quantity(status["queued"]):
            return []
        content = record(self._rpc.call("txpool_content"))
        waiting = sorted(
            (account, int(nonce), text(record(transaction)["hash"]))
            for part in ("pending", "queued")
            for account, by_nonce in record(content[part]).items()
            for nonce, transaction in record(by_nonce).items()
        )
        return [transaction for _, _, transaction in waiting]

    def _stir(self, waiting: list[str]) -> int:
        asked: list[Request] = [("eth_getRawTransactionByHash", (transaction,)) for transaction in waiting]
        found = [raw for raw in self._rpc.try_batch(asked) if isinstance(raw, str)]
        self._rpc.call("anvil_dropAllTransactions")
        put_in = 0
        for raw in found:
            try:
                self._rpc.call("eth_sendRawTransaction", [raw])
            except RpcError:
                continue  # it has come into a block, or can never come into one
            put_in += 1
        return put_in
