"""A file of people: one person's reference a line, as in the column `holder` of an import folder."""

from __future__ import annotations

from pathlib import Path

from node_api.domain.importing.faults import BadValue, Fault, shortened
from node_api.domain.importing.values import reference
from node_api.services.importing.report import FaultReport, Faults

HEADERS = ("holder", "person", "people", "reference")
"""What people write above such a column: each of them would pass for somebody's reference."""
MAX_PERSON = 128
"""Most characters of a person's reference in a request; import folders take fewer."""


def read_people_file(path: Path, *, listed: bool = True) -> tuple[str, ...] | FaultReport:
    """Reads the file: the references in its order, each once, or every fault in it. Blank lines are skipped.

    Args:
        path: the file.
        listed: whether a list is made of it, in which nobody stands twice, of persons as import folders name them; else it may
            name a person again, and any that a request can.
    """
    faults = Faults()
    lines: dict[str, int] = {}
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file, start=1):
                if not (text := line.strip()):
                    continue
                try:
                    _check(text, lines, listed=listed)
                except BadValue as bad:
                    faults.add([Fault(path.name, number, "", shortened(text), bad.rule, bad.remedy)])
                lines.setdefault(text, number)
    except (OSError, UnicodeDecodeError) as error:
        rule, remedy = "the file is UTF-8 text", "save it as UTF-8, one reference a line"
        faults.add([Fault(path.name, 0, "", str(error), rule, remedy)])
    if not faults.total and not lines:
        faults.add([Fault(path.name, 0, "", "", "the file names at least one person", "add a line")])
    return faults.report() if faults.total else tuple(lines)


def _check(text: str, before: dict[str, int], *, listed: bool) -> None:
    if not before and text.lower() in HEADERS:
        raise BadValue("the file has one person's reference a line, and no header", "take the line out")
    if not listed:
        if len(text) > MAX_PERSON:
            raise BadValue(f"a person's reference has at most {MAX_PERSON} characters", "write one a line")
        return
    reference(text)
    if text in before:
        raise BadValue("nobody stands in the list twice", f"line {before[text]} has this person; take one out")
