"""A database for every test, on SQLite and, where its server is installed, on PostgreSQL; a world once for all readers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from node_api.chain.source import ChainLogs
from node_api.services.indexing import Indexer
from node_api.storage.engine import open_database
from node_api.storage.index import IndexTables
from node_api.storage.migrate import migrate
from tests.world import CHAIN_ID, World


def source_of(world: World) -> ChainLogs:
    return ChainLogs(world.rpc, world.addresses, chain_id=CHAIN_ID, first_block=world.deployment.first_block)


def indexer_of(world: World, engine: Engine, page: int = 500) -> Indexer:
    return Indexer(source_of(world), IndexTables(engine), page=page, one_node=True)


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world whose whole story has been told: nobody may add to it."""
    world = World(tmp_path_factory.mktemp("told") / "chain").start()
    world.whole_story()
    yield world
    world.stop()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A world of the test's own."""
    world = World(tmp_path / "chain").start()
    yield world
    world.stop()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(f"sqlite:///{tmp_path / 'index.sqlite'}")
    migrate(engine)
    yield engine
    engine.dispose()
