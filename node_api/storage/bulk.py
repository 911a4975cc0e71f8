"""Rows into a table by the hundred thousand: tuples in the order of its columns, as the driver takes them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import chain

from sqlalchemy import Connection, Dialect, Table

from node_api.storage.rows import Value

_TOGETHER = 1_000
"""Rows of one statement on SQLite: takes a quarter less than one by one, and lets others have the interpreter meanwhile."""


def insert_tuples(connection: Connection, table: Table, rows: Sequence[tuple[Value, ...]]) -> None:
    """Inserts the rows. Their values are what the columns keep: nothing is converted on the way."""
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        together = len(rows) - len(rows) % _TOGETHER
        for at in range(0, together, _TOGETHER):
            connection.exec_driver_sql(_into(table, _TOGETHER), tuple(chain.from_iterable(rows[at : at + _TOGETHER])))
        if together < len(rows):
            connection.exec_driver_sql(_into(table, 1), list(rows[together:]))
    else:
        connection.exec_driver_sql(_by_column(table, connection.dialect), tuple(map(list, zip(*rows, strict=True))))


@cache
def _into(table: Table, rows: int) -> str:
    """SQLite is in this process: one prepared statement, run for so many rows."""
    row = f"({', '.join('?' for _ in table.c)})"
    return f"INSERT INTO {table.name} VALUES {', '.join([row] * rows)}"  # noqa: S608  names are ours


@cache
def _by_column(table: Table, dialect: Dialect) -> str:
    """A server takes all rows in one statement, an array for each column."""
    arrays = ", ".join(f"%s::{column.type.compile(dialect)}[]" for column in table.c)
    return f"INSERT INTO {table.name} SELECT * FROM unnest({arrays})"  # noqa: S608  names are ours


def run_tuples(connection: Connection, statement: str, rows: Sequence[tuple[Value, ...]]) -> None:
    """Runs a statement, in which a `?` stands for each value, once for each row: prepared once, nothing converted on the way."""
    if rows:
        connection.exec_driver_sql(_spoken(statement, connection.dialect.name), list(rows))


def insertion(table: Table, columns: Sequence[str]) -> str:
    """The statement that inserts these columns of a row, for `run_tuples`."""
    return f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({', '.join('?' for _ in columns)})"  # noqa: S608  names are ours


@cache
def _spoken(statement: str, dialect: str) -> str:
    return statement if dialect == "sqlite" else statement.replace("?", "%s")
