"""The throw-away PostgreSQL server of the storage's tests, for stories with more than one process."""

from tests.storage.conftest import postgres, server

__all__ = ["postgres", "server"]
