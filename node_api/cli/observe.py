"""`vouchertrail observe`: the node of a body that looks on, above all a regulator's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import rich_click as click

from node_api.chain.keys import read_private
from node_api.cli.deploy import open_deployed_chain
from node_api.cli.options import Shared, shared_options
from node_api.cli.serve import listening_options, require_fit, serve_until_told, starting_faults
from node_api.config import Settings
from node_api.network.create import network_folder
from node_api.network.files import read_network

if TYPE_CHECKING:
    from node_api.watching import Watched

F = TypeVar("F", bound=Callable[..., object])


def watch_options(command: F) -> F:
    """Adds `--beside`."""
    return click.option(
        "--beside",
        type=click.Path(path_type=Path, exists=True, dir_okay=False),
        help="File of others' nodes, to compare blocks: on each line an address, and the token it takes from us.",
    )(command)


def watched(settings: Settings, beside: Path | None) -> Watched:
    """What the watch is told: the block time by the network's plan, others' nodes by the file.

    Raises:
        KeyExposed: the file can be read by others.
    """
    from node_api.watching import Watched

    lines = [] if beside is None else read_private(beside).decode("ascii", "replace").splitlines()
    others = tuple((url, token[0] if token else None) for url, *token in map(str.split, filter(str.strip, lines)))
    if settings.network is None:
        return Watched(None, others)
    network = read_network(network_folder(settings.data / "networks", settings.network))
    return Watched(network.parameters.block_time, others)


@click.command(name="observe")
@listening_options
@watch_options
@shared_options
def cli(shared: Shared, host: str, port: int, public: bool, beside: Path | None) -> None:
    """Serve what is read off the chain, from an index of this node's own, without any key; writes are refused.

    It watches the chain itself, too: `vouchertrail audit findings`.
    """
    require_fit(shared, host, public=public)
    from node_api.observer import build_observer

    told = watched(shared.settings, beside)
    with starting_faults(shared), build_observer(shared.settings, open_deployed_chain(shared.settings), told) as node:
        serve_until_told(shared, node.api, host, port)
