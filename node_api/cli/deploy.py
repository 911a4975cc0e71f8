"""`vouchertrail deploy`: carry out the numbered deployment steps, once."""

from __future__ import annotations

import rich_click as click

from node_api.chain.deployment.engine import StepReport
from node_api.chain.deployment.run import deployer
from node_api.chain.handle import ChainHandle, attach_chain, ensure_chain
from node_api.cli.keys import key_ring
from node_api.cli.options import Shared, shared_options
from node_api.config import Settings


def open_chain(settings: Settings) -> ChainHandle:
    """The chain the settings name: one that others run, or the embedded one, started where it does not run."""
    if settings.chain_url is not None:
        return attach_chain(settings.chain_url, settings.chain_id, settings.chain_folder / "identity.json")
    return ensure_chain(settings.embedded_chain())


@click.command(name="deploy")
@click.option("--dry-run", is_flag=True, help="Show the steps and how far each is; send nothing.")
@click.option(
    "parameters",
    "--parameter",
    multiple=True,
    metavar="NAME=VALUE",
    help="Give a parameter another value than its default.",
)
@shared_options
def cli(shared: Shared, dry_run: bool, parameters: tuple[str, ...]) -> None:
    """Deploy this release's contracts. A run after a kill goes on where it was; a second run does nothing."""
    settings = shared.settings
    given = dict(_pair(entry) for entry in parameters)
    ring = key_ring(settings)
    if settings.chain_url is None:
        ring.create_missing()
    done: list[str] = []

    def report(told: StepReport) -> None:
        if told.state == "sent":
            done.append(told.step)
            if not shared.as_json:
                click.echo(f"{told.step:32} {told.what}")

    work = deployer(open_chain(settings), settings.deployments_folder, ring, parameters=given, report=report)
    if dry_run:
        steps = work.look()
        lines = "\n".join(f"{told.state:8} {told.step:32} {told.what}" for told in steps)
        shared.tell({"steps": [{"step": t.step, "state": t.state, "what": t.what} for t in steps]}, lines)
        return
    deployment = work.run()
    shared.tell(
        {
            "sent": done,
            "chain_id": deployment.chain_id,
            "genesis_hash": deployment.genesis_hash,
            "contracts": {name: entry.address for name, entry in deployment.contracts.items()},
        },
        f"{len(done)} steps carried out, {len(deployment.contracts)} contracts on chain {deployment.chain_id}"
        if done
        else f"nothing to do: every step is done on chain {deployment.chain_id}",
    )


def _pair(entry: str) -> tuple[str, str]:
    name, mark, value = entry.partition("=")
    if not mark:
        raise click.BadParameter(f"{entry!r} is not NAME=VALUE", param_hint="--parameter")
    return name, value
