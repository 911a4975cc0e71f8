"""Receipts that somebody here was told already, for whoever needs them next: they are asked for once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection

from node_api.chain.rpc_values import Json

_MOST = 8
"""Receipts, the newest: a call's may be a MiB."""

Told = dict[str, Json]
"""A receipt as the chain gave it."""


class ReceiptsInHand:
    """The newest receipts, each until it is taken. Thread-safe."""

    def __init__(self) -> None:
        """Holds none yet."""
        self._lock = threading.Lock()
        self._held: OrderedDict[Json, Told] = OrderedDict()

    def keep(self, receipt: Told) -> None:
        """Keeps a receipt, and forgets the oldest."""
        with self._lock:
            self._held[receipt["transactionHash"]] = receipt
            while len(self._held) > _MOST:
                self._held.popitem(last=False)

    def __contains__(self, transaction: str) -> bool:
        return transaction in self._held

    def take(self, transaction: str) -> Told | None:
        """A transaction's receipt, once."""
        with self._lock:
            return self._held.pop(transaction, None)

    def take_block(self, block_hash: Json, transactions: Collection[Json]) -> list[Told] | None:
        """The receipts of all of a block's transactions, once; None where one of them is missing, or of another block."""
        with self._lock:
            held = [self._held[one] for one in transactions if one in self._held]
            if len(held) < len(transactions) or any(receipt["blockHash"] != block_hash for receipt in held):
                return None
            for one in transactions:
                del self._held[one]
            return held
