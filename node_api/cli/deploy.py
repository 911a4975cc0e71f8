"""`vouchertrail deploy`: carry out the numbered deployment steps, once."""

from __future__ import annotations

from dataclasses import asdict

import rich_click as click

from node_api.chain.deployment.addresses import require_deployed
from node_api.chain.deployment.engine import StepReport
from node_api.chain.deployment.errors import ParameterFault
from node_api.chain.deployment.run import deployer
from node_api.chain.deployment.steps import Plan, load_plan, migrations_folder
from node_api.chain.handle import ChainHandle, attach_nodes, ensure_chain
from node_api.cli.keys import key_ring
from node_api.cli.options import USAGE, Shared, fail, shared_options
from node_api.config import Settings
from node_api.domain.printable import counted
from node_api.safekeeping import require_restored


def open_chain(settings: Settings) -> ChainHandle:
    """The chain the settings name: one that others run, or the embedded one, started where it does not run."""
    require_restored(settings)
    outside = settings.outside_chain()
    if outside is not None:
        return attach_nodes(outside)
    return ensure_chain(settings.embedded_chain())


def open_deployed_chain(settings: Settings) -> ChainHandle:
    """The chain, for commands that need the contracts. No chain is begun for them: a chain's first second is final.

    Raises:
        NotDeployed: no contracts are on record here.
    """
    require_deployed(settings.deployments_folder, settings.chain_id)
    return open_chain(settings)


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
    try:
        plan = load_plan(migrations_folder(), dict(_pair(entry) for entry in parameters))
    except ParameterFault as fault:
        fail(str(fault), USAGE, kind=type(fault).__name__, as_json=shared.as_json)
    require_restored(shared.settings)
    if shared.settings.chain_url is None:
        key_ring(shared.settings).create_missing()
    deploy_to(shared, open_chain(shared.settings), dry_run, plan)


def deploy_to(shared: Shared, handle: ChainHandle, dry_run: bool, plan: Plan | None = None) -> None:
    """Deploys to the chain, or shows the plan, and tells about it; without a plan, that of the parameters' defaults."""
    sent: list[str] = []

    def report(told: StepReport) -> None:
        if told.state == "sent":
            sent.append(told.step)
            if not shared.as_json:
                click.echo(f"{told.step:42} {told.what}")

    settings = shared.settings
    work = deployer(handle, settings.deployments_folder, key_ring(settings), plan=plan, report=report)
    if dry_run:
        steps = work.look()
        lines = "\n".join(f"{told.state:8} {told.step:42} {told.what}" for told in steps)
        shared.tell({"steps": [asdict(told) for told in steps]}, lines)
        return
    deployment = work.run()
    addresses = {name: entry.address for name, entry in deployment.contracts.items()}
    shared.tell(
        {"sent": sent, "chain_id": handle.chain_id, "genesis_hash": handle.genesis_hash, "contracts": addresses},
        f"{counted(len(sent), 'step')} carried out, {counted(len(addresses), 'contract')} on chain {handle.chain_id}"
        if sent
        else f"nothing to do: every step is done on chain {handle.chain_id}",
    )


def _pair(entry: str) -> tuple[str, str]:
    name, mark, value = entry.partition("=")
    if not mark:
        raise click.BadParameter(f"{entry!r} is not NAME=VALUE", param_hint="--parameter")
    return name, value
