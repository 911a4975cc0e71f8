"""Rows by keys of several columns, each looked for in the index.

Of `(a, b) IN (…)` SQLite makes a walk over the whole table as soon as there are two of them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Table

from node_api.storage.queries import CHUNK, chunks
from node_api.storage.rows import Value

_STEPS = (1, 4, 16, 64, 256, CHUNK)
"""So many keys has one statement, the last of them more than once: few statements are prepared."""


def rows_by_keys(
    connection: Connection,
    table: Table,
    keys: tuple[str, ...],
    columns: tuple[str, ...],
    wanted: Collection[tuple[Value, ...]],
) -> list[tuple[Any, ...]]:
    """Rows whose key is one of those wanted.

    Args:
        connection: inside a transaction.
        table: has an index that begins with the keys.
        keys: the key's columns.
        columns: those to be told, of values as the drivers give them: whole numbers, text, bytes.
        wanted: values of the key's columns.
    """
    found: list[tuple[Any, ...]] = []
    for some in chunks(set(wanted)):
        asked = some + [some[-1]] * (next(step for step in _STEPS if step >= len(some)) - len(some))
        statement = _statement(table.name, keys, columns, len(asked), connection.dialect.name)
        found += map(tuple, connection.exec_driver_sql(statement, tuple(chain.from_iterable(asked))))
    return found


@cache
def _statement(table: str, keys: Sequence[str], columns: Sequence[str], count: int, dialect: str) -> str:
    value = "?" if dialect == "sqlite" else "%s"
    row = f"({', '.join([value] * len(keys))})"
    told = ", ".join(f"found.{name}" for name in columns)
    same = " AND ".join(f"found.{name} = asked.{name}" for name in keys)
    values = ", ".join([row] * count)
    return (
        f"WITH asked({', '.join(keys)}) AS (VALUES {values}) "  # noqa: S608  names are ours
        f"SELECT {told} FROM asked CROSS JOIN {table} AS found WHERE {same}"
    )
