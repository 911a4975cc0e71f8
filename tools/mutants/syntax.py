"""What the faults need of the compiler's syntax tree."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

Node: TypeAlias = Mapping[str, Any]
Span: TypeAlias = tuple[int, int]
Libraries: TypeAlias = Mapping[str, Mapping[str, str]]


def span_of(node: Node) -> Span:
    start, length, _ = (int(part) for part in node["src"].split(":"))
    return start, start + length


def type_of(node: Node) -> str:
    return str(node.get("typeDescriptions", {}).get("typeString") or "")


def libraries_of(trees: Iterable[Node]) -> Libraries:
    """For each function of each library, the next one, in a circle, that takes and returns the same."""
    found: dict[str, dict[str, str]] = {}
    for tree in trees:
        for part in tree["nodes"]:
            if part["nodeType"] == "ContractDefinition" and part["contractKind"] == "library":
                kinds = {member["name"]: _signature(member) for member in part["nodes"] if _is_shared(member)}
                found[part["name"]] = dict(_neighbours(kinds))
    return found


def _neighbours(kinds: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for kind in set(kinds.values()):
        names = [name for name in kinds if kinds[name] == kind]
        if len(names) > 1:
            yield from zip(names, [*names[1:], names[0]], strict=True)


def _is_shared(member: Node) -> bool:
    return bool(member["nodeType"] == "FunctionDefinition" and member["visibility"] == "internal")


def _signature(function: Node) -> str:
    given, taken = function["parameters"]["parameters"], function["returnParameters"]["parameters"]
    return " ".join(type_of(one) for one in (*given, *taken))


def is_constant(node: Node) -> bool:
    name = str(node.get("memberName") or node.get("name") or "")
    return node["nodeType"] in ("Identifier", "MemberAccess") and re.fullmatch(r"[A-Z][A-Z0-9_]+", name) is not None


def children(node: Node) -> Iterator[Node]:
    """Nodes straight below, in the order of the source; types and names of parameters left out."""
    below: list[Node] = []
    for key, value in node.items():
        if key in ("typeName", "parameters", "returnParameters", "declarations", "modifierName"):
            continue
        values = value if isinstance(value, list) else [value]
        below += [one for one in values if isinstance(one, dict) and "nodeType" in one]
    yield from sorted(below, key=span_of)
