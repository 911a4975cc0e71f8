"""What tests have real nodes of geth do that no operator needs: part from each other, seal one block and no more."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from node_api.chain.rpc import RpcClient
from node_api.chain.rpc_values import quantity, record, rows, text
from node_api.network.plan import Node
from node_api.network.processes import Process, running

PATIENCE = 300.0


def until(true: Callable[[], object], patience: float = PATIENCE) -> None:
    """Waits until it is so."""
    deadline = time.monotonic() + patience
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@contextmanager
def hanging(process: Process) -> Iterator[None]:
    """Has it do nothing for the length of the block, without its connections being closed."""
    os.kill(process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process.pid, signal.SIGCONT)


class Signer:
    """A signer's node under control."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.name = node.seat.name
        self.account = str(node.signer).lower()
        self.rpc = RpcClient(f"http://127.0.0.1:{node.seat.rpc_port}")

    def head(self) -> tuple[int, str, int]:
        """Number, hash and total difficulty of its newest block."""
        block = record(self.rpc.call("eth_getBlockByNumber", ["latest", False]))
        return quantity(block["number"]), text(block["hash"]), quantity(block["totalDifficulty"])

    def sealer(self) -> str:
        """Who sealed its newest block."""
        return text(self.rpc.call("clique_getSigner", [self.head()[1]])).lower()

    def stop(self) -> None:
        """Has it seal nothing more; a block that it has in hand may still come."""
        self.rpc.call("miner_stop")

    def go_on(self) -> None:
        """Has it seal again."""
        self.rpc.call("miner_start")

    def is_joined(self, other: Signer) -> bool:
        """Whether the two are peers."""
        return other.node.node_id in {text(record(one)["enode"])[8:136] for one in rows(self.rpc.call("admin_peers"))}

    def part(self, other: Signer) -> None:
        """Has the two neither connect nor stay connected."""
        for mine, theirs in ((self, other), (other, self)):
            mine.rpc.batch([(f"admin_remove{what}", [theirs.node.enode]) for what in ("TrustedPeer", "Peer")])
        until(lambda: not self.is_joined(other) and not other.is_joined(self))

    def join(self, other: Signer, folder: Path) -> None:
        """Has the two be peers again: the other one is started anew, as a node dials a peer twice a minute at most."""
        self.rpc.batch([(f"admin_add{what}", [other.node.enode]) for what in ("TrustedPeer", "Peer")])
        os.kill((running(folder) or {})[other.name].pid, signal.SIGTERM)
        until(lambda: self.is_joined(other))


def halt(signers: list[Signer]) -> None:
    """Has none of them seal, all with the same newest block."""
    while True:
        for one in signers:
            one.stop()
        before = None
        while before != (before := [one.head() for one in signers]):
            time.sleep(3)  # a block in hand is sealed within its second and the delay out of turn
        if len(set(before)) == 1:
            return
        for one in signers:
            one.go_on()
        time.sleep(3)


def seal_one(sealer: Signer, signers: list[Signer]) -> None:
    """Has this one of three seal one block, which all of these then have."""
    height = sealer.head()[0] + 1
    sealer.go_on()
    until(lambda: all(one.head()[0] == height for one in signers))
    sealer.stop()
