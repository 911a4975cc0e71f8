"""Copies the files of a folder with rows added and cells changed; what is not named stays as it was."""

import csv
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from node_api.domain.importing.cells import Columns
from node_api.loaders.folder_writer import Row, write_table

Change = Callable[[dict[str, str | int]], None]


def read_rows(folder: Path, columns: Columns) -> Iterator[dict[str, str | int]]:
    """The rows of a checked file as they stand."""
    with (folder / columns.file).open(encoding="utf-8-sig", newline="") as stream:
        for row in csv.DictReader(stream):
            yield dict(row)


def rewrite(
    folder: Path, out: Path, columns: Columns, added: Iterable[Row] = (), change: Change = lambda _: None
) -> None:
    """Writes a file's changed rows, then the added ones, with every column the file may have."""

    def rows() -> Iterator[Row]:
        for row in read_rows(folder, columns):
            change(row)
            yield row
        yield from added

    write_table(out, columns, rows(), columns.optional)
