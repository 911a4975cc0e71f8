"""The lines of the network: a town loaded on five signers and an observer, all on this machine, and redeemed in batches.

Its node sends to the signers, reads from the observer, and answers once a redemption is final there.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from bench.geths import FIRST, geth, made
from bench.redemptions.folder import bend_folder
from bench.redemptions.lines import BATCH, Kind, Length, Line, by_node, measure_at
from bench.redemptions.lines import measure as measure_alone
from bench.redemptions.town import Place, Town, command, load_town
from bench.redemptions.traffic import drawn, neighbours
from node_api.chain.keys import KeyRole
from node_api.cli.keys import key_ring
from node_api.config import Settings
from node_api.domain.ids import Address
from node_api.network.plan import Network, Role
from node_api.network.standing import standings
from node_api.network.trial import running

_SIGNERS = 5
_CONNECTIONS = 80
"""An answer takes some four blocks: enough that each of them is full."""
_WARM_UP = _CONNECTIONS * BATCH
_SHORTEST = 90.0
KINDS = {
    "drawn": Kind("five signers and an observer, batches of 100, drawn", by_node(drawn, BATCH, _CONNECTIONS), False),
    "neighbours": Kind("… neighbours", by_node(neighbours, BATCH, _CONNECTIONS), False),
}


def measure(alone: Town, source: Path, work: Path, length: Length, cores: int) -> list[Line]:
    """Both lines, behind the same of one node alone; each begins as it was once the town was loaded."""
    program, folder, data = geth(), work / "network", work / "town"
    work.mkdir()
    found = [measure_alone(name, alone, work, length, cores) for name in ("batch", "neighbours")]
    network = _made_for(data, folder)
    told = {"VOUCHERTRAIL_NETWORK": str(folder), "VOUCHERTRAIL_ORGANISATION": FIRST}
    settings = Settings(data=data, network=str(folder), organisation=FIRST)
    with running(folder, network, program):
        town = load_town(bend_folder(source, work / "import"), settings, told)
    longer = replace(length, seconds=max(length.seconds, _SHORTEST), warm_up=max(length.warm_up, _WARM_UP))
    for kind in KINDS.values():
        with _as_loaded(work, (folder, data)), running(folder, network, program):
            found.append(measure_at(kind, town, _place(data, folder, network, told), longer, cores))
    return found


def _made_for(data: Path, folder: Path) -> Network:
    """A network on which the accounts of a node's new key files may send."""
    command(data, "keys", "create")
    ring = key_ring(Settings(data=data))
    senders = [Address(ring.address(role)) for role in ring.present() if role is not KeyRole.WALLET_MASTER]
    return made(folder, _SIGNERS, senders)


def _place(data: Path, folder: Path, network: Network, told: dict[str, str]) -> Place:
    """A signer tells what calls cost: the observer serves no traces."""
    signer = next(node for node in network.nodes if node.seat.role is Role.VALIDATOR)
    return Place(data, signer.seat.url, {one.name: one.pid for one in standings(folder, network)}, told)


@contextmanager
def _as_loaded(work: Path, folders: tuple[Path, ...]) -> Iterator[None]:
    """Puts the folders back afterwards as they were: the plan names their places, so no copy of them can be run."""
    for folder in folders:
        shutil.copytree(folder, work / "kept" / folder.name)
    try:
        yield
    finally:
        for folder in folders:
            shutil.rmtree(folder)
            (work / "kept" / folder.name).rename(folder)
