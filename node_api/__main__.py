"""`vouchertrail`: the one command; each subcommand is a module of `node_api.cli`, loaded when it is called."""

from __future__ import annotations

import gc
import importlib
from importlib.util import find_spec

import rich_click as click

from node_api import __version__

# name of the subcommand → module of node_api.cli that holds its click command as `cli`
_COMMANDS = {
    "api-keys": "api_keys",
    "audit": "audit",
    "backup": "backup",
    "budget": "budget",
    "bookings": "bookings",
    "cases": "cases",
    "chain": "chain",
    "claims": "claims",
    "demo": "demo",
    "deploy": "deploy",
    "emergency": "emergency",
    "freezes": "freezes",
    "index": "index",
    "intake": "intake",
    "keys": "keys",
    "load": "load",
    "loaders": "loaders",
    "merchants": "merchants",
    "mint_batch": "mint_batch",
    "network": "network",
    "network-demo": "network_demo",
    "observe": "observe",
    "openapi": "openapi",
    "programmes": "programmes",
    "redemptions": "redemptions",
    "relayers": "relayers",
    "replay": "replay",
    "rules": "rules",
    "serve": "serve",
    "settlement": "settlement",
    "validity": "validity",
    "webhooks": "webhooks",
}
_COLLECTIONS = (100_000, 50, 100)
"""What a command imports stays, half a million objects: looking for circles in it as often as usual is a tenth of its start."""


class LazyGroup(click.RichGroup):
    """Imports a subcommand's module only when that subcommand, or the help, is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of the subcommands that this installation has."""
        there = [name for name, module in _COMMANDS.items() if find_spec(f"node_api.cli.{module}")]
        return sorted([*super().list_commands(ctx), *there])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The subcommand; None where there is none of that name."""
        own = super().get_command(ctx, cmd_name)
        module = _COMMANDS.get(cmd_name)
        if own is not None or module is None or find_spec(f"node_api.cli.{module}") is None:
            return own
        command = importlib.import_module(f"node_api.cli.{module}").cli
        assert isinstance(command, click.Command)
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(version)s")
def cli() -> None:
    """Public vouchers whose money can be recomputed from the chain."""


@cli.command()
def version() -> None:
    """Print the version."""
    click.echo(__version__)


def main() -> None:
    """Entry point of the console command."""
    gc.set_threshold(*_COLLECTIONS)
    cli(prog_name="vouchertrail")


if __name__ == "__main__":
    main()
