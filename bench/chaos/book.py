"""What the node's database says of its calls, read from outside."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, select

from node_api.storage import operation_tables as t
from node_api.storage.engine import open_database, reading

Standing = list[tuple[str, bytes | None]]
"""Calls, each with the hash of the block that it is said to stand in."""


class Book:
    """The database at this address. It is opened anew each time: its server may have been killed."""

    def __init__(self, url: str) -> None:
        """Opens nothing yet."""
        self._url = url

    def signed(self) -> list[str]:
        """Calls that have no end yet."""
        return [call for call, _ in self._calls("signed")]

    def resolved(self) -> Standing:
        """Calls that were told final."""
        return self._calls("resolved")

    def _calls(self, state: str) -> Standing:
        calls = t.outbox_calls.c
        with self._reading() as connection:
            found = connection.execute(select(calls.hash, calls.block_hash).where(calls.state == state)).all()
        return [("0x" + one.hash.hex(), one.block_hash) for one in found]

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        engine = open_database(self._url)
        try:
            with reading(engine) as connection:
                yield connection
        finally:
            engine.dispose()
