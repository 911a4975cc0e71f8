"""`vouchertrail keys`: key files of the node's roles. No command prints a key."""

from __future__ import annotations

import rich_click as click

from node_api.chain.keys import KeyRing, KeyRole
from node_api.cli.options import Shared, shared_options
from node_api.config import Settings


def key_ring(settings: Settings) -> KeyRing:
    """The node's key files, with the password the settings name."""
    password = settings.key_password
    return KeyRing(settings.keys_folder, password.get_secret_value() if password else None)


@click.group(name="keys")
def cli() -> None:
    """Make and list the node's key files."""


@cli.command()
@click.argument("roles", nargs=-1, type=click.Choice([role.value for role in KeyRole]))
@shared_options
def create(shared: Shared, roles: tuple[str, ...]) -> None:
    """Make a key file for each ROLE (for all, where none is named) that has none. Existing files stay as they are."""
    made = key_ring(shared.settings).create_missing([KeyRole(role) for role in roles] or list(KeyRole))
    shared.tell(
        {"created": [role.value for role in made], "folder": str(shared.settings.keys_folder)},
        f"made in {shared.settings.keys_folder}: {', '.join(made)}" if made else "every role has its key file already",
    )


@cli.command(name="list")
@shared_options
def list_keys(shared: Shared) -> None:
    """List the roles and their accounts."""
    ring = key_ring(shared.settings)
    accounts = {role.value: "" if role is KeyRole.WALLET_MASTER else ring.address(role) for role in ring.present()}
    lines = [f"{role:14} {address or '(seals the custodial holders)'}" for role, address in accounts.items()]
    shared.tell({"accounts": accounts}, "\n".join(lines) or f"no key files in {shared.settings.keys_folder}")
