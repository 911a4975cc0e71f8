"""Every file of a network but keys: a table of paths and contents, and reading `network.json` back."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from node_api.chain.genesis_block import genesis_hash
from node_api.domain.ids import Address, Hash, UnixSeconds
from node_api.network import besu, geth
from node_api.network.checksums import LIST, checksum_list
from node_api.network.faults import FilesDiffer, NoNetwork
from node_api.network.genesis import genesis
from node_api.network.guide import guide
from node_api.network.plan import SHARED, Engine, Network, Node, Organisation, Parameters, Role, Seat
from node_api.network.rules import NAME_PATTERN, PORTS
from node_api.network.start_files import GATEWAY, compose, gateway_script, start_script, unit, unit_name

NETWORK_FILE, GENESIS_FILE = "network.json", "genesis.json"
FORMAT = 1
_READABLE, _RUNNABLE = 0o644, 0o755
_REMEDY = f"Put it back: each organisation's folder has a copy, {SHARED}/{NETWORK_FILE}"


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
        found = _record(json.loads(path.read_bytes()), "the plan")
        if found["format"] != FORMAT:
            raise NoNetwork(f"{path} has form {found['format']}, this release reads form {FORMAT}")
        return _network(found)
    except FileNotFoundError as error:
        raise NoNetwork(f"there is no network in {folder}: make one with `vouchertrail network create`") from error
    except KeyError as error:
        raise NoNetwork(f"{path} cannot be read: {error.args[0]} is missing. {_REMEDY}") from error
    except (OSError, ValueError, TypeError) as error:
        raise NoNetwork(f"{path} cannot be read: {error}. {_REMEDY}") from error


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
    entries = _rows(found, "organisations")
    nodes = [
        node for place, entry in enumerate(entries) for node in _nodes(_record(entry, f"organisations[{place}]"), place)
    ]
    names = [node.seat.name for node in nodes]
    _require(len(set(names)) == len(names), "the list of nodes", names, "must have each once")
    return Network(
        parameters=Parameters(
            name=_named(found["name"], "name"),
            engine=Engine(_text(found["engine"], "engine")),
            chain_id=_number(found["chain_id"], "chain_id"),
            block_time=_number(found["block_time"], "block_time"),
            gas_limit=_number(found["gas_limit"], "gas_limit"),
            genesis_at=UnixSeconds(_number(found["genesis_at"], "genesis_at")),
        ),
        nodes=tuple(nodes),
        signers_of_list={
            str(entry["name"]): _address(entry["account"], f"account of {entry['name']}") for entry in entries
        },
        accepted=tuple(_text(one, "accepted") for one in _rows(found, "accepted")),
        genesis_hash=Hash(_text(found["genesis_hash"], "genesis_hash")),
        validators=_addresses(found, "validators"),
        accounts=_addresses(found, "accounts"),
    )


def _nodes(entry: dict[str, object], place: int) -> list[Node]:
    name = _named(entry["name"], f"organisations[{place}].name")
    nodes = [_record(one, f"nodes of {name}") for one in _rows(entry, "nodes")]
    organisation = Organisation(
        name=name,
        title=_text(entry["title"], f"title of {name}"),
        host=_text(entry["host"], f"host of {name}"),
        roles=tuple(Role(_text(one["role"], f"role of {name}")) for one in nodes),
        rpc_host=_text(entry["rpc_host"], f"rpc_host of {name}"),
        rpc_jwt=None if entry["rpc_jwt"] is None else _text(entry["rpc_jwt"], f"rpc_jwt of {name}"),
        accounts=_addresses(entry, "accounts"),
    )
    return [
        Node(
            Seat(
                organisation,
                Role(_text(one["role"], f"role of {name}")),
                _number(one["p2p_port"], f"p2p_port of {name}", PORTS[1]),
                _number(one["rpc_port"], f"rpc_port of {name}", PORTS[1]),
            ),
            _matching(one["node_id"], r"[0-9a-f]{128}", f"node_id of {name}", "must be 128 hexadecimal digits"),
            None if one["signer"] is None else _address(one["signer"], f"signer of {name}"),
        )
        for one in nodes
    ]


def _require(true: bool, what: str, value: object, rule: str) -> None:
    if not true:
        raise ValueError(f"{what} is {str(value)[:200]!r}, {rule}")


def _record(found: object, what: str) -> dict[str, object]:
    _require(isinstance(found, dict), what, found, "must be an object")
    return cast("dict[str, object]", found)


def _rows(found: dict[str, object], what: str) -> list[dict[str, object]]:
    _require(isinstance(found[what], list), what, found[what], "must be an array")
    return cast("list[dict[str, object]]", found[what])


def _number(found: object, what: str, most: int = 2**53 - 1) -> int:
    _require(type(found) is int and 0 < found <= most, what, found, f"must be a number from 1 to {most:,}")
    return cast("int", found)


def _text(found: object, what: str) -> str:
    _require(isinstance(found, str), what, found, "must be a text")
    return cast("str", found)


def _matching(found: object, pattern: str, what: str, rule: str) -> str:
    _require(isinstance(found, str) and re.fullmatch(pattern, found) is not None, what, found, rule)
    return cast("str", found)


def _named(found: object, what: str) -> str:
    return _matching(found, NAME_PATTERN, what, "must be 1 to 30 small letters, digits and dashes, a letter first")


def _address(found: object, what: str) -> Address:
    return Address(_matching(found, r"0x[0-9a-fA-F]{40}", what, "must be 0x and 40 hexadecimal digits"))


def _addresses(found: dict[str, object], what: str) -> tuple[Address, ...]:
    return tuple(_address(one, what) for one in _rows(found, what))
