"""Bringing a database to the newest revision of `migrations/database`."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from node_api.storage.engine import reading, writing

_CONNECTION = "connection"


class DatabaseNewer(Exception):
    """The database has a revision this release does not know: a newer release wrote to it."""


def migrations_folder() -> Path:
    """Where the revisions are: beside the package in a checkout, inside it in an installed wheel."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "migrations" / "database"
    return inside if inside.is_dir() else package.parent / "migrations" / "database"


def configuration() -> Config:
    """Alembic's, of these revisions; what it does needs a connection among its attributes (`run_on`)."""
    config = Config()
    config.set_main_option("script_location", str(migrations_folder()))
    return config


def migrate(engine: Engine) -> None:
    """Applies the revisions that are missing, all in one transaction; does nothing on a current database.

    Raises:
        DatabaseNewer: the database is ahead of this release.
    """
    config = configuration()
    scripts = ScriptDirectory.from_config(config)
    with reading(engine) as connection:
        at = _revision(connection)
    if at == scripts.get_current_head():
        return
    if at is not None and at not in {script.revision for script in scripts.walk_revisions()}:
        raise DatabaseNewer(f"the database has revision {at}, this release knows up to {scripts.get_current_head()}")
    with writing(engine) as connection:
        config.attributes[_CONNECTION] = connection
        command.upgrade(config, "head")


def run_on(context: ModuleType) -> None:
    """What `env.py` does: the revisions, on the connection in the configuration's attributes."""
    context.configure(connection=context.config.attributes[_CONNECTION], transactional_ddl=False)
    context.run_migrations()


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()
