"""Databases and worlds for the tests of the index: SQLite always, PostgreSQL where its server is installed."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from node_api.record import source_of
from node_api.services.indexing import Indexer
from node_api.storage.engine import open_database
from node_api.storage.index import IndexTables
from node_api.storage.migrate import migrate
from tests.world import World
from tools.postgres import PostgresServer, find_initdb, postgres_server

MakeDatabase = Callable[[], Engine]


def indexer_of(world: World, engine: Engine, *, page: int = 500, one_node: bool = True) -> Indexer:
    source = source_of(world.rpc, world.handle, world.deployment)
    return Indexer(source, IndexTables(engine), page=page, one_node=one_node)


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world whose whole story has been told: nobody may add to it."""
    world = World(tmp_path_factory.mktemp("told") / "chain").start()
    world.whole_story()
    yield world
    world.stop()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A world of the test's own: contracts deployed, nothing else."""
    world = World(tmp_path / "chain").start()
    yield world
    world.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def make_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MakeDatabase]:
    """Makes empty, migrated databases of one kind."""
    engines: list[Engine] = []
    copied: Callable[[Path], str] = request.getfixturevalue(f"copied_{request.param}")

    def make() -> Engine:
        engines.append(open_database(copied(tmp_path / f"index-{len(engines)}.sqlite")))
        return engines[-1]

    yield make
    for engine in engines:
        engine.dispose()


@pytest.fixture(scope="session")
def copied_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], str]:
    """Each call copies an empty database, migrated once, to this file, and gives its URL."""
    empty = tmp_path_factory.mktemp("migrated") / "empty.sqlite"
    migrated(f"sqlite:///{empty}")
    return lambda file: f"sqlite:///{shutil.copy(empty, file)}"


@pytest.fixture(scope="session")
def copied_postgresql(server: PostgresServer) -> Callable[[Path], str]:
    """Likewise, to another database of the server."""
    empty = migrated(server.create())
    return lambda _: server.create(like=empty)


def migrated(url: str) -> str:
    """The same, once it is migrated and nobody is connected to it."""
    engine = open_database(url)
    migrate(engine)
    engine.dispose()
    return url


@pytest.fixture
def engine(copied_sqlite: Callable[[Path], str], tmp_path: Path) -> Iterator[Engine]:
    """One SQLite database."""
    engine = open_database(copied_sqlite(tmp_path / "node.sqlite"))
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresServer]:
    """A throw-away PostgreSQL."""
    initdb = find_initdb()
    if initdb is None:
        pytest.skip("no PostgreSQL server is installed")
    with postgres_server(initdb) as server:
        yield server


@pytest.fixture(scope="session")
def postgres(server: PostgresServer) -> Callable[[], str]:
    """Each call makes an empty database on it and gives its URL."""
    return server.create
