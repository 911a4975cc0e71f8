"""Copies of databases, on SQLite and PostgreSQL.

a database being written to → the copy is one state of it, rows in order without a hole
brought back → the same rows; where something is already, or a log that SQLite would play into it → refused
a database that is being filled → waited for, a minute at most
the newest block indexed → read without migrating; of an empty database, none
of another kind, of a file that is none, without PostgreSQL's programs → refused
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import URL, insert, select, text

from node_api.storage import backup
from node_api.storage import tables as t
from node_api.storage.backup import CopyFailed, bring_back, copy_out, file_for, is_empty, newest_indexed
from node_api.storage.engine import open_database, reading, writing
from node_api.storage.migrate import migrate
from tests.storage.conftest import MakeDatabase


def empty_beside(url: URL) -> str:
    """A new database on the same server."""
    admin = open_database(url.set(database="postgres").render_as_string()).execution_options(
        isolation_level="AUTOCOMMIT"
    )
    with admin.connect() as connection:
        connection.execute(text("CREATE DATABASE brought_back"))
    admin.dispose()
    return url.set(database="brought_back").render_as_string()


def test_copy__of_a_database_being_written_to__is_one_state(make_database: MakeDatabase, tmp_path: Path) -> None:
    live = make_database()
    url = live.url.render_as_string(hide_password=False)
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            rows = [{"number": number + n, "hash": b"h", "parent": b"p", "timestamp": 1} for n in range(50)]
            with writing(live) as connection:
                connection.execute(insert(t.blocks), rows)
            number += 50

    writer = threading.Thread(target=write)
    writer.start()
    try:
        copy = copy_out(url, tmp_path)
    finally:
        stop.set()
        writer.join()

    target = f"sqlite:///{tmp_path / 'back.sqlite'}" if copy.suffix == ".sqlite" else empty_beside(live.url)
    file = file_for(target, copy)
    if file is None:
        bring_back(target, copy)
    else:
        shutil.copyfile(copy, file)
    back = open_database(target)
    migrate(back)
    with reading(back) as connection:
        numbers = list(connection.execute(select(t.blocks.c.number).order_by(t.blocks.c.number)).scalars())
    back.dispose()
    assert numbers == list(range(len(numbers)))
    assert len(numbers) % 50 == 0
    if file is None:
        with pytest.raises(CopyFailed, match="written over"):
            bring_back(target, copy)
    other = "postgresql://nobody@127.0.0.1/none" if copy.suffix == ".sqlite" else f"sqlite:///{tmp_path / 'x.sqlite'}"
    with pytest.raises(CopyFailed, match="another kind"):
        file_for(other, copy)


@pytest.mark.parametrize("ending", ["-wal", "-journal"])
def test_file_for__with_a_log_of_another_database_beside__is_refused(tmp_path: Path, ending: str) -> None:
    (tmp_path / f"node.sqlite{ending}").touch()

    with pytest.raises(CopyFailed, match="written over"):
        file_for(f"sqlite:///{tmp_path / 'node.sqlite'}", tmp_path / "database.sqlite")


def test_is_empty__while_it_is_being_filled__waits(
    postgres: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = postgres()
    assert is_empty(url)
    filling = open_database(f"{url}?application_name=vouchertrail%20pg_restore", connections=1)
    connection = filling.connect()
    connection.execute(text("CREATE TABLE half (nothing int)"))

    def end() -> None:
        connection.commit()
        connection.invalidate()

    with monkeypatch.context() as hurried:
        hurried.setattr(backup, "_WAIT_SECONDS", 0.2)
        with pytest.raises(CopyFailed, match="still at work"):
            is_empty(url)
    threading.Timer(0.5, end).start()
    assert not is_empty(url)
    connection.close()
    filling.dispose()


def test_newest_indexed__of_a_database_of_any_release__changes_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'node.sqlite'}"
    engine = open_database(url)
    assert newest_indexed(url) is None
    migrate(engine)
    assert newest_indexed(url) is None
    with writing(engine) as connection:
        connection.execute(insert(t.checkpoint).values(id=1, identity="i", number=7, hash=b"h"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    assert newest_indexed(url) == 7
    with reading(engine) as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == "0001"
    engine.dispose()
    with pytest.raises(CopyFailed, match="no database"):
        newest_indexed(f"sqlite:///{tmp_path / 'nothing.sqlite'}")
    assert not (tmp_path / "nothing.sqlite").exists()


def test_copy__of_what_is_no_database__is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.sqlite").write_text("not a database, but long enough to be looked at" * 10)

    for name in ("text.sqlite", "nothing.sqlite"):
        with pytest.raises(CopyFailed):
            copy_out(f"sqlite:///{tmp_path / name}", tmp_path)


def test_copy__without_the_servers_programs__says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CopyFailed, match=r"pg_dump, .* is not on PATH: install PostgreSQL's client programs"):
        copy_out("postgresql+psycopg://nobody@localhost/none", tmp_path)
