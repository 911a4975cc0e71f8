"""What the rows read so far have named, so that later rows can be checked against it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from node_api.domain.importing.cells import Cells
from node_api.domain.importing.rows import BatchRow, BudgetLineRow, MerchantRow, ProgrammeRow, RollRow
from node_api.services.importing.table import Table

K = TypeVar("K")
R = TypeVar("R")


@dataclass(slots=True)
class Register(Generic[K, R]):
    """Rows by their key.

    Attributes:
        what: one of them, in words.
        file: where they are written.
        rows: None for a row that is itself at fault: it is known, and nothing more is said about it.
        lines: the line each stands on.
        is_complete: False if the file, a row or a key could not be read; then nothing counts as unknown.
    """

    what: str
    file: str
    rows: dict[K, R | None] = field(default_factory=dict)
    lines: dict[K, int] = field(default_factory=dict)
    is_complete: bool = True

    def put(self, cells: Cells, column: str, key: K, row: R | None) -> None:
        """Enters a row under its key; a key that is there already is a fault of `column`, and both rows are.

        A key that is itself bad enters nothing: whoever refers to the row may be right.
        """
        if any(fault.column == column for fault in cells.faults):
            self.is_complete = False
            return
        if key in self.lines:
            cells.note(
                column, f"each {self.what} stands there once", f"it is on line {self.lines[key]} already; rename one"
            )
            self.rows[key] = None
            return
        self.lines[key] = cells.line
        self.rows[key] = row if cells.is_sound else None

    def find(self, cells: Cells, column: str, key: K) -> R | None:
        """The row of `key`; an unknown key is a fault of `column`."""
        if key not in self.rows and self.is_complete:
            cells.note(
                column, f"no such {self.what} in {self.file}", f"add it to {self.file}, or correct the reference"
            )
        return self.rows.get(key)

    def sound(self) -> tuple[R, ...]:
        """All rows that are not at fault, in the order of the file."""
        return tuple(row for row in self.rows.values() if row is not None)


@dataclass(slots=True)
class Known:
    """Everything named so far."""

    programmes: Register[str, ProgrammeRow] = field(default_factory=lambda: Register("programme", "programmes.csv"))
    lines: Register[tuple[str, int], BudgetLineRow] = field(
        default_factory=lambda: Register("budget line", "budget_lines.csv")
    )
    merchants: Register[str, MerchantRow] = field(default_factory=lambda: Register("merchant", "merchants.csv"))
    batches: Register[str, BatchRow] = field(default_factory=lambda: Register("batch", "batches.csv"))
    rolls: Register[str, RollRow] = field(default_factory=lambda: Register("roll", "holders.csv"))
    issued: set[tuple[str, str]] = field(default_factory=set)


def read_all(table: Table, parse: Callable[[Cells], R | None], take: Callable[[Cells, R | None], None]) -> None:
    """Reads a table to its end: each row is parsed, taken, and its faults handed in."""
    for cells in table.rows():
        take(cells, parse(cells))
        table.settle(cells)
