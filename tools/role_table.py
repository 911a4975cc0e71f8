"""The table of who may do what, tests/cases/roles.json: written by hand from DESIGN's roles and docs/storage.md, section 7."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_TABLE = Path(__file__).resolve().parents[1] / "tests" / "cases" / "roles.json"


@dataclass(frozen=True, slots=True)
class Row:
    """The answer of one function to every caller.

    Attributes:
        may: who is not refused for who they are.
        others: what the others are refused with; "" is a call that fails without a reason.
        note: what more it takes, for people.
    """

    contract: str
    function: str
    may: frozenset[str]
    others: tuple[str, ...]
    note: str


def table() -> Mapping[str, Any]:
    loaded: dict[str, Any] = json.loads(_TABLE.read_text(encoding="utf-8"))
    return loaded


def callers() -> list[str]:
    """Everybody who is tried, in the page's order."""
    return list(table()["callers"])


def rows() -> list[Row]:
    """One row for each function. A function that stands twice is a mistake of the table."""
    everybody = frozenset(callers())
    found = []
    for entry in table()["functions"]:
        may = everybody if entry["may"] == "everybody" else frozenset(entry["may"])
        assert may <= everybody, entry
        found += [
            Row(entry["of"], function, may, tuple(entry.get("others", ())), entry.get("note", ""))
            for function in entry["functions"]
        ]
    names = [(row.contract, row.function) for row in found]
    assert len(names) == len(set(names)), sorted(name for name in names if names.count(name) > 1)
    return found


def routes() -> Mapping[str, frozenset[str]]:
    """Method and path → the API roles that reach it."""
    return {route: frozenset(roles) for route, roles in table()["routes"].items()}


def public_routes() -> frozenset[str]:
    """What needs no key."""
    return frozenset(table()["public"])
