"""`vouchertrail api-keys`: who may use the API of this node."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

import rich_click as click

from node_api.cli.options import FAULT, USAGE, Shared, fail, shared_options
from node_api.config import Settings
from node_api.domain.access import ApiKey, ApiRole
from node_api.domain.errors import ApiKeyUnknown
from node_api.domain.ids import MERCHANT_IDS, MerchantId
from node_api.services.api_keys import ApiKeyring
from node_api.storage.api_keys import ApiKeys
from node_api.storage.engine import open_database
from node_api.storage.migrate import migrate


@click.group(name="api-keys")
def cli() -> None:
    """Make, list and revoke keys of the HTTP API. The token is shown once, when it is made."""


@cli.command()
@click.option("--role", required=True, type=click.Choice([role.value for role in ApiRole]), help="What it is for.")
@click.option(
    "--merchant", type=click.IntRange(1, MERCHANT_IDS - 1), help="Number of the merchant, for the role merchant."
)
@click.option("--name", default="", help="Who has it, for people; keys of one role and name share idempotency keys.")
@shared_options
def create(shared: Shared, role: str, merchant: int | None, name: str) -> None:
    """Make a key and print its token."""
    if (role == ApiRole.MERCHANT) != (merchant is not None):
        fail("--merchant goes with --role merchant, and only with it", USAGE, as_json=shared.as_json)
    with keyring(shared.settings) as ring:
        key, token = ring.create(ApiRole(role), name, None if merchant is None else MerchantId(merchant))
    shared.tell({**asdict(key), "token": token}, token)


@cli.command(name="list")
@shared_options
def list_keys(shared: Shared) -> None:
    """List the keys, without their tokens."""
    with keyring(shared.settings) as ring:
        keys = ring.all()
    shared.tell({"keys": [asdict(key) for key in keys]}, "\n".join(map(_line, keys)) or "there are no API keys yet")


@cli.command()
@click.argument("key")
@shared_options
def revoke(shared: Shared, key: str) -> None:
    """End the key with id KEY at once, for ever."""
    try:
        with keyring(shared.settings) as ring:
            found = ring.revoke(key)
    except ApiKeyUnknown as error:
        fail(str(error), FAULT, kind=error.name, as_json=shared.as_json)
    shared.tell(asdict(found), f"{found.id} is revoked")


@contextmanager
def keyring(settings: Settings) -> Iterator[ApiKeyring]:
    """The node's API keys."""
    engine = open_database(settings.database_url)
    try:
        migrate(engine)
        yield ApiKeyring(ApiKeys(engine))
    finally:
        engine.dispose()


def _line(key: ApiKey) -> str:
    whose = "" if key.merchant is None else f" {key.merchant}"
    return f"{key.id}  {key.role}{whose}  {key.name}" + ("  revoked" if key.revoked_at else "")
