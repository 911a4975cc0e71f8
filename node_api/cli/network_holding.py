"""`vouchertrail network validator backup|restore|hold|release`: keys in a second place, and never two blocks of one height."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path

import rich_click as click

from node_api.chain.rpc import RpcClient
from node_api.chain.rpc_errors import RpcUnavailable
from node_api.cli.network_members import faults, network_option, own_folder, validator_client
from node_api.cli.options import Shared, shared_options
from node_api.network.files import read_network
from node_api.network.holding import Held, back_up, let_go, require_free
from node_api.network.holding import hold as hold_back
from node_api.network.holding import restore as bring_back
from node_api.network.plan import Engine

_FILE = click.Path(path_type=Path, dir_okay=False)
_WAIT_SECONDS = 0.0


@click.command()
@click.argument("organisation")
@click.argument("file", type=_FILE)
@network_option
@shared_options
def backup(shared: Shared, named: str | None, organisation: str, file: Path) -> None:
    """Write keys and settings of ORGANISATION's validator into FILE, mode 0600. Whoever reads it can seal in its name."""
    with faults(shared):
        about = back_up(own_folder(shared, named), organisation, file)
    shared.tell(
        asdict(about), f"keys and settings of {organisation}'s validator are in {file}; keep it as you keep keys"
    )


@click.command()
@click.argument("file", type=_FILE)
@network_option
@shared_options
def restore(shared: Shared, named: str | None, file: Path) -> None:
    """Put a backup back. The validator runs, but seals nothing until `release` finds that nobody else has its keys in use."""
    with faults(shared):
        about = bring_back(own_folder(shared, named), file)
    shared.tell(
        asdict(about), f"{about.organisation}'s validator is back, and held: start it, then `validator release`"
    )


@click.command()
@click.argument("organisation")
@network_option
@shared_options
def hold(shared: Shared, named: str | None, organisation: str) -> None:
    """Have ORGANISATION's validator seal nothing from its next start on: do so before it starts without its chain."""
    with faults(shared):
        path = hold_back(own_folder(shared, named), organisation)
    shared.tell({"held": str(path)}, f"{organisation}'s validator seals nothing once started anew: {path}")


@click.command()
@click.argument("organisation")
@click.option(
    "--beside", help="JSON-RPC of another's node that is asked; needed for Besu, whose held node does not run."
)
@click.option("--seconds", type=float, default=_WAIT_SECONDS, show_default=True, help="How long to wait until it may.")
@click.option("--old-is-destroyed", is_flag=True, help="Ask nobody: you know that no other copy of the keys can run.")
@network_option
@shared_options
def release(
    shared: Shared, named: str | None, organisation: str, beside: str | None, seconds: float, old_is_destroyed: bool
) -> None:
    """Have ORGANISATION's held validator seal again, once three rounds of blocks show that nobody else seals with its keys."""
    with faults(shared):
        folder = own_folder(shared, named)
        network = read_network(folder)
        clique = network.parameters.engine is Engine.GETH_CLIQUE
        with validator_client(network, organisation) as own, RpcClient(beside or own.url) as asked:
            deadline = time.monotonic() + seconds
            while not old_is_destroyed:
                try:
                    require_free(asked, network, organisation, folder)
                    break
                except (Held, RpcUnavailable):
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(network.parameters.block_time)
            let_go(folder, organisation, own if clique else None)
    shared.tell(
        {"released": organisation}, f"{organisation}'s validator seals again" + ("" if clique else ": start it")
    )
