"""`vouchertrail network up|status|down`: the nodes of a network on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import rich_click as click

from node_api.cli.options import CHAIN_FAULT, USAGE, Shared, fail, shared_options
from node_api.domain.printable import counted
from node_api.network.create import network_folder
from node_api.network.faults import NetworkFault
from node_api.network.files import read_network
from node_api.network.plan import Network
from node_api.network.processes import (
    STOP_SECONDS,
    NotRunning,
    find_program,
    local_folder,
    node_log,
    running,
    start,
    stop,
    watching,
)
from node_api.network.rolling import come_back, stand_still
from node_api.network.rolling import restart as again
from node_api.network.stall_watch import STALLS, stalls_ended
from node_api.network.standing import NotUp, Standing, standings, wait_until_up

UP_SECONDS = 120.0
_NETWORK = click.option("--network", "named", help="Name, or folder; without it the only one of this node.")
_NODE = click.option("--node", help="Only this one, as treasury-validator; the others run.")


@click.command()
@_NETWORK
@click.option(
    "--program",
    envvar=["GETH", "BESU"],
    type=click.Path(path_type=Path, dir_okay=False),
    help="What runs the nodes; without it geth or besu on PATH, or what `make geth` built.",
)
@click.option("--seconds", type=float, default=UP_SECONDS, show_default=True, help="How long to wait for blocks.")
@click.option(
    "--watch/--no-watch", default=True, help="Whether to end Clique's stalls on branches of equal difficulty."
)
@_NODE
@shared_options
def up(shared: Shared, named: str | None, program: Path | None, seconds: float, watch: bool, node: str | None) -> None:
    """Start every node of the network on this machine, or one that stands still; they outlive this command."""
    with network_faults(shared):
        folder, network = _network(shared, named)
        if node is not None:
            _tell(shared, network, [come_back(folder, node, seconds)], {"started": True})
            return
        began = start(folder, network, find_program(network.parameters.engine, program), watch=watch)
        found = wait_until_up(folder, network, seconds)
    _tell(shared, network, found, {"started": began})


@click.command()
@_NETWORK
@shared_options
def status(shared: Shared, named: str | None) -> None:
    """Tell heights, hashes, peers, who sealed last and who is silent, lag and disk. Exit code 3 where no node answers."""
    with network_faults(shared):
        folder, network = _network(shared, named)
        found = standings(folder, network)
        ended, watches = stalls_ended(folder), list((watching(folder) or {}).values())
    more = {"supervised": running(folder) is not None, "watches": list(map(asdict, watches)), "stalls_ended": ended}
    _tell(shared, network, found, more)
    if ended and not shared.as_json:
        click.echo(f"{counted(len(ended), 'stall')} ended by a rewind, see {local_folder(folder) / STALLS}")
    for one in watches:
        if one.given_up and not shared.as_json:
            click.echo(f"{one.name} died again and again, and watches no more: see {node_log(folder, one.name)}")
    if all(one.height is None for one in found):
        raise SystemExit(CHAIN_FAULT)


@click.command()
@_NETWORK
@_NODE
@shared_options
def down(shared: Shared, named: str | None, node: str | None) -> None:
    """Stop the nodes of the network on this machine, or one of them, in good order."""
    with network_faults(shared):
        folder, network = _network(shared, named)
        if node is not None:
            stand_still(folder, node, STOP_SECONDS)
            shared.tell({"stopped": node}, f"{node} stopped; the others run")
            return
        ran = stop(folder)
    nodes = counted(len(network.nodes), "node")
    shared.tell({"stopped": ran}, f"{nodes} stopped" if ran else "the network was not running")


@click.command()
@click.option("--seconds", type=float, default=UP_SECONDS, show_default=True, help="How long to wait for each node.")
@_NETWORK
@shared_options
def restart(shared: Shared, named: str | None, seconds: float) -> None:
    """Start every node anew, each once the one before is as far as the others, so that blocks go on."""
    with network_faults(shared):
        folder, network = _network(shared, named)
        found = []
        for one in again(folder, seconds):
            found.append(one)
            if not shared.as_json:
                click.echo(_line(one))
    if shared.as_json:
        _tell(shared, network, found, {})


def _network(shared: Shared, named: str | None) -> tuple[Path, Network]:
    folder = network_folder(shared.settings.data / "networks", named)
    return folder, read_network(folder)


def _tell(shared: Shared, network: Network, found: list[Standing], more: dict[str, object]) -> None:
    fields: dict[str, object] = {"network": network.parameters.name, **more, "nodes": [asdict(one) for one in found]}
    shared.tell(fields, "\n".join(map(_line, found)))


def _line(one: Standing) -> str:
    if one.height is None:
        return f"{one.name:28} {one.url}  " + (f"runs (pid {one.pid}), does not answer" if one.pid else "does not run")
    seals = "" if one.sealed is None else f", sealed {one.sealed}"
    return (
        f"{one.name:28} {one.url}  block {one.height} {one.block_hash[:10]}, {one.lag} behind, "
        f"{counted(one.peers or 0, 'peer')}, {one.disk / 1e6:.1f} MB, restarted {one.restarts} times"
        + (", SILENT" if one.silent else seals)
    )


@contextmanager
def network_faults(shared: Shared) -> Iterator[None]:
    """Turns what is wrong with a network into exit codes."""
    try:
        yield
    except (NotRunning, NotUp) as fault:
        fail(str(fault), CHAIN_FAULT, kind=type(fault).__name__, as_json=shared.as_json)
    except NetworkFault as fault:
        fail(str(fault), USAGE, kind=type(fault).__name__, as_json=shared.as_json)
