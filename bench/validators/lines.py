"""The lines of validators: networks of geth on this machine, at rest and under one load, sent to an observer."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from pathlib import Path

from eth_account import Account

from bench.geths import geth, made
from bench.peers.minting import Minter, holder_of
from bench.redemptions.chain import client_version
from bench.redemptions.processes import cpu_seconds, memory_mib
from node_api.domain.ids import Address
from node_api.network.plan import Role
from node_api.network.standing import standings
from node_api.network.trial import running

VALIDATORS = (1, 3, 5)
BATCHES = 10
_SECONDS_AT_REST = 10.0
_GAS_PRICE = 1
_SEED = 41


@dataclass(frozen=True, slots=True)
class Line:
    """What one line of the table says; beside the validators there is an observer, to which everything is sent.

    Attributes:
        rest_share: CPU of all nodes at rest, of one core.
        gas, seconds: of the load, until the observer has its last receipt.
        cpu_each: CPU seconds of a node for a thousand million gas, the mean of all nodes.
        memory_mib, disk_bytes: of a node after the load, and by which its data grew in it; means.
    """

    validators: int
    engine: str
    rest_share: float
    gas: int
    seconds: float
    cpu_each: float
    memory_mib: float
    disk_bytes: float


def measure(work: Path, holders: int) -> list[Line]:
    """A network of each number of validators; on each, so many holders are given ten ERC-1155 vouchers."""
    program = geth()
    work.mkdir()
    return [_line(work / str(count), program, count, holders) for count in VALIDATORS]


def _line(folder: Path, program: Path, count: int, holders: int) -> Line:
    account, rng = Account.create(), random.Random(_SEED)
    network = made(folder, count, (Address(account.address),))
    with running(folder, network, program):
        nodes = standings(folder, network)
        pids = {one.name: one.pid for one in nodes}
        before = sum(cpu_seconds(pids).values())
        time.sleep(_SECONDS_AT_REST)
        rested = sum(cpu_seconds(pids).values()) - before
        observer = next(one.url for one in nodes if one.name.endswith(Role.OBSERVER))
        minter = Minter(observer, "PeerErc1155", account, _GAS_PRICE)
        disk, used = sum(one.disk for one in standings(folder, network)), sum(cpu_seconds(pids).values())
        minted = minter.mint([holder_of(rng.randbytes(20)) for _ in range(holders)], range(1, BATCHES + 1))
        used = sum(cpu_seconds(pids).values()) - used
        return Line(
            validators=count,
            engine=client_version(observer),
            rest_share=rested / _SECONDS_AT_REST,
            gas=minted.gas,
            seconds=minted.seconds,
            cpu_each=used / len(nodes) / minted.gas * 1e9,
            memory_mib=sum(memory_mib(pids).values()) / len(nodes),
            disk_bytes=(sum(one.disk for one in standings(folder, network)) - disk) / len(nodes),
        )
