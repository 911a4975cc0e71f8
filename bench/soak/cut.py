"""Cutting a node off from all others: nobody of them lets it in or dials it, nor does it any of them."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from node_api.chain.rpc import RpcClient
from node_api.chain.rpc_errors import ChainError
from node_api.chain.rpc_values import quantity, record, rows, text
from node_api.network.plan import Network, Node
from node_api.network.processes import running

_PATIENCE = 120.0


def with_admin(program: Path, folder: Path) -> Path:
    """The same program of geth, its nodes answering `admin_`, by which peers are parted and joined, and `txpool_`, too."""
    path = folder / "geth-with-admin"
    path.write_text(
        '#!/bin/sh\nfor one; do shift; case $one in eth,net,*) one=$one,admin,txpool ;; esac; set -- "$@" "$one"; done\n'
        f'exec "{program}" "$@"\n'
    )
    path.chmod(0o755)
    return path


@dataclass(frozen=True, slots=True)
class Sides:
    """Transactions that each side took while they were apart.

    Attributes:
        cut_off: in blocks that only the node that was cut off had, and waiting there.
        others: in blocks of the others.
    """

    cut_off: int
    others: int


def sides(node: Node, other: Node, since: int) -> Sides:
    """What the two sides have, from a block on that both had."""
    with RpcClient(node.seat.url) as here, RpcClient(other.seat.url) as there:
        waiting = quantity(record(here.call("txpool_status"))["pending"])
        ours, theirs = (_counted(rpc, since) for rpc in (here, there))
    return Sides(sum(count for one, count in ours.items() if one not in theirs) + waiting, sum(theirs.values()))


def _counted(rpc: RpcClient, since: int) -> dict[str, int]:
    """How many transactions each block after that one has, by its hash."""
    numbers = range(since + 1, quantity(rpc.call("eth_blockNumber")) + 1)
    blocks = rpc.batch([("eth_getBlockByNumber", [hex(one), False]) for one in numbers])
    return {text(record(one)["hash"]): len(rows(record(one)["transactions"])) for one in blocks}


@contextmanager
def cut_off(folder: Path, network: Network, node: Node) -> Iterator[None]:
    """Cuts the node off for the length of the block; afterwards all are peers again. Its process runs on, and answers us."""
    others = [one for one in network.nodes if one is not node]
    _all_tell(others, "remove", node)
    for other in others:
        _tell(node, "remove", other)
    _until(node, lambda peers: peers == 0)
    try:
        yield
    finally:
        _all_tell(others, "add", node)
        # started anew, it dials all of its settings at once; a node that runs dials a peer twice a minute at most
        os.kill((running(folder) or {})[node.seat.name].pid, signal.SIGTERM)
        _until(node, lambda peers: peers == len(others))


def _all_tell(nodes: list[Node], what: str, other: Node) -> None:
    for one in nodes:
        _tell(one, what, other)


def _tell(node: Node, what: str, other: Node) -> None:
    with RpcClient(node.seat.url) as rpc:
        rpc.batch([(f"admin_{what}{peer}", [other.enode]) for peer in ("TrustedPeer", "Peer")])


def _until(node: Node, true: Callable[[int], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            with RpcClient(node.seat.url) as rpc:
                if true(quantity(rpc.call("net_peerCount"))):
                    return
        except ChainError:  # it is started anew
            pass
        if time.monotonic() > deadline:
            raise TimeoutError(f"{node.seat.name} does not have the peers it is to have")
        time.sleep(0.2)
