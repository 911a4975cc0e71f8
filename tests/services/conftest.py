"""The worlds and databases of the tests of the index, for the use cases on top of it."""

from tests.storage.conftest import engine, make_database, postgres, told, world

__all__ = ["engine", "make_database", "postgres", "told", "world"]
