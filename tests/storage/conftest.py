"""Databases and worlds for the tests of the index: SQLite always, PostgreSQL where its server is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from node_api.chain.anvil import free_port
from node_api.record import source_of
from node_api.services.indexing import Indexer
from node_api.storage.engine import open_database
from node_api.storage.index import IndexTables
from node_api.storage.migrate import migrate
from tests.world import World

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
    server = request.getfixturevalue("postgres") if request.param == "postgresql" else None

    def make() -> Engine:
        url = server() if server else f"sqlite:///{tmp_path / f'index-{len(engines)}.sqlite'}"
        engines.append(open_database(url))
        migrate(engines[-1])
        return engines[-1]

    yield make
    for engine in engines:
        engine.dispose()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """One SQLite database."""
    engine = open_database(f"sqlite:///{tmp_path / 'node.sqlite'}")
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Callable[[], str]]:
    """A throw-away server; each call makes an empty database and gives its URL."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    initdb = programs[-1] if programs else Path(shutil.which("initdb") or "")
    if not initdb.is_file():
        pytest.skip("no PostgreSQL server is installed")
    home = Path(tempfile.mkdtemp(prefix="vouchertrail-pg-"))
    as_user = _as_somebody(home)
    port = free_port()
    try:
        _run([*as_user, str(initdb), "-D", str(home / "data"), "-U", "tester", "-A", "trust", "--no-sync"])
        settings = f"-F -k {home} -p {port} -c listen_addresses=127.0.0.1"  # as it comes: at most 100 connections
        control = [*as_user, str(initdb.with_name("pg_ctl")), "-D", str(home / "data"), "-w"]
        _run([*control, "-o", settings, "-l", str(home / "log"), "start"])
        admin = open_database(f"postgresql://tester@127.0.0.1:{port}/postgres").execution_options(
            isolation_level="AUTOCOMMIT"
        )
        made: list[str] = []

        def create() -> str:
            made.append(f"test_{len(made)}")
            with admin.connect() as connection:
                connection.execute(text(f"CREATE DATABASE {made[-1]}"))
            return f"postgresql://tester@127.0.0.1:{port}/{made[-1]}"

        yield create
        admin.dispose()
        _run([*control, "-m", "immediate", "stop"])
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _as_somebody(home: Path) -> list[str]:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return []
    shutil.chown(home, "nobody")
    return ["runuser", "-u", "nobody", "--"]


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
    assert done.returncode == 0, done.stderr
