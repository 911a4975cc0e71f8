"""The lines of validators: networks of geth on this machine, at rest and under one load, sent to an observer."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from eth_account import Account
from eth_account.signers.local import LocalAccount

from bench.peers.minting import Minter, holder_of
from bench.redemptions.chain import client_version
from bench.redemptions.processes import cpu_seconds, memory_mib
from node_api.chain.anvil import LOOPBACK, free_port
from node_api.domain.ids import Address, UnixSeconds
from node_api.network.create import create_network
from node_api.network.plan import Engine, Organisation, Parameters, Role
from node_api.network.processes import find_program, start, stop
from node_api.network.rules import WEAKNESSES
from node_api.network.standing import Standing, standings, wait_until_up

VALIDATORS = (1, 3, 5)
BATCHES = 10
_SECONDS_UP, _SECONDS_AT_REST = 300.0, 10.0
_GAS_LIMIT, _GAS_PRICE = 500_000_000, 1
_PORTS = range(20_000, 24_000, 2)
_SEED = 41

Look = Callable[[], list[Standing]]


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
    program = find_program(Engine.GETH_CLIQUE, Path(os.environ["GETH"]) if "GETH" in os.environ else None)
    work.mkdir()
    return [_line(work / str(count), program, count, holders) for count in VALIDATORS]


def _line(folder: Path, program: Path, count: int, holders: int) -> Line:
    account, rng = Account.create(), random.Random(_SEED)
    with _running(folder, program, count, account) as look:
        nodes = look()
        pids = {one.name: one.pid for one in nodes}
        before = sum(cpu_seconds(pids).values())
        time.sleep(_SECONDS_AT_REST)
        rested = sum(cpu_seconds(pids).values()) - before
        observer = next(one.url for one in nodes if one.name.endswith(Role.OBSERVER))
        minter = Minter(observer, "PeerErc1155", account, _GAS_PRICE)
        disk, used = sum(one.disk for one in look()), sum(cpu_seconds(pids).values())
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
            disk_bytes=(sum(one.disk for one in look()) - disk) / len(nodes),
        )


@contextmanager
def _running(folder: Path, program: Path, count: int, account: LocalAccount) -> Iterator[Look]:
    """The network, as long as the context lasts."""
    ports = iter([port for port in random.Random().sample(_PORTS, 100) if free_port(port) == port])
    members = tuple(
        Organisation(
            name=f"member-{number}",
            title=f"Member {number}",
            host=LOOPBACK,
            roles=(Role.VALIDATOR,) if number else (Role.VALIDATOR, Role.OBSERVER),
            p2p_port=next(ports),
            rpc_port=next(ports),
            accounts=(Address(account.address),),
        )
        for number in range(count)
    )
    parameters = Parameters("bench", Engine.GETH_CLIQUE, 31_375, 1, _GAS_LIMIT, UnixSeconds(int(time.time())))
    network = create_network(folder, parameters, members, WEAKNESSES).network
    try:
        start(folder, network, program)
        wait_until_up(folder, network, _SECONDS_UP)
        yield lambda: standings(folder, network)
    finally:
        stop(folder)
