"""Every file of a network but keys: a table of paths and contents, and reading `network.json` back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from node_api.chain.genesis_block import genesis_hash
from node_api.domain.ids import Address, Hash, UnixSeconds
from node_api.network import besu, geth
from node_api.network.checksums import LIST, checksum_list
from node_api.network.faults import FilesDiffer, NoNetwork
from node_api.network.genesis import genesis
from node_api.network.guide import guide
from node_api.network.plan import SHARED, Engine, Network, Node, Organisation, Parameters, Role, Seat
from node_api.network.start_files import GATEWAY, compose, gateway_script, start_script, unit, unit_name

NETWORK_FILE, GENESIS_FILE = "network.json", "genesis.json"
FORMAT = 1
_READABLE, _RUNNABLE = 0o644, 0o755


@dataclass(frozen=True, slots=True)
class File:
    """A file's content and mode."""

    content: str
    mode: int = _READABLE


def all_files(network: Network) -> dict[str, File]:
    """Paths below the network's folder → files, in the order to write them: the plan itself first, so that it is known
    to a run that goes on where one was cut off.
    """
    shared = _shared(network)
    found = {f"{SHARED}/{path}": file for path, file in shared.items()}
    for name in dict.fromkeys(node.seat.organisation.name for node in network.nodes):
        own = [node for node in network.nodes if node.seat.organisation.name == name]
        found |= {f"{name}/{path}": file for path, file in _of_organisation(network, own).items()}
        found |= {f"{name}/{SHARED}/{path}": file for path, file in shared.items()}
    if len({node.seat.organisation.host for node in network.nodes}) == 1:
        found["compose.yaml"] = File(compose(network, network.nodes, whole=True))
    return found


def plan_file(folder: Path) -> Path:
    """`network.json`."""
    return folder / SHARED / NETWORK_FILE


def read_network(folder: Path) -> Network:
    """The plan of the network whose folder, or folder of one organisation, this is.

    Raises:
        NoNetwork: there is no readable `network.json`.
    """
    path = plan_file(folder)
    try:
        found = json.loads(path.read_bytes())
        if found["format"] != FORMAT:
            raise NoNetwork(f"{path} has form {found['format']}, this release reads form {FORMAT}")
        return _network(found)
    except FileNotFoundError as error:
        raise NoNetwork(f"there is no network in {folder}: make one with `vouchertrail network create`") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NoNetwork(f"{path} cannot be read: {type(error).__name__}: {error}") from error


def require_derived(folder: Path, network: Network) -> None:
    """Checks that the genesis file is the one this plan leads to, validators, accounts and hash: nobody has to read it by eye.

    Raises:
        FilesDiffer: it is another one, or cannot be read.
    """
    path = folder / SHARED / GENESIS_FILE
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise FilesDiffer(f"{path} cannot be read: {error}") from error
    planned = genesis(network.parameters, network.validators, network.accounts)
    if found != planned:
        differing = sorted(name for name in {*found, *planned} if found.get(name) != planned.get(name))
        raise FilesDiffer(f"{path} is not the genesis of this plan: {', '.join(differing)} differ")
    if genesis_hash(found) != network.genesis_hash:
        raise FilesDiffer(f"block 0 has the hash {genesis_hash(found)}, the plan says {network.genesis_hash}")


def described(network: Network) -> dict[str, object]:
    """What `network.json` says."""
    parameters = network.parameters
    return {
        "format": FORMAT,
        "name": parameters.name,
        "engine": parameters.engine,
        "chain_id": parameters.chain_id,
        "block_time": parameters.block_time,
        "gas_limit": parameters.gas_limit,
        "genesis_at": parameters.genesis_at,
        "genesis_hash": network.genesis_hash,
        "validators": list(network.validators),
        "accounts": list(network.accounts),
        "accepted": list(network.accepted),
        "organisations": [_organisation(network, name, account) for name, account in network.signers_of_list.items()],
    }


