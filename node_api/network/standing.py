"""How the nodes of a network stand to each other: heights, hashes, peers, who sealed last, who is silent, lag, disk."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from node_api.chain.apart import last_words
from node_api.chain.rpc import RpcClient
from node_api.chain.rpc_errors import ChainError
from node_api.chain.rpc_values import Json, quantity, record, text
from node_api.domain.ids import Address
from node_api.network.faults import NetworkFault
from node_api.network.plan import Engine, Network, Node
from node_api.network.processes import Process, node_log, running

ROUNDS = 3
"""A validator that sealed none of so many rounds' blocks is silent; in a younger chain nobody is."""
_ASK_SECONDS = 5.0
_LOOK_EVERY = 0.2
_LOG_BYTES = 600


class NotUp(NetworkFault):
    """Nodes did not come up in time."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a node stands.

    Attributes:
        name: of the node.
        url: where it answers.
        pid: of its process; 0 where it does not run.
        restarts: how often it died and was started anew.
        height, block_hash: its newest block; None where it does not answer.
        peers: how many it is connected to.
        lag: blocks behind the highest node.
        sealed: newest block it sealed, of those that were looked at; None for an observer, or where it is silent.
        silent: whether it is a validator that sealed none of them; False where that is not known.
        disk: bytes of its data on this machine.
    """

    name: str
    url: str
    pid: int
    restarts: int
    height: int | None = None
    block_hash: str = ""
    peers: int | None = None
    lag: int | None = None
    sealed: int | None = None
    silent: bool = False
    disk: int = 0


def standings(folder: Path, network: Network) -> list[Standing]:
    """Asks every node of the plan; one that does not answer is told as such."""
    processes = running(folder) or {}
    heads = {node.seat.name: head_of(node) for node in network.nodes}
    heights = {name: quantity(head["number"]) for name, head in heads.items() if head is not None}
    highest = max(heights, key=heights.__getitem__, default=None)
    sealed: dict[Address, int] | None = None
    if highest is not None:
        node = next(node for node in network.nodes if node.seat.name == highest)
        sealed = _sealed(network, node, heights[highest])
    return [
        _standing(folder, node, processes.get(node.seat.name), heads[node.seat.name], heights, sealed, window(network))
        for node in network.nodes
    ]


def wait_until_up(folder: Path, network: Network, seconds: float) -> list[Standing]:
    """Waits until every node has a block that a validator made, and returns how they stand.

    Raises:
        NotUp: one has none in time, or its process was given up; the message has the end of its log.
    """
    deadline = time.monotonic() + seconds
    while True:
        found = standings(folder, network)
        late = [one for one in found if not one.height]
        if not late:
            return found
        given_up = [one for one in (running(folder) or {}).values() if one.given_up]
        if given_up or time.monotonic() > deadline:
            name = given_up[0].name if given_up else late[0].name
            why = "died again and again" if given_up else f"has no block after {seconds:g} s"
            raise NotUp(f"{name} {why} ({_told(found)}): {last_words(node_log(folder, name), _LOG_BYTES)}")
        time.sleep(_LOOK_EVERY)


def _told(found: list[Standing]) -> str:
    """Where each node is, how many peers it has, and how often it was started anew."""
    return ", ".join(
        f"{one.name} {'silent' if one.height is None else f'at block {one.height}, peers {one.peers}'}, restarts {one.restarts}"
        for one in found
    )


def _standing(
    folder: Path,
    node: Node,
    process: Process | None,
    head: dict[str, Json] | None,
    heights: dict[str, int],
    sealed: dict[Address, int] | None,
    window: int,
) -> Standing:
    seat = node.seat
    height = heights.get(seat.name)
    mine = None if node.signer is None or sealed is None else sealed.get(node.signer)
    return Standing(
        name=seat.name,
        url=node.seat.url,
        pid=process.pid if process else 0,
        restarts=process.restarts if process else 0,
        height=height,
        block_hash=text(head["hash"]) if head else "",
        peers=quantity(head["peers"]) if head else None,
        lag=None if height is None else max(heights.values()) - height,
        sealed=mine,
        silent=node.signer is not None and sealed is not None and mine is None and max(heights.values()) >= window,
        disk=_bytes(folder / seat.organisation.name / seat.role / "data"),
    )


def head_of(node: Node) -> dict[str, Json] | None:
    """Its newest block, with the number of its peers; None where it does not answer."""
    try:
        with RpcClient(node.seat.url, timeout=_ASK_SECONDS) as rpc:
            block, peers = rpc.batch([("eth_getBlockByNumber", ["latest", False]), ("net_peerCount", [])])
        return {**record(block), "peers": peers}
    except ChainError:
        return None


def window(network: Network) -> int:
    """How many of the newest blocks are looked at for who sealed them."""
    return ROUNDS * len(network.sealers)


def _sealed(network: Network, node: Node, height: int) -> dict[Address, int] | None:
    """The newest block of each validator among the last three rounds, as this node has them; None where it answers no more."""
    numbers = range(max(1, height - window(network) + 1), height + 1)
    try:
        with RpcClient(node.seat.url, timeout=_ASK_SECONDS) as rpc:
            found = sealers_of(rpc, network, numbers)
    except ChainError:
        return None
    by_account = {account.lower(): account for account in network.sealers}
    return {by_account[sealer]: number for number, sealer in found.items() if sealer in by_account}


def sealers_of(rpc: RpcClient, network: Network, numbers: range) -> dict[int, str]:
    """Who sealed these blocks, ascending, by accounts in lower case. Raises ChainError."""
    # QBFT names the proposer as the block's beneficiary; Clique's is free for votes, its signer follows from the seal.
    clique = network.parameters.engine is Engine.GETH_CLIQUE
    method = "clique_getSigner" if clique else "eth_getBlockByNumber"
    answers = rpc.batch([(method, [hex(one)] if clique else [hex(one), False]) for one in numbers])
    return {
        number: text(answer if clique else record(answer)["miner"]).lower()
        for number, answer in zip(numbers, answers, strict=True)
    }


def _bytes(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size
        except FileNotFoundError:  # the node has just removed it
            continue
    return total
