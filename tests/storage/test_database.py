"""The database itself.

migrate
├── an empty database .................. ends with exactly the tables the code knows
├── an empty one, by several at once ... one makes the tables, the others wait for it
├── a current one ...................... does nothing
└── a database of a newer release ...... is refused, with what can be done
transactions
├── a reader beside a writer ........... sees one state
└── a writer that fails ................ leaves nothing
rows by the thousand ................... are all there, in full statements and what is left over
a statement that fails ................. is told without what it carried
└── handed to the driver as it is ...... fails as any other
a server that only reads, a standby ..... is StoreUnavailable, and goes on when it writes again
a statement that a server ends ......... is StoreUnavailable, however it was handed over
a database without room, or not one .... is StoreUnavailable, and goes on when there is room
connections
├── read with, one after the other ..... each reader sees the newest state, and nothing of how the one before read
├── to a file that is disposed of ...... let go of the file
├── all in use ......................... the next one waits for as long as is given, then it is StoreBusy
└── the server has none left ........... is StoreUnavailable
"""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import BigInteger, Column, Engine, MetaData, Table, bindparam, func, insert, inspect, select, text
from sqlalchemy.exc import DBAPIError, StatementError

from node_api.domain.errors import StoreBusy, StoreUnavailable
from node_api.storage import engine as storage_engine
from node_api.storage import operation_tables
from node_api.storage import tables as t
from node_api.storage.bulk import insert_tuples
from node_api.storage.engine import open_database, reading, writing
from node_api.storage.migrate import DatabaseNewer, migrate
from node_api.storage.prepared import Prepared
from tests.storage.conftest import MakeDatabase
from tools.postgres import find_initdb, postgres_server

TOGETHER = 4
MIGRATE = """
import sys
from node_api.storage.engine import open_database
from node_api.storage.migrate import migrate
print("ready", flush=True)
sys.stdin.readline()
migrate(open_database(sys.argv[1]))
"""
BLOCK = {"number": 1, "hash": b"\x01" * 32, "parent": b"\x00" * 32, "timestamp": 5}


def known() -> MetaData:
    """Every table of every module of this package."""
    everything = MetaData()
    for metadata in (t.metadata, operation_tables.metadata):
        for table in metadata.tables.values():
            table.to_metadata(everything)
    return everything


def test_migrate__an_empty_database__ends_with_the_tables_the_code_knows(make_database: MakeDatabase) -> None:
    engine = make_database()
    ours = set(known().tables)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": engine.dialect.name == "postgresql",
                "include_object": lambda one, name, kind, *_: (name if kind == "table" else one.table.name) in ours,
            },
        )
        assert compare_metadata(context, known()) == []


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_migrate__an_empty_database_by_several_at_once__lets_all_begin(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str
) -> None:
    server = kind == "postgresql"
    url = request.getfixturevalue("postgres")() if server else f"sqlite:///{tmp_path / 'node.sqlite'}"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", MIGRATE, url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(TOGETHER)
    ]
    for one in processes:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    for one in processes:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    assert [one.communicate()[1] for one in processes] == [""] * TOGETHER
    assert [one.returncode for one in processes] == [0] * TOGETHER
    engine = open_database(url)
    assert set(known().tables) < set(inspect(engine).get_table_names())
    engine.dispose()


def test_migrate__a_current_database__does_nothing(make_database: MakeDatabase) -> None:
    engine = make_database()
    with writing(engine) as connection:
        connection.execute(insert(t.blocks), [BLOCK])
    migrate(engine)
    with reading(engine) as connection:
        assert connection.execute(select(t.blocks.c.number)).scalar_one() == 1


def test_migrate__a_database_of_a_newer_release__is_refused(make_database: MakeDatabase) -> None:
    engine = make_database()
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseNewer, match=r"revision 9999, .*; what to do: .*restore the backup"):
        migrate(engine)


def test_reader__beside_a_writer__sees_one_state(make_database: MakeDatabase) -> None:
    engine = make_database()
    count = select(func.count()).select_from(t.blocks)
    with reading(engine) as reader:
        assert reader.execute(count).scalar_one() == 0
        with writing(engine) as writer:
            writer.execute(insert(t.blocks), [BLOCK])
        assert reader.execute(count).scalar_one() == 0
    with reading(engine) as reader:
        assert reader.execute(count).scalar_one() == 1


