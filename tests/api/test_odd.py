"""
Requests that no client of ours makes
├── NUL, broken UTF-8, controls, endless digits in any path of the description → a problem below 500
├── NUL or a lone surrogate in any query, header or text of a body → likewise
├── a path that is not there → RouteUnknown                ├── a method that is not there → MethodNotOffered, with Allow
└── a body that is not JSON, or not UTF-8 → BodyUnreadable
"""

from __future__ import annotations

import re

import httpx
import pytest

from node_api.api.application import describe_api
from node_api.domain.access import ApiRole
from tests.api.conftest import Client, Served

ODD = (
    "%00",
    "a%00b",
    "%FF",
    "%C3%28",
    "%ED%A0%80",
    "%F0%9F%98%80",
    "%0A",
    "%7F",
    "%25",
    "0x%00",
    "'",
    "-1",
    "1e5",
    "9" * 5_000,
    "%EF%BC%91",
)
DESCRIBED = describe_api()["paths"]
READS = sorted(path for path, methods in DESCRIBED.items() if "get" in methods and "{" in path)
WRITES = sorted(path for path, methods in DESCRIBED.items() if "post" in methods)
BODIES = (
    b'{"person": "\\u0000", "programme": "\\u0000", "code": "\\u0000"}',
    b'{"person": "\\ud800", "programme": "\\ud800", "code": "\\ud800"}',
    b'{"\\ud800": 1, "\\u0000": 2}',
    b'{"items": [{"code": "VT1:\\u0000"}, {"code": "\\ud800"}, {"\\udfff": []}]}',
    b"[" * 2_000 + b"]" * 2_000,
    b"1e999",
    b"NaN",
    b'"' + b"x" * 2_000 + b'"',
)
BROKEN = (b"{", b"", b'{"a": 1,}', b"\xff\xfe", b'{"code": "\xff"}', b"\x00")


def assert_problem(answer: httpx.Response, *reasons: str) -> None:
    """A problem of ours, below 500."""
    assert answer.headers["content-type"] == "application/problem+json", (answer.status_code, answer.text)
    told = answer.json()
    assert 400 <= answer.status_code < 500, told
    assert told["status"] == answer.status_code
    assert told["type"] == f"/errors#{told['reason'].lower()}"
    assert told["value"]
    assert told["rule"]
    assert told["remedy"]
    assert not reasons or told["reason"] in reasons, told


@pytest.fixture
def anybody(served: Served) -> dict[str, Client]:
    """A client of each role."""
    return {role: served.client(role, 1 if role is ApiRole.MERCHANT else None) for role in ApiRole}


@pytest.mark.parametrize("path", READS)
def test_path__whatever_it_holds__is_a_problem_below_500(path: str, operator: Client) -> None:
    for odd in ODD:
        answer = operator.http.get(re.sub(r"\{[^}]*\}", lambda _, odd=odd: odd, path))  # type: ignore[misc]
        assert_problem(answer)


@pytest.mark.parametrize("odd", ["%00", "%FF", "%ED%A0%80", "%0A"])
def test_query__whatever_it_holds__is_a_problem_or_an_answer(odd: str, wallet: Client, operator: Client) -> None:
    for query in (f"programme={odd}&person=person-1", f"programme=programme-Meals&person={odd}", f"{odd}={odd}"):
        answer = wallet.http.get(f"/v1/wallet/vouchers?{query}")
        assert answer.status_code < 500, answer.text
    assert_problem(operator.http.get(f"/v1/merchants/1/redemptions?after={odd}"), "RequestInvalid")
    assert_problem(wallet.http.get("/v1/wallet/vouchers?programme=programme-Meals&person=%00"), "RequestInvalid")


def test_header__whatever_it_holds__is_a_problem(merchant: Client, served: Served) -> None:
    for odd in (b"\xff\xfe", "¹".encode()):
        headers = httpx.Headers([(b"Idempotency-Key", odd)])
        assert_problem(merchant.http.post("/v1/redemptions", json={"code": "x"}, headers=headers))
        nobody = httpx.Headers([(b"Authorization", b"Bearer " + odd)])
        assert_problem(served.with_token(None).http.get("/v1/programmes", headers=nobody), "ApiKeyUnknown")


@pytest.mark.parametrize("path", WRITES)
def test_body__whatever_it_holds__is_a_problem(path: str, anybody: dict[str, Client]) -> None:
    for client in (anybody["wallet"], anybody["merchant"]):
        for body in BODIES:
            headers = {"Content-Type": "application/json", "Idempotency-Key": "odd"}
            assert_problem(client.http.post(path, content=body, headers=headers))


@pytest.mark.parametrize("body", BROKEN)
def test_body__not_json__is_said(body: bytes, merchant: Client) -> None:
    headers = {"Content-Type": "application/json", "Idempotency-Key": "broken"}
    expected = "RequestInvalid" if body == b"" else "BodyUnreadable"  # without a body the body is missing
    assert_problem(merchant.http.post("/v1/redemptions", content=body, headers=headers), expected)


@pytest.mark.parametrize("path", ["/", "/v2/programmes", "/v1/nothing/%00", "/v1/vouchers/a/b/c", "/%FF"])
def test_path__not_there__is_said(path: str, served: Served) -> None:
    answer = served.with_token(None).http.get(path)
    assert_problem(answer, "RouteUnknown")
    assert answer.status_code == 404


def test_method__not_there__is_said_with_those_that_are(served: Served) -> None:
    answer = served.with_token(None).http.delete("/v1/programmes")
    assert_problem(answer, "MethodNotOffered")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
