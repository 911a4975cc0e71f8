"""`vouchertrail observe`: the node of a body that looks on, above all a regulator's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import rich_click as click

from node_api.cli.deploy import open_deployed_chain
from node_api.cli.options import FAULT, Shared, fail, shared_options
from node_api.cli.serve import listening_options, require_fit, serve_until_told, starting_faults
from node_api.network.faults import NetworkFault
from node_api.network.files import read_network

if TYPE_CHECKING:
    from node_api.watching import Watched

F = TypeVar("F", bound=Callable[..., object])


def watch_options(command: F) -> F:
    """Adds `--network` and `--beside`."""
    network = click.option(
        "--network",
        type=click.Path(path_type=Path, exists=True, file_okay=False),
        help="The network's folder, whose plan says how often blocks come.",
    )
    beside = click.option(
        "--beside", multiple=True, metavar="URL", help="JSON-RPC of another's node, to compare blocks."
    )
    return network(beside(command))


def watched(shared: Shared, network: Path | None, beside: tuple[str, ...]) -> Watched:
    """What the watch is told; ends the command where the plan cannot be read."""
    from node_api.watching import Watched

    try:
        return Watched(None if network is None else read_network(network).parameters.block_time, beside)
    except NetworkFault as fault:
        fail(str(fault), FAULT, kind=type(fault).__name__, as_json=shared.as_json)


@click.command(name="observe")
@listening_options
@watch_options
@shared_options
def cli(shared: Shared, host: str, port: int, public: bool, network: Path | None, beside: tuple[str, ...]) -> None:
    """Serve what is read off the chain, from an index of this node's own, without any key; writes are refused.

    It watches the chain itself, too: `vouchertrail audit findings`.
    """
    require_fit(shared, host, public=public)
    from node_api.observer import build_observer

    told = watched(shared, network, beside)
    with starting_faults(shared), build_observer(shared.settings, open_deployed_chain(shared.settings), told) as node:
        serve_until_told(shared, node.api, host, port)
