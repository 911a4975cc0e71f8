"""Watches a Clique network on this machine for a stall on branches of equal difficulty, and ends it.

Runs as a process of its own, `python -m node_api.network.stall_watch FOLDER`, which the supervisor keeps, together with the
watch for nodes left behind. Each time it ended a stall, that becomes a line of `local/stalls.jsonl`.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

import orjson
import structlog

from node_api.chain.rpc import RpcClient
from node_api.chain.rpc_errors import ChainError, RpcError
from node_api.chain.rpc_values import Json, quantity, record, rows, text
from node_api.domain.ids import Address, Hash
from node_api.logs import configure_supervisors_log
from node_api.network.behind_watch import BehindWatch
from node_api.network.branches import Holder, Move, Sealed, heaviest, move_of, stalled, untold
from node_api.network.files import read_network
from node_api.network.plan import Network, Node
from node_api.network.processes import local_folder, start_anew
from node_api.network.sealing import begin_sealing, sealing_stopped, seals, within
from node_api.network.start_files import HELD

STALLS = "stalls.jsonl"
ROUNDS = 3
"""So many rounds without a block are a stall."""
LEAST_SECONDS = 15.0
"""But not before geth has asked its peers for heavier branches by itself, which it does every 10 s."""
_ASK_SECONDS = 5.0
_LOOK_EVERY = 1.0
_DEPTH_ROUNDS = 4
_NOBODY = "0x" + "0" * 40

T = TypeVar("T")
log = structlog.get_logger("network.stall_watch")


@dataclass(frozen=True, slots=True)
class Ended:
    """What was done about a stall.

    Attributes:
        at: Unix seconds.
        mover: node that was rewound.
        to: node whose branch it was to follow, and which was started anew to tell of it.
        fork: number of the block it was rewound to.
        kept: newest block of the branch that goes on.
        dropped: blocks of the mover that are no more, with those who sealed them.
        sent_again: transactions of these that the mover took again.
        followed: whether the mover had the other branch within a minute.
    """

    at: int
    mover: str
    to: str
    fork: int
    kept: Hash
    dropped: tuple[Sealed, ...]
    sent_again: int
    followed: bool


class StallWatch:
    """Looks at the signers' newest blocks, and acts where they have not changed for several rounds."""

    def __init__(self, folder: Path, network: Network, patience: float | None = None) -> None:
        """Of this network; nobody is asked yet. Without a block for `patience` seconds it is stalled; None is three rounds."""
        self._folder = folder
        self._nodes = [node for node in network.nodes if node.signer is not None]
        rounds = max(LEAST_SECONDS, ROUNDS * len(self._nodes) * network.parameters.block_time)
        self._patience = rounds if patience is None else patience
        self._heads: dict[str, Hash] = {}
        self._since = time.monotonic()
        self._told: Hash | None = None
        self._unseen = {node.seat.name for node in self._nodes}
        """Those that were not seen sealing yet."""

    def look(self) -> Ended | None:
        """Asks every signer's node for its newest block, and for more where none has changed for so long.

        Returns: the stall that was ended; None where there was none.
        """
        found = dict(self._asked(lambda _, rpc: _newest(rpc)))
        heads = {name: head for name, (head, _) in found.items()}
        if 2 * len(found) > len(self._nodes):  # fewer may all lack the heaviest branch
            self._look_for_sealing(found.keys(), max(difficulty for _, difficulty in found.values()))
        if any(self._heads.get(name) != head for name, head in heads.items()):
            self._heads |= heads
            self._since = time.monotonic()
        if time.monotonic() - self._since < self._patience:
            return None
        self._since = time.monotonic()
        depth = _DEPTH_ROUNDS * len(self._nodes)
        holders = [holder for _, holder in self._asked(lambda node, rpc: _holder(node, rpc, depth))]
        if not stalled(holders):
            self._take_up(holders)
            return None
        move = move_of(holders)
        if move is None:
            log.error("stalled", heads=heads, remedy="signers that are down must come back: no move is allowed")
            return None
        return self._end(move)

    def _asked(self, ask: Callable[[Node, RpcClient], T]) -> Iterator[tuple[str, T]]:
        """What each signer's node answers, by its name; one that does not is left out."""
        for node in self._nodes:
            if (self._folder / node.seat.organisation.name / node.seat.role / HELD).exists():
                continue  # it must not seal
            with contextlib.suppress(ChainError), RpcClient(node.seat.url, timeout=_ASK_SECONDS) as rpc:
                yield node.seat.name, ask(node, rpc)

    def _take_up(self, holders: list[Holder]) -> None:
        """What a watch that was killed left half done, and what geth leaves: nodes that nobody told of a heavier branch, or
        that have it and seal nothing. One node is started anew once for a branch: it may be that they are not connected.
        """
        teller = untold(holders)
        if teller is not None and teller.head.hash != self._told:
            self._told = teller.head.hash
            log.warning("telling", node=teller.name, head=teller.head.hash)
            start_anew(self._folder, teller.name)
            return
        level = {one.name for one in heaviest(holders)}
        for name, began in self._asked(lambda node, rpc: node.seat.name in level and _seals_again(node, rpc)):
            if began:
                log.warning("sealing_again", node=name)

    def _look_for_sealing(self, answering: Collection[str], least: int) -> None:
        """Has a signer seal that a watch left without sealing when it was killed: where the others make blocks, nothing stalls.

        Only once it has a branch of that difficulty: rewound, it would seal a height twice. One that was seen sealing is
        left alone: who stops it from then on has a reason.
        """
        asked = self._unseen.intersection(answering)
        seals = self._asked(lambda node, rpc: node.seat.name in asked and _seals_by_now(node, rpc, least))
        self._unseen -= {name for name, so in list(seals) if so}

    def _end(self, move: Move) -> Ended | None:
        """Rewinds the mover while it seals nothing, and lets it seal again once it has the other branch."""
        log.warning("rewinding", node=move.mover.name, to=move.to.name, fork=move.fork)
        mover, to = self._client(move.mover), self._client(move.to)
        try:
            with mover as rpc, to, sealing_stopped(rpc, move.mover.account):
                if text(_block(rpc, "latest")["hash"]) != move.mover.head.hash:
                    return None  # it has gone on meanwhile
                transactions = _transactions(rpc, move)
                rpc.call("debug_setHead", [hex(move.fork)])
                start_anew(self._folder, move.to.name)
                followed = within(lambda: _difficulty(rpc) >= move.to.difficulty)
                # before that it would throw away the block that the mover seals next
                within(lambda: _sealing(to))
                sent = sum(_sent(rpc, raw) for raw in transactions)
        except ChainError as error:
            log.error("not_rewound", node=move.mover.name, fault=str(error))
            return None
        ended = Ended(
            int(time.time()), move.mover.name, move.to.name, move.fork, move.to.head.hash, move.dropped, sent, followed
        )
        with (local_folder(self._folder) / STALLS).open("ab") as stalls:
            stalls.write(orjson.dumps(asdict(ended)) + b"\n")
        log.warning("rewound", node=ended.mover, fork=ended.fork, sent_again=sent, followed=followed)
        return ended

    def _client(self, holder: Holder) -> RpcClient:
        node = next(one for one in self._nodes if one.seat.name == holder.name)
        return RpcClient(node.seat.url, timeout=_ASK_SECONDS)


