"""One call that deploys this release's contracts: what the commands, the demonstration and tests use."""

from __future__ import annotations

from pathlib import Path

from node_api.chain.deployment.addresses import Deployment
from node_api.chain.deployment.engine import Deployer, Reporter
from node_api.chain.deployment.resolve import Accounts
from node_api.chain.deployment.steps import Plan, load_plan, migrations_folder
from node_api.chain.handle import ChainHandle


def deployer(
    handle: ChainHandle,
    deployments: Path,
    accounts: Accounts,
    *,
    plan: Plan | None = None,
    report: Reporter = lambda _: None,
) -> Deployer:
    """A deployer of a plan; without one, of this installation's migrations with the parameters' defaults. Raises PlanFault."""
    found = plan or load_plan(migrations_folder())
    return Deployer(handle.connect(), handle.identity, deployments, found, accounts, report)


def deploy(handle: ChainHandle, deployments: Path, accounts: Accounts, report: Reporter = lambda _: None) -> Deployment:
    """Deploys what is not deployed yet, with the parameters' defaults. Raises as `Deployer.run`."""
    return deployer(handle, deployments, accounts, report=report).run()
