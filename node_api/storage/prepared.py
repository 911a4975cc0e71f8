"""Statements that are asked for one voucher after the other: built once, handed to the driver, read back by name.

A statement through SQLAlchemy takes five times as long as SQLite takes to answer it.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Sequence
from typing import Any, cast

from sqlalchemy import Connection, Dialect

from node_api.storage.engine import require_going
from node_api.storage.queries import Query, Record

_Run = Callable[[Connection, dict[str, object]], Any]


class Prepared:
    """One statement. Its columns must be as the drivers give them: whole numbers, text, bytes, no mask of 64 bits."""

    def __init__(self, query: Query) -> None:
        """Builds nothing yet: that takes a database."""
        self._query = query
        self._row = _row_of(query.selected_columns.keys())
        self._runs: dict[str, _Run] = {}

    def rows(self, connection: Connection, **values: object) -> Sequence[Record]:
        """What it finds with these values for its parameters."""
        name = connection.dialect.name
        run = self._runs.get(name) or self._runs.setdefault(name, self._built(connection.dialect))
        try:
            found = run(connection, values)
        except Exception as fault:  # noqa: BLE001  whatever the driver raised, SQLAlchemy makes of it what it makes of it elsewhere
            require_going(connection, fault)
            return connection.execute(self._query, values).all()
        made: list[Record] = [self._row(row) for row in found]
        return made

    def _built(self, dialect: Dialect) -> _Run:
        built = self._query.compile(dialect=dialect)
        statement, fixed = str(built), dict(built.params)
        names = built.positiontup

        def run(connection: Connection, values: dict[str, object]) -> Any:
            driver: Any = connection.connection.driver_connection
            named = {**fixed, **values}
            given = named if names is None else [named[name] for name in names]
            return driver.execute(statement, given).fetchall()

        return run


def _row_of(names: Sequence[str]) -> Callable[[Any], Any]:
    """Makes rows with the columns' names out of the driver's."""
    row: Any = namedtuple("Row", tuple(names), rename=True)  # type: ignore[misc]  # noqa: PYI024  the statement has the names
    return cast("Callable[[Any], Any]", row._make)
