"""What the audit commands print: tables for people, one JSON object or CSV rows for programs.

Money is in the smallest unit of the settlement token everywhere.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime, timedelta, timezone
from enum import IntEnum, StrEnum

import rich_click as click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from node_api.cli.options import Shared
from node_api.domain.ids import LineId, programme_of_line
from node_api.domain.models import TxRef
from node_api.domain.printable import printable

Cell = str | int | None

_PIPED_WIDTH = 200


@dataclass(frozen=True, slots=True)
class Section:
    """A table: its title, its columns, its rows. Numbers stand on the right."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[Sequence[Cell]]


def print_report(shared: Shared, as_csv: bool, whole: Mapping[str, object], sections: Sequence[Section]) -> None:
    """Prints a report.

    Args:
        shared: says whether JSON is wanted.
        as_csv: print the last section's rows only, as CSV.
        whole: the report for JSON.
        sections: the report for people, in order.
    """
    if as_csv:
        click.echo(_csv(sections[-1]), nl=False)
    elif shared.as_json:
        shared.tell({name: plain(value) for name, value in whole.items()}, "")
    else:
        console = Console()
        if not console.is_terminal:
            console.width = _PIPED_WIDTH
        for section in sections:
            console.print(_table(section) if section.rows else f"{section.title}: none")


def plain(value: object) -> object:
    """A report as JSON can hold it: dataclasses as objects, enums by name, voucher ids as strings."""
    if isinstance(value, IntEnum):
        return value.name
    if isinstance(value, StrEnum):
        return value.value
    if is_dataclass(value):
        return {one.name: _named(one.name, getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    return value


def _named(name: str, value: object) -> object:
    return str(value) if name == "voucher" and isinstance(value, int) else plain(value)


def line_name(line: LineId) -> str:
    """A budget line for people: programme and number, `18/2`."""
    return f"{programme_of_line(line)}/{line & 0xFFFF}"


def local_time(timestamp: int, offset_minutes: int) -> str:
    """A time in a programme's zone, ISO 8601; its seconds where it lies behind the year 9999, as the contracts let it."""
    zone = timezone(timedelta(minutes=offset_minutes)) if offset_minutes else UTC
    try:
        return datetime.fromtimestamp(timestamp, zone).isoformat(sep=" ")
    except (ValueError, OverflowError):
        return f"second {timestamp}"


def local_day(day: int) -> str:
    """A local day counted from 1970-01-01, ISO 8601; its number where it lies behind the year 9999."""
    try:
        return datetime.fromtimestamp(day * 86_400, UTC).date().isoformat()
    except (ValueError, OverflowError):
        return f"day {day}"


def place(tx: TxRef) -> tuple[Cell, Cell]:
    """Block and transaction of a fact."""
    return tx.block.number, tx.hash


def _csv(section: Section) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(section.columns)
    writer.writerows(["" if cell is None else cell for cell in row] for row in section.rows)
    return text.getvalue()


def _table(section: Section) -> Table:
    table = Table(title=section.title, title_justify="left", title_style="bold", header_style="bold")
    for at, name in enumerate(section.columns):
        cells = [row[at] for row in section.rows if row[at] is not None]
        numeric = bool(cells) and all(isinstance(cell, int) for cell in cells)
        table.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in section.rows:
        table.add_row(*(_shown(cell) for cell in row))
    return table


def _shown(cell: Cell) -> Text:
    if cell is None:
        return Text()
    return Text(f"{cell:,}" if isinstance(cell, int) else printable(cell))
