"""Writes the pages that are read off the tables the tests hold: docs/roles.md and docs/rules.md.

python -m tools.pages            rewrites them
python -m tools.pages --check    writes nothing; fails where a committed page differs
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypedDict

from node_api.domain.refusals import RuleRefusal
from tools.role_table import callers, public_routes, routes, rows, table

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
CASES = ROOT / "tests" / "cases" / "rules.json"
EVERYBODY = "everybody"

_ROLES = """# Who may do what

Written by `make pages` from [the table](../tests/cases/roles.json), which the tests try on a real deployment: each function of
each contract with each of these callers, each route of the API with each role. A function or route without a row fails the tests.

## Functions of the contracts

Callers: {callers}.

`Vouchers` and `ProgrammeRegistry` answer with the code of their backs too. Whoever is not named is refused with the error of the
row; who is may still meet another rule, above all that nobody approves what they proposed ([storage](storage.md), section 7).
"""
_ROUTES = """
## Routes of the API

{roles}: a key has one role ([the API](api.md)). Another role's key is refused with `RoleNotAllowed`, no key with `ApiKeyMissing`.
"""
_RULES = """# What the rules say

Written by `make pages` from [the table of cases](../tests/cases/rules.json), which the contracts and the node's own copy of the
rules both pass. A redemption must pass all of them, in this order; the first that it breaks is the reason it is refused with, and
that reason's contract error is `Vouchers_` and its name. Remedies stand on [the page of errors](errors.md).

An example says only what differs from [the world of the cases](../tests/cases/world.json), where nothing is wrong; what the words
mean stands in [their README](../tests/cases/README.md).
"""


class Case(TypedDict):
    """One case of the table."""

    name: str
    rule: str
    given: dict[str, object]
    expect: str


def pages() -> dict[str, str]:
    """The pages by file name."""
    return {"roles.md": roles_page(), "rules.md": rules_page()}


# --- roles ---


def roles_page() -> str:
    parts = [_ROLES.format(callers=", ".join(callers()))]
    contracts = list(dict.fromkeys(row.contract for row in rows()))
    for contract in contracts:
        parts.append(f"\n### {contract}\n\n| Function | Who | Others get |\n|---|---|---|\n")
        parts.append("".join(_functions(contract)))
    parts.append(_ROUTES.format(roles=", ".join(str(role) for role in table()["roles"])))
    parts.append("\n| Route | Roles |\n|---|---|\n")
    parts += [f"| `{route}` | {_roles(roles)} |\n" for route, roles in routes().items()]
    parts.append(f"\nOpen to all: {', '.join(f'`{route}`' for route in sorted(public_routes()))}.\n")
    return "".join(parts)


def _functions(contract: str) -> list[str]:
    """One line for the functions of one answer, as they stand side by side in the table."""
    answers: dict[tuple[frozenset[str], tuple[str, ...], str], list[str]] = {}
    for row in rows():
        if row.contract == contract:
            answers.setdefault((row.may, row.others, row.note), []).append(f"`{row.function}`")
    return [
        f"| {', '.join(names)} | {_who(may, note)} | {_refusals(others)} |\n"
        for (may, others, note), names in answers.items()
    ]


def _who(may: frozenset[str], note: str) -> str:
    who = EVERYBODY if len(may) == len(callers()) else ", ".join(name for name in callers() if name in may) or "nobody"
    return f"{who}; {note}" if note else who


def _refusals(others: Sequence[str]) -> str:
    return ", ".join(f"`{error}`" if error else "a call that fails" for error in others) or "–"


def _roles(roles: frozenset[str]) -> str:
    ordered = [str(role) for role in table()["roles"]]
    return EVERYBODY if len(roles) == len(ordered) else ", ".join(role for role in ordered if role in roles)


# --- rules ---


def rules_page() -> str:
    cases: list[Case] = json.loads(CASES.read_text(encoding="utf-8"))
    lines = [_RULES, "| Reason | Rule | Passes | Fails |", "|---|---|---|---|"]
    for reason in RuleRefusal.__subclasses__():
        refused, passed = examples(reason.__name__, cases)
        lines.append(f"| `{reason.__name__}` | {reason.rule} | {_shown(passed)} | {_shown(refused)} |")
    return "\n".join(lines) + "\n"


def examples(reason: str, cases: Sequence[Case]) -> tuple[Case, Case]:
    """The first case refused for the reason, and the accepted case nearest to it: of its own rule if there is one.

    Raises:
        LookupError: no case is refused for it.
    """
    refused = next((case for case in cases if case["expect"] == reason and case["rule"] != "order"), None)
    if refused is None:
        raise LookupError(f"no case of tests/cases/rules.json is refused with {reason}")
    accepted = [case for case in cases if case["expect"] == "accepted"]
    own = [case for case in accepted if case["rule"] == refused["rule"]]
    return refused, max(own or accepted, key=lambda case: _likeness(case["given"], refused["given"]))


def _likeness(one: Mapping[str, object], other: Mapping[str, object]) -> tuple[int, int]:
    shared = one.keys() & other.keys()
    return len(shared) - len(one.keys() ^ other.keys()), sum(one[key] == other[key] for key in shared)


def _shown(case: Case) -> str:
    told = case["name"].partition(": ")[2] if case["name"].startswith(f"{case['rule']}: ") else case["name"]
    given = ", ".join(f"{key} {json.dumps(value, ensure_ascii=False)}" for key, value in case["given"].items())
    return f"{told}: `{given}`" if given else told


def main() -> int:
    """Writes or checks the pages; the exit code says whether all is well."""
    parser = argparse.ArgumentParser(description="Write docs/roles.md and docs/rules.md.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a committed page differs")
    check = parser.parse_args().check
    stale = []
    for name, text in pages().items():
        page = DOCS / name
        if check and (not page.exists() or page.read_text(encoding="utf-8") != text):
            stale.append(name)
        if not check:
            page.write_text(text, encoding="utf-8")
    for name in stale:
        print(f"docs/{name} is not what the tables say; run: make pages", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    raise SystemExit(main())
