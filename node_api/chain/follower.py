"""Follows the embedded chain block by block and says when it left the path it was on."""

from __future__ import annotations

import time
from dataclasses import dataclass

from node_api.chain.block_journal import BlockJournal, JournaledBlock
from node_api.chain.rpc import Request, RpcClient
from node_api.chain.rpc_errors import RpcError
from node_api.chain.rpc_values import Json, quantity, record, rows, text

# Most blocks fetched in one step, so that a long gap does not fill the memory.
_STEP = 200
_STEPS = 20
"""Steps in one go: a chain that makes blocks without a pause must not keep who follows it from everything else."""


@dataclass(frozen=True, slots=True)
class Head:
    """The newest block: its height, hash and block time (Unix seconds)."""

    number: int
    hash: str
    timestamp: int


def head_of(rpc: RpcClient) -> Head:
    """Asks for the newest block."""
    return _head(record(rpc.call("eth_getBlockByNumber", ["latest", False])))


class PathLeft(Exception):
    """The chain's blocks do not follow the ones seen before: it was reorganised, reverted or written over."""


class Follower:
    """Knows the newest block it has seen and fetches what came after it."""

    def __init__(self, rpc: RpcClient, seen: Head) -> None:
        self._rpc = rpc
        self.seen = seen

    def advance(self) -> list[JournaledBlock]:
        """Blocks after the last one seen, at most 200, oldest first; empty where the chain stands still.

        Raises:
            PathLeft: the chain does not contain the last block seen; `seen` is unchanged.
        """
        latest = record(self._rpc.call("eth_getBlockByNumber", ["latest", False]))
        head = _head(latest)
        if head.hash == self.seen.hash:
            return []
        if head.number <= self.seen.number:
            raise PathLeft
        if head.number == self.seen.number + 1:
            blocks = [latest]
        else:
            upto = min(head.number, self.seen.number + _STEP)
            questions: list[Request] = [
                ("eth_getBlockByNumber", (hex(number), False)) for number in range(self.seen.number + 1, upto + 1)
            ]
            blocks = [record(block) for block in self._rpc.batch(questions)]
        self._require_path(blocks)
        journaled = self._with_transactions(blocks)
        self.seen = _head(blocks[-1])
        return journaled

    def write_down(self, journal: BlockJournal) -> bool:
        """Journals the blocks after the last one seen; says whether there were any. Where they come too fast, not up to the head.

        Raises: as `advance`.
        """
        for step in range(_STEPS):
            blocks = self.advance()
            if not blocks:
                return step > 0
            journal.append(blocks)
        return True

    def _require_path(self, blocks: list[dict[str, Json]]) -> None:
        before = self.seen.hash
        for block in blocks:
            if text(block["parentHash"]) != before:
                raise PathLeft
            before = text(block["hash"])

    def _with_transactions(self, blocks: list[dict[str, Json]]) -> list[JournaledBlock]:
        hashes = [[text(entry) for entry in rows(block["transactions"])] for block in blocks]
        try:
            raw = self._rpc.batch([("eth_getRawTransactionByHash", (entry,)) for some in hashes for entry in some])
        except RpcError as error:
            raise PathLeft from error
        wall, found = int(time.time()), iter(raw)
        return [
            JournaledBlock(
                number=quantity(block["number"]),
                hash=text(block["hash"]),
                parent=text(block["parentHash"]),
                timestamp=quantity(block["timestamp"]),
                wall=wall,
                transactions=tuple(text(next(found)) for _ in some),
            )
            for block, some in zip(blocks, hashes, strict=True)
        ]


def _head(block: dict[str, Json]) -> Head:
    return Head(quantity(block["number"]), text(block["hash"]), quantity(block["timestamp"]))
