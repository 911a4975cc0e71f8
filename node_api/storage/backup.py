"""Copies of a whole database, taken while others write to it: SQLite by its own backup, PostgreSQL by pg_dump and pg_restore."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from sqlalchemy import URL, inspect, select
from sqlalchemy.engine import make_url

from node_api.storage.engine import open_database, reading
from node_api.storage.tables import checkpoint

_PRIVATE = 0o600
_SHOWN = 500


class CopyFailed(Exception):
    """The database could not be copied out or brought back; the message says why."""


def newest_indexed(url: str) -> int | None:
    """Number of the newest block in the index of a database, of whatever release; None where there is none. Nothing is migrated.

    Raises:
        CopyFailed: there is no such file.
    """
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        _require_file(Path(str(address.database)))
    engine = open_database(url, connections=2)
    try:
        if not inspect(engine).has_table(checkpoint.name):
            return None
        with reading(engine) as connection:
            return connection.execute(select(checkpoint.c.number)).scalar_one_or_none()
    finally:
        engine.dispose()


def copy_out(url: str, folder: Path) -> Path:
    """Copies a database, as it is at one moment, into a file of the folder, and returns the file.

    Raises:
        CopyFailed: pg_dump is not installed, or says no; or the copy is not whole.
    """
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        return _copy_file(Path(str(address.database)), folder / "database.sqlite")
    target = folder / "database.pgdump"
    target.touch(mode=_PRIVATE)
    _run("pg_dump", address, "--format=custom", "--no-owner", "--no-privileges", "--file", str(target))
    return target


def bring_back(url: str, copy: Path) -> None:
    """Makes a database from a copy.

    Raises:
        CopyFailed: something is there already, or it does not fit the kind of database, or pg_restore says no.
    """
    address = make_url(url)
    is_file = address.get_backend_name() == "sqlite"
    if is_file != (copy.suffix == ".sqlite"):
        raise CopyFailed(f"{copy.name} is of another kind of database than the settings name")
    if is_file:
        target = Path(str(address.database))
        if target.exists():
            raise CopyFailed(f"{target} is there already: nothing is written over")
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _copy_file(copy, target)
        return
    _require_empty(url)
    _run("pg_restore", address, "--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges", str(copy))


def _copy_file(source: Path, target: Path) -> Path:
    """SQLite's own backup: pages of one moment, whoever writes meanwhile; what is in the write-ahead log comes along."""
    _require_file(source)
    target.touch(mode=_PRIVATE)
    try:
        with closing(sqlite3.connect(source, timeout=30)) as live, closing(sqlite3.connect(target)) as copy:
            live.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")  # one file, nothing beside it
            found = copy.execute("PRAGMA quick_check").fetchone()[0]
    except sqlite3.Error as error:
        raise CopyFailed(f"{source}: {error}") from error
    if found != "ok":
        raise CopyFailed(f"the copy of {source} is not whole: {found}")
    return target


def _require_file(file: Path) -> None:
    if not file.is_file():
        raise CopyFailed(f"there is no database {file}")


def _require_empty(url: str) -> None:
    engine = open_database(url, connections=1)
    try:
        if tables := inspect(engine).get_table_names():
            raise CopyFailed(f"the database has {len(tables)} tables already: nothing is written over")
    finally:
        engine.dispose()


def _run(program: str, address: URL, *arguments: str) -> None:
    """Runs a program of PostgreSQL on a database; the password goes by the environment, where others do not see it."""
    if shutil.which(program) is None:
        raise CopyFailed(f"{program} is not installed")
    plain = address.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
    environment = os.environ | ({} if address.password is None else {"PGPASSWORD": str(address.password)})
    done = subprocess.run(
        [program, "--dbname", plain, *arguments], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise CopyFailed(f"{program}: {done.stderr.strip()[:_SHOWN]}")
