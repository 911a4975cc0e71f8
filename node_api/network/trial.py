"""A network of geth on this machine for trying: five organisations' signers, and an observer of the regulator's."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from node_api.chain.anvil import lasting_port
from node_api.domain.ids import Address, UnixSeconds
from node_api.network.create import create_network
from node_api.network.plan import LOOPBACK, Engine, Network, Organisation, Parameters, Role, seats
from node_api.network.processes import start, stop
from node_api.network.rules import WEAKNESSES
from node_api.network.standing import wait_until_up

OPERATOR, REGULATOR = "operator", "regulator"
MEMBERS = {
    "treasury": "Municipal treasury",
    REGULATOR: "Regulator",
    "merchants": "Merchants' association",
    OPERATOR: "Operator",
    "auditor": "Auditor",
}
CHAIN_ID, BLOCK_TIME, GAS_LIMIT = 31374, 1, 500_000_000
UP_SECONDS = 300.0


@contextmanager
def trial_network(
    folder: Path, program: Path, accounts: Collection[Address], chain_id: int = CHAIN_ID
) -> Iterator[Network]:
    """Every node runs, and has blocks, as long as the context lasts.

    Args:
        folder: where the network is made.
        program: geth.
        accounts: those that may send; the operator's.
        chain_id: EIP-155 chain id.

    Raises:
        NetworkFault: the nodes did not come up.
    """
    parameters = Parameters("trial", Engine.GETH_CLIQUE, chain_id, BLOCK_TIME, GAS_LIMIT, UnixSeconds(int(time.time())))
    network = create_network(folder, parameters, _members(tuple(accounts)), WEAKNESSES).network
    with running(folder, network, program):
        yield network


@contextmanager
def running(folder: Path, network: Network, program: Path) -> Iterator[None]:
    """Every node of a network made here runs, and has blocks, as long as the context lasts. Raises NetworkFault."""
    try:
        start(folder, network, program)
        wait_until_up(folder, network, UP_SECONDS)
        yield
    finally:
        stop(folder)


def _members(accounts: tuple[Address, ...]) -> tuple[Organisation, ...]:
    both = (Role.VALIDATOR, Role.OBSERVER)
    return at_lasting_ports(
        tuple(
            Organisation(
                name,
                title,
                LOOPBACK,
                both if name == REGULATOR else both[:1],
                accounts=accounts if name == OPERATOR else (),
            )
            for name, title in MEMBERS.items()
        )
    )


def at_lasting_ports(members: Iterable[Organisation]) -> tuple[Organisation, ...]:
    """The same organisations, at ports that are free now and that the system gives to nobody."""
    members = tuple(members)
    while True:
        found = tuple(replace(one, p2p_port=lasting_port(), rpc_port=lasting_port()) for one in members)
        ports = [port for seat in seats(found) for port in (seat.p2p_port, seat.rpc_port, seat.auth_port)]
        if len(set(ports)) == len(ports) and all(lasting_port(port) == port for port in ports):
            return found
