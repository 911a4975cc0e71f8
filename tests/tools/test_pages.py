"""The pages that are written from the tables.

pages
├── as committed they are what the tables say
├── roles: every function and every route stands on the page
└── rules: every reason has an example that is refused with it and one that passes
"""

import json

import pytest

from node_api.domain.refusals import RuleRefusal
from tools import pages
from tools.role_table import routes, rows


@pytest.mark.parametrize("name", ["roles.md", "rules.md"])
def test_page__as_committed__is_what_the_tables_say(name: str) -> None:
    assert (pages.DOCS / name).read_text(encoding="utf-8") == pages.pages()[name], "run: make pages"


def test_roles__every_function_and_route__stands_on_the_page() -> None:
    page = pages.roles_page()

    assert [row.function for row in rows() if f"`{row.function}`" not in page] == []
    assert [route for route in routes() if f"| `{route}` |" not in page] == []


@pytest.mark.parametrize("reason", [kind.__name__ for kind in RuleRefusal.__subclasses__()])
def test_rules__every_reason__has_an_example_of_each_kind(reason: str) -> None:
    refused, passed = pages.examples(reason, json.loads(pages.CASES.read_text(encoding="utf-8")))

    assert refused["expect"] == reason
    assert passed["expect"] == "accepted"
    assert refused["given"] != passed["given"]
