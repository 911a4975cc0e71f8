"""A validator's keys in a second place: backup, restore, and holding a node back until nobody else seals with its keys.

Two nodes with the same keys, or one that has forgotten what it sealed, seal two blocks of one height; others then build on
either. So a node that was restored, or whose chain is lost, runs without sealing at first (`held.json` beside its keys). It is
let go once it has seen three rounds of blocks, all younger than that file, none of them sealed with its keys: whoever still had
these keys would have sealed in them, and what the node itself sealed before is older than all of them.
"""

from __future__ import annotations

import io
import tarfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from node_api.chain.durable import PRIVATE_FILE, private_folder, write_whole
from node_api.chain.rpc import RpcClient
from node_api.chain.rpc_values import quantity, record
from node_api.network.faults import FilesDiffer, NetworkFault
from node_api.network.files import read_network
from node_api.network.keys import NODE_KEY_FILE, SIGNER_FILE, account_of, node_id_of
from node_api.network.members import NotAMember, rewrite, validator_of
from node_api.network.plan import Network, Node
from node_api.network.processes import running
from node_api.network.sealing import begin_sealing, within
from node_api.network.standing import ROUNDS, sealers_of, window
from node_api.network.start_files import HELD

_ABOUT = "backup.json"
_NOT_KEPT = ("data", HELD)
_YOUNG_SECONDS, _YOUNG_BLOCKS = 30, 10


class Held(NetworkFault):
    """The node is not to seal: somebody else may have its keys in use."""