def _shared(network: Network) -> dict[str, File]:
    contents = {
        NETWORK_FILE: json.dumps(described(network), indent=2, ensure_ascii=False) + "\n",
        GENESIS_FILE: json.dumps(genesis(network.parameters, network.validators, network.accounts), indent=2) + "\n",
    }
    if network.parameters.engine is Engine.BESU_QBFT:
        contents |= {besu.STATIC_NODES: besu.static_nodes(network), besu.PERMISSIONS: besu.permissions(network)}
    listed = {**contents, LIST: checksum_list({name: content.encode() for name, content in contents.items()})}
    return {name: File(content) for name, content in listed.items()}


def _of_organisation(network: Network, own: list[Node]) -> dict[str, File]:
    found = {"README.md": File(guide(network, own)), "compose.yaml": File(compose(network, own, whole=False))}
    for node in own:
        role = node.seat.role
        found[f"{role}/start.sh"] = File(start_script(network, node), _RUNNABLE)
        found[f"{role}/{unit_name(network, node)}"] = File(unit(network, node))
        if network.parameters.engine is Engine.GETH_CLIQUE:
            found[f"{role}/{geth.CONFIG}"] = File(geth.config(network, node))
            if role is Role.OBSERVER:
                found[f"{role}/{GATEWAY}"] = File(gateway_script(node), _RUNNABLE)
            continue
        found[f"{role}/{besu.CONFIG}"] = File(besu.config(network, node))
        found[f"{role}/{besu.DATA}/{besu.STATIC_NODES}"] = File(besu.static_nodes(network))
        found[f"{role}/{besu.DATA}/{besu.PERMISSIONS}"] = File(besu.permissions(network))
    return found


def _organisation(network: Network, name: str, account: Address) -> dict[str, object]:
    own = [node for node in network.nodes if node.seat.organisation.name == name]
    organisation = own[0].seat.organisation
    return {
        "name": name,
        "title": organisation.title,
        "account": account,
        "host": organisation.host,
        "rpc_host": organisation.rpc_host,
        "rpc_jwt": organisation.rpc_jwt,
        "accounts": list(organisation.accounts),
        "nodes": [
            {
                "role": node.seat.role,
                "enode": node.enode,
                "node_id": node.node_id,
                "p2p_port": node.seat.p2p_port,
                "rpc_port": node.seat.rpc_port,
                "signer": node.signer,
            }
            for node in own
        ],
    }


def _network(found: dict[str, object]) -> Network:
    entries = found["organisations"]
    assert isinstance(entries, list)
    return Network(
        parameters=Parameters(
            name=str(found["name"]),
            engine=Engine(str(found["engine"])),
            chain_id=int(str(found["chain_id"])),
            block_time=int(str(found["block_time"])),
            gas_limit=int(str(found["gas_limit"])),
            genesis_at=UnixSeconds(int(str(found["genesis_at"]))),
        ),
        nodes=tuple(node for entry in entries for node in _nodes(entry)),
        signers_of_list={entry["name"]: Address(entry["account"]) for entry in entries},
        accepted=tuple(map(str, found["accepted"])) if isinstance(found["accepted"], list) else (),
        genesis_hash=Hash(str(found["genesis_hash"])),
        validators=_addresses(found["validators"]),
        accounts=_addresses(found["accounts"]),
    )


def _addresses(found: object) -> tuple[Address, ...]:
    return tuple(map(Address, found)) if isinstance(found, list) else ()


def _nodes(entry: dict[str, object]) -> list[Node]:
    nodes, accounts = entry["nodes"], entry["accounts"]
    assert isinstance(nodes, list)
    assert isinstance(accounts, list)
    organisation = Organisation(
        name=str(entry["name"]),
        title=str(entry["title"]),
        host=str(entry["host"]),
        roles=tuple(Role(one["role"]) for one in nodes),
        rpc_host=str(entry["rpc_host"]),
        rpc_jwt=None if entry["rpc_jwt"] is None else str(entry["rpc_jwt"]),
        accounts=tuple(map(Address, accounts)),
    )
    return [
        Node(
            Seat(organisation, Role(one["role"]), one["p2p_port"], one["rpc_port"]),
            one["node_id"],
            None if one["signer"] is None else Address(one["signer"]),
        )
        for one in nodes
    ]
