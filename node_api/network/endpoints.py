"""Where the nodes of a network are read and written: the settings of a voucher node that follow from the network's plan."""

from __future__ import annotations

import os
from pathlib import Path

from node_api.chain.profile import GAS_A_SECOND
from node_api.network.create import network_folder
from node_api.network.faults import NetworkFault, NoNetwork
from node_api.network.files import read_network
from node_api.network.plan import Engine, Network, Node, Role, is_loopback

_STILL_SECONDS, _STILL_BLOCKS = (
    15,
    5,
)  # a signer that is down makes the others wait for half a second, and one hangs now and then
_BEFORE_SECONDS = 0.3
"""Calls are sent so long before a block: time enough for it, and less than others take to ask for what geth announces."""


def planned(networks: Path, named: str, organisation: str | None) -> dict[str, object]:
    """Settings by their names.

    Args:
        networks: folder of the networks made here.
        named: name below it, or a folder.
        organisation: whose voucher node it is; None: of nobody in particular, as where all nodes are on this machine.

    Raises:
        ValueError: there is no such network, or no such organisation in it, or none of its nodes can be reached from here.
    """
    try:
        network = read_network(network_folder(networks, named))
        readers, senders = _readers(network, organisation), _senders(network, organisation)
    except NetworkFault as fault:
        raise ValueError(str(fault)) from fault
    return {
        "chain_id": network.parameters.chain_id,
        "chain_genesis_hash": network.genesis_hash,
        "chain_engine": network.parameters.engine.value,
        "chain_url": ",".join(readers),
        "chain_send_url": ",".join(senders),
        "chain_still_seconds": max(_STILL_SECONDS, _STILL_BLOCKS * network.parameters.block_time),
        **_sending(network),
    }


def _sending(network: Network) -> dict[str, object]:
    """How much is sent between two blocks of Clique, and when.

    As much as the nodes carry out in a block's time: a signer does so twice, to make its own block and to check another's. Where
    all are on this machine, they share its cores; then calls are sent so late that the signer whose turn it is has them, and the
    others only after they have begun blocks of their own.
    """
    parameters = network.parameters
    if parameters.engine is not Engine.GETH_CLIQUE:
        return {}
    if not all(map(_is_near, network.nodes)):
        return {"chain_block_gas": min(parameters.gas_limit, parameters.block_time * GAS_A_SECOND // 2)}
    gas = parameters.block_time * GAS_A_SECOND * (os.cpu_count() or 1) // (len(network.nodes) + 1)
    hold = parameters.block_time - _BEFORE_SECONDS
    return {"chain_block_gas": min(parameters.gas_limit, gas), "chain_hold_seconds": hold}


def _readers(network: Network, organisation: str | None) -> list[str]:
    """Observers first, the organisation's own at the head; validators after them, which have their blocks to make."""
    found = [
        *_urls(network, Role.OBSERVER, organisation, own=True),
        *_urls(network, Role.OBSERVER, organisation, own=False),
        *_urls(network, Role.VALIDATOR, organisation, own=True),
    ]
    found = found or _urls(network, Role.VALIDATOR, organisation, own=False)
    if not found:
        raise NoNetwork(f"no node of {network.parameters.name} can be reached from here: name your organisation")
    return found


def _senders(network: Network, organisation: str | None) -> list[str]:
    """Validators, the organisation's own at the head."""
    return [url for own in (True, False) for url in _urls(network, Role.VALIDATOR, organisation, own=own)]


def _urls(network: Network, role: Role, organisation: str | None, *, own: bool) -> list[str]:
    """Addresses of nodes that can be reached from the organisation's machine."""
    names = {node.seat.organisation.name for node in network.nodes}
    if organisation is not None and organisation not in names:
        raise NoNetwork(f"{organisation} is no organisation of {network.parameters.name}: {', '.join(sorted(names))}")
    return [
        node.seat.url
        for node in network.nodes
        if node.seat.role is role
        and (node.seat.organisation.name == organisation) is own
        and (own or _is_near(node) or not is_loopback(node.seat.rpc_host))
    ]


def _is_near(node: Node) -> bool:
    """Whether the node is on this machine, as all of a network on loopback are."""
    return is_loopback(node.seat.organisation.host)
