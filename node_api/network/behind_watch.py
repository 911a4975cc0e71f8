"""Watches a network on this machine for nodes that get no more blocks while others do."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import structlog

from node_api.chain.rpc import RpcClient
from node_api.chain.rpc_errors import ChainError
from node_api.chain.rpc_values import quantity
from node_api.network.endpoints import url_of
from node_api.network.plan import Network
from node_api.network.processes import start_anew
from node_api.network.standing import ROUNDS

BEHIND_SECONDS = 45.0
"""A node without a new block for so long while others go on is left behind: geth dials a peer again after 35 s."""
_ASK_SECONDS = 5.0

log = structlog.get_logger("network.behind_watch")


class BehindWatch:
    """Looks at every node's newest block, and starts one anew that gets no more while others do."""

    def __init__(self, folder: Path, network: Network, patience: float = BEHIND_SECONDS) -> None:
        """Of this network; nobody is asked yet. A node is left behind after `patience` seconds."""
        self._folder, self._patience = folder, patience
        self._nodes = network.nodes
        self._least = ROUNDS * len(network.sealers)
        self._since: dict[str, tuple[int, float]] = {}
        """Of those that answered last: the height of each, and since when it has had it."""

    def look(self) -> list[str]:
        """Asks every node; says which were started anew. One that does not answer is left to whoever finds it hanging."""
        now, heights = time.monotonic(), dict(self._answered())
        before, self._since = self._since, {}
        for name, height in heights.items():
            known = before.get(name)
            self._since[name] = known if known is not None and known[0] == height else (height, now)
        least = max(heights.values(), default=0) - self._least
        behind = [
            name for name, (height, since) in self._since.items() if height < least and now - since > self._patience
        ]
        for name in behind:
            log.warning("left_behind", node=name, heights=heights)
            del self._since[name]
            start_anew(self._folder, name)
        return behind

    def _answered(self) -> Iterator[tuple[str, int]]:
        """The newest block's number of each node that answers."""
        for node in self._nodes:
            with contextlib.suppress(ChainError), RpcClient(url_of(node), timeout=_ASK_SECONDS) as rpc:
                yield node.seat.name, quantity(rpc.call("eth_blockNumber"))
