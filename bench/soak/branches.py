"""Which blocks each node takes back: looked at from outside, every half second."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from node_api.chain.rpc import RpcClient
from node_api.chain.rpc_errors import ChainError
from node_api.chain.rpc_values import quantity, record, text

_DEPTH, _LOOK_EVERY, _ASK_SECONDS = 16, 0.5, 5.0


@dataclass(frozen=True, slots=True)
class TakenBack:
    """Blocks that a node had and has others for.

    Attributes:
        node: its name.
        at: `time.monotonic()`.
        hashes: of the blocks that are no more.
    """

    node: str
    at: float
    hashes: tuple[str, ...]


@dataclass(slots=True)
class Branches:
    """What nodes told of their newest blocks, and what they took back of it."""

    taken_back: list[TakenBack] = field(default_factory=list)
    _seen: dict[str, dict[int, str]] = field(default_factory=dict)

    def note(self, node: str, blocks: Mapping[int, str], at: float) -> None:
        """Takes down the node's newest blocks, number → hash."""
        seen = self._seen.setdefault(node, {})
        gone = tuple(seen[number] for number in sorted(blocks) if seen.get(number, blocks[number]) != blocks[number])
        if gone:
            self.taken_back.append(TakenBack(node, at, gone))
        seen |= blocks


class Watcher:
    """Looks at all nodes in a thread, as long as the context lasts."""

    def __init__(self, urls: Mapping[str, str]) -> None:
        """Of these nodes, by name."""
        self.branches = Branches()
        self._clients = {name: RpcClient(url, timeout=_ASK_SECONDS) for name, url in urls.items()}
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Branches:
        self._thread.start()
        return self.branches

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ends.wait(_LOOK_EVERY):
            for name, client in self._clients.items():
                with contextlib.suppress(ChainError):  # it is started anew
                    self.branches.note(name, newest(client), time.monotonic())


def newest(rpc: RpcClient) -> dict[int, str]:
    """The newest blocks of a node, number → hash. Raises ChainError."""
    height = quantity(rpc.call("eth_blockNumber"))
    numbers = range(max(0, height - _DEPTH), height + 1)
    blocks = rpc.batch([("eth_getBlockByNumber", [hex(one), False]) for one in numbers])
    return {number: text(record(block)["hash"]) for number, block in zip(numbers, blocks, strict=True) if block}
