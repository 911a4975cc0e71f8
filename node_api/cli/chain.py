"""`vouchertrail chain`: the embedded chain's life."""

from __future__ import annotations

from dataclasses import asdict, replace

import rich_click as click

from node_api.chain.follower import head_of
from node_api.chain.handle import attach_nodes, ensure_chain, living_status, snapshot_chain, stop_chain
from node_api.chain.rpc import RpcClient
from node_api.chain.status import read_status
from node_api.chain.supervisor import Supervisor
from node_api.cli.options import CHAIN_FAULT, Shared, fail, shared_options
from node_api.logs import configure_supervisors_log
from node_api.safekeeping import require_restored


@click.group(name="chain")
def cli() -> None:
    """Start, look at and stop the embedded chain."""


@cli.command()
@click.option("--genesis-at", type=click.IntRange(min=1), help="Block time of block 0; counts at the first start only.")
@click.option("--foreground", is_flag=True, help="Supervise from this process, for service managers.")
@shared_options
def start(shared: Shared, genesis_at: int | None, foreground: bool) -> None:
    """Start the chain, or tell where it runs already."""
    if shared.settings.chain_url is not None:
        fail(
            "VOUCHERTRAIL_CHAIN_URL names a chain that others run: there is nothing to start here",
            CHAIN_FAULT,
            as_json=shared.as_json,
        )
    require_restored(shared.settings)
    options = shared.settings.embedded_chain()
    if genesis_at is not None:
        options = replace(options, genesis_at=genesis_at)
    if foreground:
        configure_supervisors_log()
        Supervisor(options, foreground=True).run()
        return
    handle = ensure_chain(options)
    shared.tell(asdict(handle), f"chain {handle.chain_id} answers at {handle.url}")


@cli.command()
@shared_options
def stop(shared: Shared) -> None:
    """Stop the chain in good order; it takes a last snapshot."""
    ran = stop_chain(shared.settings.chain_folder)
    shared.tell({"stopped": ran}, "the chain is stopped" if ran else "the chain was not running")


@cli.command()
@shared_options
def snapshot(shared: Shared) -> None:
    """Take a snapshot now."""
    block = snapshot_chain(shared.settings.chain_folder)
    shared.tell({"block": block}, f"snapshot of block {block} written")


@cli.command()
@shared_options
def status(shared: Shared) -> None:
    """Tell whether the chain runs, where, and how far it is. Exit code 3 where it does not run."""
    settings = shared.settings
    if (outside := settings.outside_chain()) is not None:
        handle = attach_nodes(outside)
        with handle.connect() as rpc:
            head = head_of(rpc)
        told = {**handle.told(), "head": head.number}
        shared.tell(told, f"chain {handle.chain_id} at {told['address']}, block {head.number}")
        return
    living = living_status(settings.chain_folder)
    if living is None:
        last = read_status(settings.chain_folder)
        shared.tell(
            {"running": False, "last": asdict(last) if last else None},
            "the chain does not run" + (f": {last.message}" if last and last.message else ""),
        )
        raise SystemExit(CHAIN_FAULT)
    head_number = head_of(RpcClient(living.url)).number if living.phase == "ready" else None
    shared.tell(
        {"running": True, "head": head_number, **asdict(living)},
        f"{living.phase}: chain {living.chain_id} at {living.url}, block {head_number}, "
        f"newest snapshot {living.snapshot}, anvil restarted {living.restarts} times"
        + (f"\n{living.message}" if living.message else ""),
    )
