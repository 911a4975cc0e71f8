"""The worlds and databases of the tests of the index, for the use cases on top of it."""

from tests.storage.conftest import (
    copied_postgresql,
    copied_sqlite,
    engine,
    make_database,
    postgres,
    server,
    told,
    world,
)

__all__ = ["copied_postgresql", "copied_sqlite", "engine", "make_database", "postgres", "server", "told", "world"]
