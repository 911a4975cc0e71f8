"""Writes the files of an import folder: the same rows give the same bytes."""

import csv
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from node_api.domain.importing.cells import Columns
from node_api.domain.importing.values import CHANNELS

Row = Mapping[str, str | int]
"""Column → cell; columns left out are empty."""


def write_table(folder: Path, columns: Columns, rows: Iterable[Row], used: Iterable[str] = ()) -> int:
    """Writes one file with its needed columns and the optional ones named in `used`; gives the number of rows."""
    names = (*columns.needed, *used)
    count = 0
    with (folder / columns.file).open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, names, restval="", lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow(row)
            count += 1
    return count


def iso(at: int) -> str:
    """A time as import files write it."""
    return datetime.fromtimestamp(at, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def joined(mask: int) -> str:
    """A mask of categories as files write it."""
    return ";".join(str(bit) for bit in range(mask.bit_length()) if mask >> bit & 1)


def channel_names(mask: int) -> str:
    """A mask of channels as files write it."""
    return ";".join(name for bit, name in enumerate(CHANNELS) if mask >> bit & 1)


def items_text(items: Iterable[tuple[int, int]]) -> str:
    """Items as files write them."""
    return ";".join(f"{category}:{amount}" for category, amount in items)
