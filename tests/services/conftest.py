"""The worlds and databases of the tests of the index, for the use cases on top of it."""

from tests.storage.conftest import engine, told, world

__all__ = ["engine", "told", "world"]