def stalls_ended(folder: Path) -> list[dict[str, object]]:
    """What the watch of this network has done, oldest first."""
    try:
        return [orjson.loads(line) for line in (local_folder(folder) / STALLS).read_bytes().splitlines()]
    except FileNotFoundError:
        return []


def _holder(node: Node, rpc: RpcClient, depth: int) -> Holder:
    head = _block(rpc, "latest")
    height = quantity(head["number"])
    numbers = range(max(0, height - depth), height + 1)
    blocks = rpc.batch([("eth_getBlockByNumber", [hex(one), False]) for one in numbers])
    sealers = [_NOBODY] * (numbers[0] == 0) + rpc.batch([("clique_getSigner", [hex(one)]) for one in numbers if one])
    signers = rows(rpc.call("clique_getSigners", [hex(height)]))
    return Holder(
        name=node.seat.name,
        account=_account(_signer(node)),
        difficulty=quantity(head.get("totalDifficulty")),
        branch=tuple(
            Sealed(number, Hash(text(record(block)["hash"])), _account(sealer))
            for number, block, sealer in zip(numbers, blocks, sealers, strict=True)
        ),
        signers=frozenset(map(_account, signers)),
    )


def _transactions(rpc: RpcClient, move: Move) -> list[str]:
    """Those of the blocks that are dropped: a node forgets them with the blocks."""
    found: list[str] = []
    for block in move.dropped:
        count = len(rows(record(rpc.call("eth_getBlockByHash", [block.hash, False]))["transactions"]))
        method = "eth_getRawTransactionByBlockHashAndIndex"
        found += map(text, rpc.batch([(method, [block.hash, hex(place)]) for place in range(count)]))
    return found


def _newest(rpc: RpcClient) -> tuple[Hash, int]:
    """Hash of the newest block, and the difficulty of all up to it."""
    head = _block(rpc, "latest")
    return Hash(text(head["hash"])), quantity(head.get("totalDifficulty"))


def _difficulty(rpc: RpcClient) -> int:
    return _newest(rpc)[1]


def _seals_again(node: Node, rpc: RpcClient) -> bool:
    """Has the node seal where it does not; says whether it begins."""
    return not seals(rpc) and begin_sealing(rpc, _signer(node))


def _seals_by_now(node: Node, rpc: RpcClient, least: int) -> bool:
    """Whether it seals, or does from now on, having a branch of that difficulty at least."""
    if seals(rpc):
        return True
    if _difficulty(rpc) < least or not begin_sealing(rpc, _signer(node)):
        return False
    log.warning("sealing_again", node=node.seat.name)
    return True


def _signer(node: Node) -> Address:
    assert node.signer is not None, "only signers' nodes are asked"
    return node.signer


def _sealing(rpc: RpcClient) -> bool:
    try:
        return seals(rpc)
    except ChainError:  # it starts
        return False


def _sent(rpc: RpcClient, raw: str) -> bool:
    try:
        rpc.call("eth_sendRawTransaction", [raw])
    except RpcError:  # it is in the other branch, too
        return False
    return True


def _block(rpc: RpcClient, number: str) -> dict[str, Json]:
    return record(rpc.call("eth_getBlockByNumber", [number, False]))


def _account(value: Json) -> Address:
    return Address(text(value).lower())


def main(arguments: list[str]) -> None:
    """Entry point of the process: the network's folder. Runs until it is ended."""
    configure_supervisors_log()
    folder = Path(arguments[0])
    network = read_network(folder)
    watches = StallWatch(folder, network), BehindWatch(folder, network)
    while True:
        for watch in watches:
            watch.look()
        time.sleep(_LOOK_EVERY)


if __name__ == "__main__":
    main(sys.argv[1:])
