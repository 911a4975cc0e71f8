"""Reading one row: cells by column name, every bad cell noted instead of the first one raised."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar, cast, overload

from node_api.domain.importing.faults import BadValue, Fault, shortened

T = TypeVar("T")
D = TypeVar("D")


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a file: those a row must have, and those it may leave out or empty."""

    file: str
    needed: tuple[str, ...]
    optional: tuple[str, ...] = ()


class Cells:
    """One row of one file, and what is wrong with it.

    `read` never raises for a bad cell: it notes a fault and returns nothing usable, so a row made from the cells may be used
    only if `is_sound` still holds after the last read.
    """

    __slots__ = ("_places", "_row", "faults", "file", "line")

    def __init__(self, file: str, line: int, places: Mapping[str, int], row: Sequence[str]) -> None:
        self.file = file
        self.line = line
        self._places = places
        self._row = row
        self.faults: list[Fault] = []

    @property
    def is_sound(self) -> bool:
        """Whether nothing is wrong so far."""
        return not self.faults

    def text(self, column: str) -> str:
        """The cell as it stands; empty where the file has no such column."""
        place = self._places.get(column)
        return "" if place is None else self._row[place]

    @overload
    def read(self, column: str, parse: Callable[[str], T], /) -> T: ...

    @overload
    def read(self, column: str, parse: Callable[[str], T], default: D, /) -> T | D: ...

    def read(self, column: str, parse: Callable[[str], T], /, *default: D) -> T | D:
        """The parsed cell; `default`, where one is given, for an empty one."""
        text = self.text(column)
        if not text:
            if default:
                return default[0]
            self.note(column, "must not be empty", "fill it in")
            return cast("T", None)
        try:
            return parse(text)
        except BadValue as bad:
            self.note(column, bad.rule, bad.remedy)
            return cast("T", None)

    def read_or_none(self, column: str, parse: Callable[[str], T]) -> T | None:
        """The parsed cell; None, with a fault noted, for a bad or empty one."""
        return self.read(column, parse)

    def note(self, column: str, rule: str, remedy: str) -> None:
        """Notes a fault of the cell, or of the row where `column` is empty."""
        self.faults.append(Fault(self.file, self.line, column, shortened(self.text(column)), rule, remedy))
