"""Whose turn it is to write to an SQLite file.

two processes that write again and again → all is written
a process that keeps its turn and hangs  → the turn is gone without; SQLite decides
a database in memory, a folder that takes no file → the turn of threads alone
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import text

from node_api.storage import turns
from node_api.storage.engine import open_database, reading, writing
from node_api.storage.turns import turn_of

EACH = 200
WRITE = """
import sys
from sqlalchemy import text
from node_api.storage.engine import open_database, writing
engine = open_database(sys.argv[1])
for _ in range(int(sys.argv[2])):
    with writing(engine) as connection:
        connection.execute(text("UPDATE counted SET value = value + 1"))
"""


def test_turns__of_two_processes__let_both_write(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'node.sqlite'}"
    engine = open_database(url)
    with writing(engine) as connection:
        connection.execute(text("CREATE TABLE counted (value INTEGER)"))
        connection.execute(text("INSERT INTO counted VALUES (0)"))
    writers = [subprocess.Popen([sys.executable, "-c", WRITE, url, str(EACH)]) for _ in range(2)]
    assert [writer.wait() for writer in writers] == [0, 0]
    with reading(engine) as connection:
        assert connection.execute(text("SELECT value FROM counted")).scalar_one() == 2 * EACH
    engine.dispose()


def test_turn__that_another_process_keeps__is_gone_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "_MOST_SECONDS", 0.05)
    database = str(tmp_path / "node.sqlite")
    other = os.open(f"{database}-turn", os.O_RDWR | os.O_CREAT)
    fcntl.flock(other, fcntl.LOCK_EX)
    with turn_of(database):
        pass
    os.close(other)
    with turn_of(database):
        again = os.open(f"{database}-turn", os.O_RDWR)
        with pytest.raises(BlockingIOError):
            fcntl.flock(again, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(again)


@pytest.mark.parametrize("database", [None, ":memory:", "/nowhere/node.sqlite"])
def test_turn__without_a_file__is_of_threads_alone(database: str | None) -> None:
    held, told = threading.Event(), list[str]()

    def other() -> None:
        held.set()
        with turn_of(database):
            told.append("other")

    with turn_of(database):
        thread = threading.Thread(target=other)
        thread.start()
        held.wait()
        told.append("first")
    thread.join()
    assert told == ["first", "other"]
