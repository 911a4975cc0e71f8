"""Networks of geth on this machine: validators, each of an organisation of its own, and an observer."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from node_api.chain.anvil import LOOPBACK, free_port
from node_api.domain.ids import Address, UnixSeconds
from node_api.network.create import create_network
from node_api.network.plan import Engine, Network, Organisation, Parameters, Role
from node_api.network.processes import find_program, start, stop
from node_api.network.rules import WEAKNESSES
from node_api.network.standing import wait_until_up

FIRST = "member-0"
"""The organisation that also has the observer, and whose accounts may send."""
_SECONDS_UP = 300.0
_GAS_LIMIT = 500_000_000
_PORTS = range(20_000, 24_000, 2)


def geth() -> Path:
    """The program. Raises NetworkFault where it has not been built."""
    return find_program(Engine.GETH_CLIQUE, Path(os.environ["GETH"]) if "GETH" in os.environ else None)


def made(folder: Path, validators: int, accounts: Sequence[Address]) -> Network:
    """A network of so many validators, in blocks of one second, whose accounts have wei."""
    ports = iter([port for port in random.Random().sample(_PORTS, 100) if free_port(port) == port])
    members = tuple(
        Organisation(
            name=f"member-{number}",
            title=f"Member {number}",
            host=LOOPBACK,
            roles=(Role.VALIDATOR,) if number else (Role.VALIDATOR, Role.OBSERVER),
            p2p_port=next(ports),
            rpc_port=next(ports),
            accounts=() if number else tuple(accounts),
        )
        for number in range(validators)
    )
    parameters = Parameters("bench", Engine.GETH_CLIQUE, 31_375, 1, _GAS_LIMIT, UnixSeconds(int(time.time())))
    return create_network(folder, parameters, members, WEAKNESSES).network


@contextmanager
def running(folder: Path, network: Network, program: Path) -> Iterator[None]:
    """Every node has a block, as long as the context lasts."""
    try:
        start(folder, network, program)
        wait_until_up(folder, network, _SECONDS_UP)
        yield
    finally:
        stop(folder)