def test_writer__that_fails__leaves_nothing(make_database: MakeDatabase) -> None:
    engine = make_database()

    def write_and_fail() -> None:
        with writing(engine) as writer:
            writer.execute(insert(t.blocks), [BLOCK])
            raise OSError("full")

    with pytest.raises(OSError, match="full"):
        write_and_fail()
    with reading(engine) as reader:
        assert reader.execute(select(func.count()).select_from(t.blocks)).scalar_one() == 0


@pytest.mark.parametrize("count", [0, 1, 999, 1_000, 1_001, 2_003])
def test_insert_tuples__of_any_number__has_them_all(make_database: MakeDatabase, count: int) -> None:
    engine, rows = make_database(), [(1, place, bytes(20), place) for place in range(count)]
    with writing(engine) as writer:
        insert_tuples(writer, t.roll_places, rows)
    with reading(engine) as reader:
        assert [tuple(row) for row in reader.execute(select(t.roll_places).order_by(t.roll_places.c.place))] == rows


def test_statement__that_fails__is_told_without_what_it_carried(make_database: MakeDatabase) -> None:
    engine = make_database()
    with pytest.raises(StatementError) as told, writing(engine) as writer:
        writer.execute(text("INSERT INTO nowhere VALUES (:name)"), {"name": "household-1"})
    assert "household-1" not in str(told.value)


def test_statement__handed_to_the_driver__fails_as_any_other(make_database: MakeDatabase) -> None:
    nowhere = Prepared(select(Table("nowhere", MetaData(), Column("number", BigInteger))))
    with pytest.raises(DBAPIError), reading(make_database()) as connection:
        nowhere.rows(connection)


def test_statement__handed_to_the_driver__answers_as_any_other(make_database: MakeDatabase) -> None:
    engine = make_database()
    query = select(t.blocks, (t.blocks.c.number + 1).label("next")).where(t.blocks.c.number == bindparam("wanted"))
    with writing(engine) as connection:
        connection.execute(insert(t.blocks), [BLOCK])
    with reading(engine) as connection:
        for wanted in (1, 2):
            found = Prepared(query).rows(connection, wanted=wanted)
            assert [row._asdict() for row in found] == [
                dict(row) for row in connection.execute(query, {"wanted": wanted}).mappings()
            ]


def test_write__while_the_server_only_reads__is_said_and_goes_on_when_it_writes(postgres: Callable[[], str]) -> None:
    engine, admin = (open_database(url, connections=1) for url in [postgres()] * 2)
    migrate(engine)
    only_reads = f"ALTER DATABASE {engine.url.database} {{}} default_transaction_read_only"
    with writing(admin) as writer:
        writer.execute(text(f"{only_reads.format('SET')} = on"))
    engine.dispose()  # who has a session already keeps what it began with

    for write in (insert(t.blocks).values(BLOCK), select(t.checkpoint).with_for_update()):
        with pytest.raises(StoreUnavailable, match="only reads"), writing(engine) as writer:
            writer.execute(write)
    with writing(admin) as writer:
        writer.execute(text(only_reads.format("RESET")))
    with writing(engine) as writer:
        writer.execute(insert(t.blocks).values(BLOCK))
    for one in (engine, admin):
        one.dispose()


def test_write__while_the_server_is_a_standby__is_said_and_goes_on_once_it_is_none() -> None:
    initdb = find_initdb()
    if initdb is None:
        pytest.skip("no PostgreSQL server is installed")
    with postgres_server(initdb) as server:
        engine = open_database(server.create(), connections=1)
        migrate(engine)
        server.demote()
        for _ in range(2):
            with reading(engine) as reader:
                assert reader.execute(select(func.count()).select_from(t.blocks)).scalar_one() == 0
            with pytest.raises(StoreUnavailable, match="only reads"), writing(engine) as writer:
                writer.execute(insert(t.blocks).values(BLOCK))
        with (
            pytest.raises(StoreUnavailable, match="only reads"),
            writing(engine) as writer,
        ):  # of a session that has read nothing
            writer.execute(insert(t.blocks).values(BLOCK))
        server.promote()
        with writing(engine) as writer:
            writer.execute(insert(t.blocks).values(BLOCK))
        engine.dispose()


