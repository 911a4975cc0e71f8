"""What is wrong with a row, told so that it can be mended without asking."""

from dataclasses import dataclass

from node_api.domain.printable import printable

SHOWN = 80
"""Characters of a value that a fault repeats."""


class BadValue(ValueError):
    """A cell's text breaks a rule.

    Attributes:
        rule: what must hold, with bounds and unit.
        remedy: what to do about it.
    """

    def __init__(self, rule: str, remedy: str) -> None:
        super().__init__(f"{rule}; {remedy}")
        self.rule = rule
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of one cell or row.

    Attributes:
        file: name within the folder.
        line: line of the file, the header being line 1; 0 where the file itself is missing or unreadable.
        column: empty where the fault is the whole row's or file's.
        value: the text found, shortened to 80 characters.
        rule: what must hold.
        remedy: what to do.
    """

    file: str
    line: int
    column: str
    value: str
    rule: str
    remedy: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" + (f" {self.column}" if self.column else "")
        return printable(f"{where}: {self.value!r}: {self.rule}. {self.remedy}.")


def shortened(value: str) -> str:
    """`value`, cut to 80 characters with an ellipsis."""
    return value if len(value) <= SHOWN else value[: SHOWN - 1] + "…"
