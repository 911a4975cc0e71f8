"""`ape run deploy`: what `vouchertrail deploy` does, on the network ape is connected to.

A local network ends with the command, so its keys and its journal live in a temporary folder; on any other network
they are the node's own.
"""

from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from ape.api import ProviderAPI
from ape.cli import ConnectedProviderCommand

from node_api.chain.handle import attach_chain
from node_api.cli.deploy import deploy_to
from node_api.cli.keys import key_ring
from node_api.cli.options import Shared
from node_api.config import Settings


@click.command(cls=ConnectedProviderCommand)
@click.option("--dry-run", is_flag=True, help="Show the steps and how far each is; send nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def cli(provider: ProviderAPI, dry_run: bool, as_json: bool) -> None:
    """Deploy this release's contracts."""
    with ExitStack() as stack:
        settings = Settings()
        if provider.network.is_local:
            settings = Settings(data=Path(stack.enter_context(TemporaryDirectory())))
            key_ring(settings).create_missing()
        handle = attach_chain(provider.http_uri, provider.chain_id, settings.chain_folder / "identity.json")
        deploy_to(Shared(settings, as_json), handle, dry_run)