@pytest.mark.parametrize("handed_over", ["to the driver", "as any other"])
def test_statement__that_the_server_ends__is_said(postgres: Callable[[], str], handed_over: str) -> None:
    engine, query = open_database(postgres(), connections=1), select(func.pg_sleep(60).label("slept"))
    with writing(engine) as writer:
        writer.execute(text(f"ALTER DATABASE {engine.url.database} SET statement_timeout = 100"))
    engine.dispose()

    with pytest.raises(StoreUnavailable, match="QueryCanceled"), reading(engine) as reader:
        _ = Prepared(query).rows(reader) if handed_over == "to the driver" else reader.execute(query).all()
    with reading(engine) as reader:
        assert reader.execute(text("SELECT 1")).scalar_one() == 1
    engine.dispose()


def test_write__without_room__is_said_and_goes_on_with_room(engine: Engine) -> None:
    with engine.connect() as connection:
        connection.execute(
            text("PRAGMA max_page_count = 1")
        )  # the pool hands this connection out again; 1 means no more
    rows = [{**BLOCK, "number": number, "hash": number.to_bytes(32)} for number in range(5_000)]
    with pytest.raises(StoreUnavailable, match="database or disk is full"), writing(engine) as writer:
        writer.execute(insert(t.blocks), rows)
    with writing(engine) as writer:
        writer.execute(text("PRAGMA max_page_count = 1000000"))
        writer.execute(insert(t.blocks), rows)


def test_open_database__of_something_else__is_said(tmp_path: Path) -> None:
    (tmp_path / "node.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(StoreUnavailable, match="not a database"):
        migrate(open_database(f"sqlite:///{tmp_path / 'node.sqlite'}"))


def test_open_database__of_a_file__uses_the_write_ahead_log(make_database: MakeDatabase) -> None:
    engine = make_database()
    if engine.dialect.name != "sqlite":
        pytest.skip("SQLite's own")
    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar_one() == 2
    file = Path(str(engine.url.database))
    assert {stat.S_IMODE(one.stat().st_mode) for one in file.parent.glob(f"{file.name}*")} == {0o600}
    with open_database(str(engine.url), durable=False).connect() as connection:
        assert connection.execute(text("PRAGMA synchronous")).scalar_one() == 1


def test_readers__one_after_the_other__begin_anew(make_database: MakeDatabase) -> None:
    engine = make_database()
    numbers = select(t.blocks.c.number).order_by(t.blocks.c.number)
    with reading(engine) as reader, reading(engine) as other:
        assert reader is not other
    for number in range(1, 4):
        with writing(engine) as writer:
            writer.execute(insert(t.blocks), [BLOCK | {"number": number, "hash": bytes([number]) * 32}])
        with reading(engine) as reader:
            assert reader.scalars(numbers).all() == list(range(1, number + 1))
            reader.execution_options(compiled_cache=None)
        with reading(engine) as reader:
            assert "compiled_cache" not in reader.get_execution_options()
            found = reader.execute(numbers)  # and not read to its end
            assert found.fetchone() == (1,)
        with pytest.raises(OSError, match="gone"), reading(engine):
            raise OSError("gone")


def test_readers__when_disposed_of__let_go_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "node.sqlite"
    engine = open_database(f"sqlite:///{file}")
    for value in (1, 2):  # the second time in another file of the same name
        file.unlink(missing_ok=True)
        with sqlite3.connect(file) as made:
            made.execute("CREATE TABLE kept AS SELECT ? AS value", (value,))
        made.close()
        with reading(engine) as reader:
            assert reader.execute(text("SELECT value FROM kept")).scalar_one() == value
        engine.dispose()
        assert not list(tmp_path.glob("node.sqlite-*"))


def test_connection__when_all_are_in_use__waits_and_is_then_refused(
    postgres: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage_engine, "_WAIT_SECONDS", 0.3)
    engine = open_database(postgres(), connections=2)
    try:
        with ExitStack() as held:
            for _ in range(2):
                held.enter_context(reading(engine))
            began = time.monotonic()
            with pytest.raises(StoreBusy), writing(engine):
                raise AssertionError("there is none left")
            assert 0.3 <= time.monotonic() - began < 5
        with writing(engine) as connection:
            assert connection.execute(text("SELECT 1")).scalar_one() == 1
    finally:
        engine.dispose()


def test_connection__when_the_server_has_none__is_said(postgres: Callable[[], str]) -> None:
    engine = open_database(postgres(), connections=200)

    def take_all() -> None:
        with ExitStack() as held:
            for _ in range(200):
                held.enter_context(reading(engine))

    with pytest.raises(StoreUnavailable):
        take_all()
    engine.dispose()
