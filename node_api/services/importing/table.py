"""A CSV file as rows of cells, streamed."""

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from node_api.domain.importing.cells import Cells, Columns
from node_api.domain.importing.faults import Fault, shortened
from node_api.services.importing.lines import text_lines
from node_api.services.importing.report import Faults

Progress = Callable[[str, int, int], None]
"""Told file name, bytes read, bytes in all."""
Places = dict[str, int]


Checksum = Callable[[str], bool]
"""Whether a mixed-case address carries the right EIP-55 checksum; it needs Keccak, which the standard library has not."""

WRONG_CHECKSUM = "the address's checksum (EIP-55) is wrong", "copy the address again"
_ADDRESS_COLUMNS = (
    "token",
    "funder",
    "payout",
    "terminals",
    "holder",
    "signer",
    "terminal",
    "terminal_signer",
    "by",
    "to",
)


class _Reader(Protocol):
    """What `csv.reader` gives."""

    line_num: int

    def __iter__(self) -> Iterator[list[str]]: ...

    def __next__(self) -> list[str]: ...


def is_sound(address: str, checksum: Checksum) -> bool:
    """Whether an address has the right checksum, or none, being in one case. Whatever is no address needs none."""
    digits = address[2:]
    return not address.startswith("0x") or digits in {digits.lower(), digits.upper()} or checksum(address)


def no_progress(_file: str, _done: int, _total: int) -> None:
    """Tells nobody."""


class Table:
    """One file of the folder, read once from start to end.

    Attributes:
        is_usable: False once the file turned out missing or its header wrong: nothing can be said of its rows then.
        is_complete: False once a row, or the file, could not be read: then something may be missing from what was read.
    """

    def __init__(
        self,
        folder: Path,
        columns: Columns,
        faults: Faults,
        progress: Progress = no_progress,
        checksum: Checksum | None = None,
    ) -> None:
        self.columns = columns
        self.is_usable = True
        self.is_complete = True
        self._path = folder / columns.file
        self._faults = faults
        self._progress = progress
        self._checksum = checksum

    def rows(self) -> Iterator[Cells]:
        """The rows of a sound shape, as cells. Faults of cells are the taker's to hand in, by `settle`."""
        for line, places, row in self.raw_rows():
            yield self.cells(line, places, row)

    def cells(self, line: int, places: Places, row: list[str]) -> Cells:
        """The cells of a raw row, with wrong checksums of addresses noted already."""
        cells = Cells(self.columns.file, line, places, row)
        if self._checksum is not None:
            for column in _ADDRESS_COLUMNS:
                if "0x" in (text := cells.text(column)):
                    self._check_addresses(cells, column, text, self._checksum)
        return cells

    def _check_addresses(self, cells: Cells, column: str, text: str, checksum: Checksum) -> None:
        for part in text.split(";"):
            if not is_sound(part, checksum):
                cells.note(column, *WRONG_CHECKSUM)

    def settle(self, cells: Cells) -> None:
        """Hands in what was noted about a row."""
        self._faults.add(cells.faults)

    def raw_rows(self) -> Iterator[tuple[int, Places, list[str]]]:
        """Line number, where each column stands, and the fields, of every row that has as many fields as the header."""
        try:
            size = self._path.stat().st_size
            stream = self._path.open("rb")
        except OSError as bad:
            self._unusable(0, "", "", f"the file cannot be read: {bad.strerror}", "put it into the folder")
            return
        file = self.columns.file
        with stream:
            lines = text_lines(stream, file, self._faults, lambda done: self._progress(file, done, size))
            reader = csv.reader(lines, strict=True)
            places = self._header(reader)
            if places is not None:
                yield from self._body(reader, places)

    def _header(self, reader: _Reader) -> Places | None:
        before = self._faults.total
        try:
            names = next(reader, None)
        except csv.Error as bad:
            self._unusable(1, "", "", f"the header is not CSV: {bad}", "name the columns in the first line")
            return None
        if not names and self._faults.total > before:  # told already, by the lines
            self.is_usable = self.is_complete = False
            return None
        if not names:
            self._unusable(1, "", "", "the first line names the columns", "write the header; the file is empty")
            return None
        known = self.columns.needed + self.columns.optional
        for column in self.columns.needed:
            if column not in names:
                self._unusable(1, column, "", "this column is missing", f"add it; found: {shortened(', '.join(names))}")
        for place, name in enumerate(names):
            if name not in known:
                self._unusable(1, shortened(name), name, "there is no such column", f"columns are {', '.join(known)}")
            elif names.index(name) != place:
                self._unusable(1, name, name, "the column is there twice", "take one of them out")
        return {name: place for place, name in enumerate(names)} if self.is_usable else None

    def _body(self, reader: _Reader, places: Places) -> Iterator[tuple[int, Places, list[str]]]:
        width = len(places)
        line = reader.line_num + 1
        while True:
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as bad:
                self._note(
                    line, "", "", f"the row is not CSV: {bad}", "quote as RFC 4180 says; end lines in LF or CRLF"
                )
            else:
                if len(row) == width:
                    yield line, places, row
                elif row:
                    self._note(
                        line, "", ",".join(row), f"a row has {width} fields", f"this one has {len(row)}; quote commas"
                    )
            line = reader.line_num + 1

    def _unusable(self, line: int, column: str, value: str, rule: str, remedy: str) -> None:
        self.is_usable = False
        self._note(line, column, value, rule, remedy)

    def _note(self, line: int, column: str, value: str, rule: str, remedy: str) -> None:
        self.is_complete = False
        self._faults.add([Fault(self.columns.file, line, column, shortened(value), rule, remedy)])
