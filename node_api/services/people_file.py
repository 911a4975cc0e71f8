"""A file of people: one person's reference a line, as in the column `holder` of an import folder."""

from __future__ import annotations

from pathlib import Path

from node_api.domain.importing.faults import BadValue, Fault, shortened
from node_api.domain.importing.values import reference
from node_api.services.importing.report import FaultReport, Faults

_HEADERS = ("holder", "person", "people", "reference")
"""What people write above such a column: each of them would pass for somebody's reference."""


def read_people_file(path: Path) -> tuple[str, ...] | FaultReport:
    """Reads the file: the references in its order, or every fault in it. Blank lines are skipped; nobody stands in it twice."""
    faults = Faults()
    lines: dict[str, int] = {}
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file, start=1):
                if not (text := line.strip()):
                    continue
                try:
                    _check(text, lines)
                except BadValue as bad:
                    faults.add([Fault(path.name, number, "", shortened(text), bad.rule, bad.remedy)])
                lines.setdefault(text, number)
    except (OSError, UnicodeDecodeError) as error:
        rule, remedy = "the file is UTF-8 text", "save it as UTF-8, one reference a line"
        faults.add([Fault(path.name, 0, "", str(error), rule, remedy)])
    if not faults.total and not lines:
        faults.add([Fault(path.name, 0, "", "", "the file names at least one person", "add a line")])
    return faults.report() if faults.total else tuple(lines)


def _check(text: str, before: dict[str, int]) -> None:
    if not before and text.lower() in _HEADERS:
        raise BadValue("the file has one person's reference a line, and no header", "take the line out")
    reference(text)
    if text in before:
        raise BadValue("nobody stands in the list twice", f"line {before[text]} has this person; take one out")
