"""What a network is to be: its parameters, its organisations, and the nodes that follow from them."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, replace
from enum import StrEnum

from node_api.domain.ids import Address, Hash, UnixSeconds

BASE_P2P_PORT, BASE_RPC_PORT = 30303, 8545
_AUTH_PORT_OFFSET = 1000
LOOPBACK = "127.0.0.1"
SHARED = "shared"
"""Folder of the files that all organisations have in common."""


class Engine(StrEnum):
    """Which program runs the nodes, and how they agree."""

    GETH_CLIQUE = "geth-clique"
    BESU_QBFT = "besu-qbft"


class Role(StrEnum):
    """What a node does: sign blocks, or only follow and answer."""

    VALIDATOR = "validator"
    OBSERVER = "observer"


@dataclass(frozen=True, slots=True)
class Parameters:
    """What all nodes must have in common.

    Attributes:
        name: of the network; part of file and service names.
        engine: program and consensus of all nodes.
        chain_id: EIP-155 chain id.
        block_time: seconds from block to block.
        gas_limit: of a block.
        genesis_at: block time of block 0.
    """

    name: str
    engine: Engine
    chain_id: int
    block_time: int
    gas_limit: int
    genesis_at: UnixSeconds


@dataclass(frozen=True, slots=True)
class OwnKeys:
    """Public keys of an organisation that made its keys itself.

    Attributes:
        account: signs the checksum list.
        nodes: 128 hexadecimal digits for each role of the organisation.
        signer: seals Clique blocks; None where it has no validator, and for QBFT, whose validators seal with the node's key.
    """

    account: Address
    nodes: dict[Role, str]
    signer: Address | None


@dataclass(frozen=True, slots=True)
class Organisation:
    """One member of the network, as its file describes it.

    Attributes:
        name: in folder and service names.
        title: for people.
        host: IP address or name at which the others reach its nodes.
        roles: one node for each.
        p2p_port, rpc_port: of its first node, the next one has the next port; None counts up at each host.
        rpc_host: address its observer answers JSON-RPC at; its validator answers on loopback alone.
        rpc_jwt: public key file against which Besu checks callers of an RPC that others can reach.
        accounts: accounts of it that may send transactions.
        keys: public keys, where it made its own.
    """

    name: str
    title: str
    host: str
    roles: tuple[Role, ...]
    p2p_port: int | None = None
    rpc_port: int | None = None
    rpc_host: str = LOOPBACK
    rpc_jwt: str | None = None
    accounts: tuple[Address, ...] = ()
    keys: OwnKeys | None = None


@dataclass(frozen=True, slots=True)
class Seat:
    """Where a node of an organisation runs, before it has keys."""

    organisation: Organisation
    role: Role
    p2p_port: int
    rpc_port: int

    @property
    def name(self) -> str:
        """`treasury-validator`."""
        return f"{self.organisation.name}-{self.role}"

    @property
    def rpc_host(self) -> str:
        """Address it answers JSON-RPC at."""
        return LOOPBACK if self.role is Role.VALIDATOR else self.organisation.rpc_host

    @property
    def url(self) -> str:
        """Where it answers JSON-RPC."""
        host = self.rpc_host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.rpc_port}"

    @property
    def auth_port(self) -> int:
        """Port of geth's engine API, which nobody uses here and which cannot be switched off."""
        return self.rpc_port + _AUTH_PORT_OFFSET


@dataclass(frozen=True, slots=True)
class Node:
    """A seat with its public keys.

    Attributes:
        seat: where it runs.
        node_id: public key of the node on the wire, 128 hexadecimal digits.
        signer: account that its blocks are sealed with; None for an observer.
    """

    seat: Seat
    node_id: str
    signer: Address | None

    @property
    def enode(self) -> str:
        """How others connect to it."""
        host = self.seat.organisation.host
        return f"enode://{self.node_id}@{f'[{host}]' if ':' in host else host}:{self.seat.p2p_port}"


@dataclass(frozen=True, slots=True)
class Network:
    """The whole plan, public parts only: what `network.json` holds.

    Attributes:
        parameters: what all nodes have in common.
        nodes: in the order of the organisations.
        signers_of_list: account of each organisation that signs the checksum list.
        accepted: names of the weaknesses that were accepted.
        genesis_hash: what block 0 has to be.
        validators: who might seal blocks at block 0, ascending.
        accounts: who might send transactions at block 0.
    """

    parameters: Parameters
    nodes: tuple[Node, ...]
    signers_of_list: dict[str, Address]
    accepted: tuple[str, ...]
    genesis_hash: Hash
    validators: tuple[Address, ...] = ()
    accounts: tuple[Address, ...] = ()

    @property
    def sealers(self) -> tuple[Address, ...]:
        """Whom the members' validators seal with by now, ascending; who of them may seal is what the chain says."""
        return tuple(sorted((node.signer for node in self.nodes if node.signer), key=str.lower))

    @property
    def senders(self) -> tuple[Address, ...]:
        """Accounts of the members by now, each once, in the order of the organisations."""
        return tuple(dict.fromkeys(one for node in self.nodes for one in node.seat.organisation.accounts))

    @property
    def organisations(self) -> tuple[Organisation, ...]:
        """The members, with the ports of their first nodes."""
        first = {node.seat.organisation.name: node.seat for node in reversed(self.nodes)}
        names = dict.fromkeys(node.seat.organisation.name for node in self.nodes)
        return tuple(
            replace(first[name].organisation, p2p_port=first[name].p2p_port, rpc_port=first[name].rpc_port)
            for name in names
        )


def seats(organisations: tuple[Organisation, ...]) -> tuple[Seat, ...]:
    """A seat for each role of each organisation; ports that are not given count up at each host."""
    found: list[Seat] = []
    for organisation in organisations:
        for place, role in enumerate(organisation.roles):
            before = sum(1 for seat in found if seat.organisation.host == organisation.host)
            p2p = BASE_P2P_PORT + before if organisation.p2p_port is None else organisation.p2p_port + place
            rpc = BASE_RPC_PORT + before if organisation.rpc_port is None else organisation.rpc_port + place
            found.append(Seat(organisation, role, p2p, rpc))
    return tuple(found)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the host."""
    address = as_ip(host)
    return host == "localhost" if address is None else address.is_loopback


def as_ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The host as an IP address; None where it is a name, or has a zone behind `%`, which may be any text."""
    if "%" in host:
        return None
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
