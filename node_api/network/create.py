"""Makes a network's folder: keys that are missing, then files that are missing; nothing that is there is written over."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from node_api.chain.durable import alone, private_folder, write_whole
from node_api.chain.genesis_block import genesis_hash
from node_api.domain.ids import Address, Hash
from node_api.network.faults import NoNetwork, PlanDiffers
from node_api.network.files import NETWORK_FILE, all_files, read_network
from node_api.network.genesis import genesis
from node_api.network.keys import key_files, make_keys, seal_account
from node_api.network.plan import SHARED, Engine, Network, Node, Organisation, OwnKeys, Parameters, Role, Seat, seats
from node_api.network.rules import require_sound

_STAND_IN = OwnKeys(Address("0x" + "0" * 40), dict.fromkeys(Role, "0" * 128), Address("0x" + "0" * 40))


@dataclass(frozen=True, slots=True)
class Created:
    """A network's plan, and the files that were made for it now, below its folder."""

    network: Network
    made: tuple[str, ...]


def create_network(
    folder: Path, parameters: Parameters, organisations: tuple[Organisation, ...], accepted: Collection[str]
) -> Created:
    """Makes the network, or what a run that was cut off left out; the time of block 0 is that of the first run.

    Raises:
        PlanRefused: values break rules; nothing was written.
        PlanDiffers: another network has that name; nothing was written.
        KeyFault: a key file that is there cannot be used.
        OSError: the disk takes nothing.
    """
    weak = require_sound(parameters, organisations, accepted)
    with held(folder):
        known = _known(folder)
        if known is not None:
            _require_same(known, parameters, organisations)
            _require_keys(folder, organisations, parameters.engine)
            parameters = replace(parameters, genesis_at=known.parameters.genesis_at)
        keys = {
            one.name: one.keys or make_keys(folder.resolve() / one.name, one, parameters.engine)
            for one in organisations
        }
        network = _assembled(parameters, organisations, keys, weak)
        if known is not None and known != network:
            raise PlanDiffers(f"{folder} holds a network with other keys: put them back, or take another name")
        return Created(network, tuple(_write_missing(folder, network)))


def planned_files(
    folder: Path, parameters: Parameters, organisations: tuple[Organisation, ...], accepted: Collection[str]
) -> tuple[str, ...]:
    """Files that `create_network` would make now, keys apart; writes nothing.

    Raises:
        PlanRefused, PlanDiffers: as `create_network` would.
    """
    weak = require_sound(parameters, organisations, accepted)
    known = _known(folder)
    if known is not None:
        _require_same(known, parameters, organisations)
    network = _assembled(parameters, organisations, {one.name: _STAND_IN for one in organisations}, weak)
    return tuple(path for path in all_files(network) if not (folder / path).exists())


def _known(folder: Path) -> Network | None:
    return read_network(folder) if (folder / SHARED / NETWORK_FILE).exists() else None


def _require_same(known: Network, parameters: Parameters, organisations: tuple[Organisation, ...]) -> None:
    before = set(_lines(known.parameters, (node.seat for node in known.nodes)))
    now = set(_lines(parameters, seats(organisations)))
    if before != now:
        there, wanted = "; ".join(sorted(before - now)), "; ".join(sorted(now - before))
        raise PlanDiffers(
            f"there is a network {parameters.name} already, with {there or 'less'}, not {wanted or 'less'}. "
            "A network's plan is for ever: take another name"
        )


def _require_keys(folder: Path, organisations: tuple[Organisation, ...], engine: Engine) -> None:
    """Checks that all keys of a network that is there already lie here: new ones would be nobody's, in the place of the lost."""
    made = [one for one in organisations if one.keys is None]
    missing = [path for one in made for path in key_files(folder / one.name, one, engine) if not path.exists()]
    if missing:
        raise PlanDiffers(
            f"{folder} holds a network with other keys than would be made now: put back "
            f"{', '.join(map(str, missing))}. Nothing was written"
        )


def _lines(parameters: Parameters, places: Iterable[Seat]) -> Iterator[str]:
    """What makes a plan, apart from keys and the time of block 0, a line for each part."""
    yield f"engine {parameters.engine}"
    yield f"chain id {parameters.chain_id}"
    yield f"block time {parameters.block_time}"
    yield f"gas limit {parameters.gas_limit}"
    for seat in places:
        one = seat.organisation
        yield f"{seat.name} ({one.title}) at {one.host}:{seat.p2p_port}, RPC {seat.rpc_host}:{seat.rpc_port}"
        yield f"{one.name}: accounts {', '.join(one.accounts) or 'none'}, rpc_jwt {one.rpc_jwt or 'none'}"


def _assembled(
    parameters: Parameters, organisations: tuple[Organisation, ...], keys: dict[str, OwnKeys], weak: tuple[str, ...]
) -> Network:
    nodes = tuple(node_of(parameters.engine, seat, keys[seat.organisation.name]) for seat in seats(organisations))
    accounts = {name: own.account for name, own in keys.items()}
    network = Network(parameters, nodes, accounts, weak, Hash(""))
    content = genesis(parameters, network.sealers, network.senders)
    return replace(network, genesis_hash=genesis_hash(content), validators=network.sealers, accounts=network.senders)


def node_of(engine: Engine, seat: Seat, keys: OwnKeys) -> Node:
    """The seat with the public keys of its organisation."""
    node_id = keys.nodes[seat.role]
    sealer = keys.signer if engine is Engine.GETH_CLIQUE else seal_account(node_id)
    plain = replace(seat.organisation, p2p_port=None, rpc_port=None, keys=None)
    return Node(replace(seat, organisation=plain), node_id, sealer if seat.role is Role.VALIDATOR else None)


def _write_missing(folder: Path, network: Network) -> Iterator[str]:
    for path, file in all_files(network).items():
        place = folder.resolve() / path
        if not place.exists():
            private_folder(place.parent)
            write_whole(place, [file.content.encode()], mode=file.mode)
            yield path


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Only one process at a time makes keys and files of a network."""
    with alone(folder.resolve() / ".lock"):
        yield


def network_folder(networks: Path, named: str | None) -> Path:
    """The folder of the network that is meant: a path, a name below `networks`, or the only one there.

    Raises:
        NoNetwork: there is none, or several and none was named.
    """
    if named is not None:
        here = Path(named)
        return here if (here / SHARED).is_dir() else networks / named
    found = sorted(path for path in networks.glob("*") if (path / SHARED / NETWORK_FILE).exists())
    if len(found) != 1:
        names = ", ".join(path.name for path in found)
        raise NoNetwork(f"name the network: there are {names}" if names else f"there is no network in {networks}")
    return found[0]
