"""Bringing a database to the newest revision of `migrations/database`."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from node_api.storage.engine import reading, writing

_CONNECTION = "connection"
_TURN = 0x766F756368657273
"""Of PostgreSQL's advisory locks the one that whoever migrates holds; a number of ours alone."""
_REMEDY = "run the release that wrote to it, or restore the backup made before"


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

    Of several processes that start together one does so, and the others wait for it.

    Raises:
        DatabaseNewer: the database is ahead of this release.
    """
    config = configuration()
    scripts = ScriptDirectory.from_config(config)
    with reading(engine) as connection:
        if _is_current(connection, scripts):
            return
    with writing(engine) as connection:
        if engine.dialect.name == "postgresql":  # on SQLite the transaction itself waits for others
            connection.execute(text("SELECT pg_advisory_xact_lock(:turn)"), {"turn": _TURN})
        if _is_current(connection, scripts):  # another process was faster
            return
        config.attributes[_CONNECTION] = connection
        command.upgrade(config, "head")


def run_on(context: ModuleType) -> None:
    """What `env.py` does: the revisions, on the connection in the configuration's attributes."""
    context.configure(connection=context.config.attributes[_CONNECTION], transactional_ddl=False)
    context.run_migrations()


def _is_current(connection: Connection, scripts: ScriptDirectory) -> bool:
    """Whether no revision is missing. Raises DatabaseNewer."""
    at, newest = MigrationContext.configure(connection).get_current_revision(), scripts.get_current_head()
    if at is not None and at not in {script.revision for script in scripts.walk_revisions()}:
        raise DatabaseNewer(f"the database has revision {at}, this release knows up to {newest}; what to do: {_REMEDY}")
    return at == newest
