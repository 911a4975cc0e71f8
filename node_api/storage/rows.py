"""Rows on their way into the tables."""

from __future__ import annotations

from sqlalchemy import Table

Value = int | str | bytes | bool | None
Row = dict[str, Value]
Rows = dict[Table, list[Row]]