class KeysInUse(NetworkFault):
    """The keys are there already, or a node runs with them."""


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup says of itself.

    Attributes:
        network: name of the network.
        genesis_hash: of its block 0.
        organisation: whose validator it is.
        at: Unix seconds.
    """

    network: str
    genesis_hash: str
    organisation: str
    at: int


def back_up(folder: Path, organisation: str, file: Path) -> Backup:
    """Writes keys and settings of an organisation's validator into one file, mode 0600, without the chain, which every node has.

    Raises:
        NotAMember: it has no validator here.
        KeysInUse: the file is there already.
    """
    network = read_network(folder)
    place = folder / organisation / validator_of(network, organisation).seat.role
    about = Backup(network.parameters.name, network.genesis_hash, organisation, int(time.time()))
    if file.exists():
        raise KeysInUse(f"{file} is there already: a backup is never written over")
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for path in sorted(one for one in place.rglob("*") if one.is_file()):
            if path.relative_to(place).parts[0] not in _NOT_KEPT:
                archive.add(path, str(path.relative_to(place)))
        _add(archive, _ABOUT, orjson.dumps(asdict(about)))
    write_whole(file.absolute(), [content.getvalue()])
    return about


def restore(folder: Path, file: Path) -> Backup:
    """Puts a backup into its organisation's folder, held: it does not seal until it is let go.

    Raises:
        FilesDiffer: it is no backup, or one of another network, or of keys that the plan does not name any more.
        KeysInUse: there are keys already, or a node runs with them.
    """
    network = read_network(folder)
    try:
        with tarfile.open(file) as archive:
            found = {one.name: archive.extractfile(one).read() for one in archive if one.isfile()}  # type: ignore[union-attr]
        about = Backup(**orjson.loads(found.pop(_ABOUT)))
    except (tarfile.TarError, KeyError, TypeError, ValueError) as error:
        raise FilesDiffer(f"{file} is no backup of a validator: {error}") from error
    if about.genesis_hash != network.genesis_hash:
        raise FilesDiffer(
            f"{file} is of a network with block 0 {about.genesis_hash}, this one has {network.genesis_hash}"
        )
    node = validator_of(network, about.organisation)
    place = folder.resolve() / about.organisation / node.seat.role
    process = (running(folder) or {}).get(node.seat.name)
    _require_of_plan(file, node, found)
    if (place / NODE_KEY_FILE).exists() or (process is not None and process.pid):
        raise KeysInUse(f"{node.seat.name} has its keys, or runs: stop it, and move {place} away first")
    targets = {name: (place / name).resolve() for name in found}
    for name, target in targets.items():
        if not target.is_relative_to(place):
            raise FilesDiffer(f"{file} names a file outside the folder: {name}")
    hold(folder, about.organisation)
    for name in sorted(found, key=lambda one: one == NODE_KEY_FILE):  # last: without it a run that was cut off goes on
        target, content = targets[name], found[name]
        private_folder(target.parent)
        write_whole(target, [content])
    rewrite(folder, network)
    return about


def _require_of_plan(file: Path, node: Node, found: Mapping[str, bytes]) -> None:
    """Checks that the plan names these keys: geth would end at once with others, and nobody lets another node in."""
    try:
        if (node_id := node_id_of(found[NODE_KEY_FILE])) != node.node_id:
            there = f"the key of node {node_id[:16]}…, the plan's {node.seat.name} is {node.node_id[:16]}…"
        elif SIGNER_FILE in found and (account := account_of(found[SIGNER_FILE])) != node.signer:
            there = f"the key of {account}, the plan's {node.seat.name} seals with {node.signer}"
        else:
            return
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise FilesDiffer(f"{file} is no backup of a validator: {error}") from error
    raise FilesDiffer(f"{file} has {there}: take a backup that was made since the key was changed")


def hold(folder: Path, organisation: str) -> Path:
    """Has an organisation's validator run without sealing from its next start on; returns the file that says so.

    Raises:
        NotAMember: it has no validator here.
    """
    node = validator_of(read_network(folder), organisation)
    path = private_folder(folder.resolve() / organisation / node.seat.role) / HELD
    write_whole(path, [orjson.dumps({"since": int(time.time())})])
    return path


def require_free(rpc: RpcClient, network: Network, organisation: str, folder: Path) -> None:
    """Checks that nobody seals with a held validator's keys.

    Args:
        rpc: of a node that has the whole chain: with geth the held node itself.
        network: its plan.
        organisation: whose validator it is.
        folder: of the network.

    Raises:
        Held: somebody did within three rounds, or three rounds have not passed since it was held, or blocks do not come.
        NotAMember: it is not held, or there is no such validator.
        ChainError: the node does not answer.
    """
    node = validator_of(network, organisation)
    path = folder / organisation / node.seat.role / HELD
    if not path.exists():
        raise NotAMember(f"{node.seat.name} is not held")
    since = orjson.loads(path.read_bytes())["since"]
    head = record(rpc.call("eth_getBlockByNumber", ["latest", False]))
    height, age = quantity(head["number"]), time.time() - quantity(head["timestamp"])
    if age > max(_YOUNG_SECONDS, _YOUNG_BLOCKS * network.parameters.block_time):
        raise Held(f"the newest block here, {height}, is {age:.0f} s old: others have newer ones, or there are none")
    first = height - window(network) + 1
    oldest = record(rpc.call("eth_getBlockByNumber", [hex(max(first, 0)), False]))
    if first < 1 or quantity(oldest["timestamp"]) <= since:
        raise Held(f"{ROUNDS} rounds of blocks have not passed since the node was held: wait")
    sealers = sealers_of(rpc, network, range(first, height + 1))
    sealed = [number for number, one in sealers.items() if one == str(node.signer).lower()]
    if sealed:
        raise Held(
            f"block {sealed[-1]} was sealed with these keys: another node runs with them. End it, destroy its keys"
        )


def let_go(folder: Path, organisation: str, rpc: RpcClient | None) -> None:
    """Has the validator seal again, at once where it runs and answers; whoever calls has made sure that nobody else does.

    Raises:
        Held: it answers, but does not unlock its account.
        NotAMember: it has no validator here.
        ChainError: the node does not answer.
    """
    node = validator_of(read_network(folder), organisation)
    (folder / organisation / node.seat.role / HELD).unlink(missing_ok=True)
    signer = node.signer
    if rpc is not None and signer is not None and not within(lambda: begin_sealing(rpc, signer)):
        raise Held(f"{node.seat.name} does not unlock its account {signer}: see its log, and start it anew")


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = len(content), PRIVATE_FILE, int(time.time())
    archive.addfile(entry, io.BytesIO(content))
