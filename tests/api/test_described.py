"""What is written down is what the code does: the OpenAPI file, the page of errors, the chain of errors."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import pytest

from node_api.api.access import KEY_HEADER, KEY_SCHEMA, ROLES
from node_api.api.errors_page import api_errors
from node_api.api.links import LINKS, Link
from node_api.api.problems import status_of
from node_api.chain.contracts import custom_errors
from node_api.cli.openapi import described
from node_api.domain import errors
from node_api.domain.claim_refusals import ClaimRefusal
from node_api.domain.errors import DomainError
from node_api.domain.refusals import NodeRefusal, RuleRefusal
from node_api.domain.reverts import RULES_AND_REMEDIES, reverted
from tests.api.conftest import Served

DOCS = Path(__file__).parents[2] / "docs"


def leaves(kind: type[DomainError]) -> list[type[DomainError]]:
    below = kind.__subclasses__()
    return [leaf for child in below for leaf in leaves(child)] if below else [kind]


@pytest.mark.parametrize("name", ["openapi.json", "errors.md"])
def test_docs__as_committed__are_current(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == described()[name], f"run: vouchertrail openapi docs ({name})"


def test_openapi__every_answer_above_400__is_a_problem_of_ours() -> None:
    schema = orjson.loads(described()["openapi.json"])

    assert "ValidationError" not in str(schema)
    for path, methods in schema["paths"].items():
        for operation in methods.values():
            for status, answer in operation["responses"].items():
                if path.startswith("/v1") and int(status) >= 400:
                    assert list(answer["content"]) == ["application/problem+json"], (path, status)


def test_openapi__every_operation_with_a_body__says_that_one_can_be_too_long() -> None:
    for path, methods in _schema()["paths"].items():
        for method, operation in methods.items():
            assert "requestBody" not in operation or "413" in operation["responses"], (method, path)


def test_openapi__every_operation_that_takes_a_key__says_that_it_needs_one() -> None:
    for path, methods in _schema()["paths"].items():
        for method, operation in methods.items():
            named = [one for one in operation.get("parameters", ()) if one["name"] == KEY_HEADER]
            needed = "IdempotencyKeyMissing" in str(operation["responses"].get("400", ""))
            assert [(one["required"], one["schema"]) for one in named] == [(True, KEY_SCHEMA)] * needed, (method, path)


@cache
def _schema() -> dict[str, Any]:
    schema: dict[str, Any] = orjson.loads(described()["openapi.json"])
    return schema


@pytest.mark.parametrize("link", LINKS, ids=lambda link: f"{link.source} to {link.target}")
def test_openapi__every_link__leads_from_what_is_answered_to_what_is_taken(link: Link) -> None:
    schema = _schema()
    operations = {f"{m.upper()} {path}": one for path, ms in schema["paths"].items() for m, one in ms.items()}
    source, target = operations[link.source], operations[link.target]
    assert set(link.parameters) <= {one["name"] for one in target["parameters"]} if link.parameters else link.body
    if link.body is not None:
        taken = _resolved(schema, target["requestBody"]["content"]["application/json"]["schema"])
        assert set(taken.get("required", ())) <= set(link.body) <= set(taken["properties"])
    for expression in (*link.parameters.values(), *(link.body or {}).values()):
        for status in link.statuses:
            assert _leads_somewhere(schema, source, status, expression), expression


def _leads_somewhere(schema: dict[str, Any], source: dict[str, Any], status: str, expression: str) -> bool:
    """Whether the expression names a parameter of the request, or a place that the answer's schema has."""
    if expression.startswith("$request.path."):
        return expression.removeprefix("$request.path.") in {one["name"] for one in source["parameters"]}
    at = _resolved(schema, source["responses"][status]["content"]["application/json"]["schema"])
    for name in expression.removeprefix("$response.body#/").split("/"):
        at = _resolved(schema, at["items"] if name.isdigit() else at["properties"][name])
    return at.get("type") in ("string", "integer", "array")


def _resolved(schema: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in part:
        return part
    found: dict[str, Any] = schema["components"]["schemas"][part["$ref"].rpartition("/")[2]]
    return found


def test_errors__served__are_the_page(served: Served) -> None:
    assert served.with_token(None).get("/errors").text == described()["errors.md"]


def test_tree__every_leaf__has_status_rule_remedy_and_a_row() -> None:
    page = described()["errors.md"]
    drawn = errors.__doc__ or ""

    for leaf in leaves(DomainError):
        if issubclass(leaf, errors.ContractReverted):
            continue
        assert status_of(leaf) != 500, leaf
        assert leaf.rule
        assert leaf.remedy
        assert f'<a id="{leaf.__name__.lower()}"></a>' in page
        assert issubclass(leaf, RuleRefusal | ClaimRefusal) or leaf.__name__ in drawn, (
            f"{leaf.__name__} is not in the tree's drawing"
        )
    refusals = {kind for branch in (RuleRefusal, ClaimRefusal, NodeRefusal) for kind in branch.__subclasses__()}
    assert set(api_errors()) | refusals == set(leaves(DomainError)) - {
        errors.OversightRefused,
        errors.CaseRefused,
        errors.BookingRefused,
    }


def test_selectors__every_custom_error__has_a_domain_error_and_a_row() -> None:
    page = described()["errors.md"]
    refusals = {f"Vouchers_{reason.__name__}" for reason in RuleRefusal.__subclasses__()}
    refusals |= {f"CaseDesk_{reason.__name__}" for reason in ClaimRefusal.__subclasses__()}

    for selector, error in custom_errors().items():
        assert (error.name in RULES_AND_REMEDIES) != (error.name in refusals), error.name
        assert f"`0x{selector.hex()}`" in page
    assert set(RULES_AND_REMEDIES) | refusals == {error.name for error in custom_errors().values()}


def test_reverted__with_arguments__names_value_rule_remedy() -> None:
    error = reverted("Treasury_Unbacked", [("line", 65537), ("amount", 500), ("available", 20)])

    assert str(error) == (
        "Treasury_Unbacked: line 65537, amount 500, available 20; the rule: no voucher without money behind it; "
        "what to do: deposit the missing money first"
    )
    assert error.name == "Treasury_Unbacked"


def test_page_of_the_api__every_route_and_role__is_told() -> None:
    page = (DOCS / "api.md").read_text(encoding="utf-8")

    for route, roles in ROLES.items():
        row = next((line for line in page.splitlines() if line.startswith(f"| `{route}`")), None)
        assert row is not None, f"{route} is not in docs/api.md"
        told = set(re.findall(r"[a-z]+", row.split("|")[2]))
        assert told == {role.value for role in roles}, route
