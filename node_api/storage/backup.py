"""Copies of a whole database, taken while others write to it: SQLite by its own backup, PostgreSQL by pg_dump and pg_restore."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

from sqlalchemy import URL, Engine, inspect, select, text
from sqlalchemy.engine import make_url

from node_api.storage.engine import open_database, reading
from node_api.storage.tables import checkpoint

_PRIVATE = 0o600
_SHOWN = 500
_LOGS = ("-wal", "-journal")
_NAME = "vouchertrail pg_restore"
"""What a server calls the sessions of ours."""
_WAIT_SECONDS, _LOOK_SECONDS = 60.0, 0.1


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


def file_for(url: str, copy: Path) -> Path | None:
    """The file that a copy becomes by being put there; None where `bring_back` fills a database of a server with it.

    Raises:
        CopyFailed: it does not fit the kind of database, or the log of another database lies beside the file.
    """
    address = make_url(url)
    is_file = address.get_backend_name() == "sqlite"
    if is_file != (copy.suffix == ".sqlite"):
        raise CopyFailed(f"{copy.name} is of another kind of database than the settings name")
    if not is_file:
        return None
    file = Path(str(address.database)).resolve()
    for log in (file.with_name(f"{file.name}{ending}") for ending in _LOGS):
        if log.exists():  # SQLite would play it back into whatever file is put there
            raise CopyFailed(f"{log} is there already, and nothing is written over: move it elsewhere")
    return file


def is_empty(url: str) -> bool:
    """Whether a server's database has no tables, once every `bring_back` that goes on in it has ended.

    Who is killed leaves a pg_restore behind, which goes on.

    Raises:
        CopyFailed: one goes on for more than a minute.
    """
    engine = open_database(url, connections=1)
    deadline = time.monotonic() + _WAIT_SECONDS
    try:
        while _is_being_filled(engine):
            if time.monotonic() > deadline:
                raise CopyFailed(
                    "a pg_restore that was begun before is still at work in the database: wait for its end"
                )
            time.sleep(_LOOK_SECONDS)
        return not inspect(engine).get_table_names()
    finally:
        engine.dispose()


def bring_back(url: str, copy: Path) -> None:
    """Fills a server's empty database with a copy, in one transaction.

    Raises:
        CopyFailed: something is there already, or pg_restore says no.
    """
    if not is_empty(url):
        raise CopyFailed("the database has tables already, and nothing is written over: name an empty one")
    whole = ("--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges")
    _run("pg_restore", make_url(url), *whole, str(copy))


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
        raise CopyFailed(f"{source} to {target}: {error}") from error
    if found != "ok":
        raise CopyFailed(f"the copy of {source} is not whole: {found}")
    return target


def _require_file(file: Path) -> None:
    if not file.is_file():
        raise CopyFailed(f"there is no database {file}")


def _is_being_filled(engine: Engine) -> bool:
    others = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name = :name"
    with reading(engine) as connection:
        return connection.execute(text(others), {"name": _NAME}).first() is not None


def _run(program: str, address: URL, *arguments: str) -> None:
    """Runs a program of PostgreSQL on a database; the password goes by the environment, where others do not see it."""
    if shutil.which(program) is None:
        remedy = "install PostgreSQL's client programs, of the server's release or a newer one"
        raise CopyFailed(f"{program}, which copies a PostgreSQL, is not on PATH: {remedy}")
    plain = address.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
    secret = {} if address.password is None else {"PGPASSWORD": str(address.password)}
    environment = os.environ | secret | {"PGAPPNAME": f"vouchertrail {program}"}
    done = subprocess.run(
        [program, "--dbname", plain, *arguments], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise CopyFailed(f"{program}: {done.stderr.strip()[:_SHOWN]}")
