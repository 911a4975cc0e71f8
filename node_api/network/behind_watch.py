"""Watches a network on this machine for nodes that get no more blocks while others do."""

from __future__ import annotations

import time
from pathlib import Path

import structlog

from node_api.chain.rpc_values import quantity
from node_api.network.plan import Network
from node_api.network.processes import start_anew
from node_api.network.standing import head_of, window

BEHIND_SECONDS = 45.0
"""A node without a new block for so long while others go on is left behind: geth dials a peer again after 35 s."""

log = structlog.get_logger("network.behind_watch")


class BehindWatch:
    """Looks at every node's newest block, and starts one anew that gets no more while others do."""

    def __init__(self, folder: Path, network: Network, patience: float = BEHIND_SECONDS) -> None:
        """Of this network; nobody is asked yet. A node is left behind after `patience` seconds."""
        self._folder, self._patience = folder, patience
        self._nodes = network.nodes
        self._least = window(network)
        self._since: dict[str, tuple[int, float]] = {}
        """Of those that answered last: the height of each, and since when it has had it."""

    def look(self) -> list[str]:
        """Asks every node; says which were started anew. One that does not answer is left to whoever finds it hanging."""
        now, heads = time.monotonic(), {node.seat.name: head_of(node) for node in self._nodes}
        heights = {name: quantity(head["number"]) for name, head in heads.items() if head is not None}
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
