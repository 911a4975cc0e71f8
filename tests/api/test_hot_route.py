"""The hot routes read the common form of a request themselves, and leave every other to the framework: both answer alike.

of the common form → accepted, with and without ?wait=
of another form, as good → accepted all the same, and it is the same operation
unfit → refused by the framework, with every fault named
key unknown, or of a role that does not reach it → refused as on every route
"""

from __future__ import annotations

import json

import pytest

from node_api.domain.access import ApiRole
from tests.api.conftest import Client, Json, Served
from tests.api.test_redeeming import code_for

PATH = "/v1/redemptions"


@pytest.fixture
def body(served: Served, wallet: Client, person: int) -> Json:
    return {"code": code_for(wallet, served, person)["code"]}


def test_redeem__in_other_forms__is_the_same_operation(merchant: Client, body: Json, person: int) -> None:
    key = {"Idempotency-Key": f"form-{person}"}
    plain = merchant.http.post(f"{PATH}?wait=30", json=body, headers=key)
    assert plain.json()["state"] == "succeeded", plain.text

    spaced = json.dumps(body, indent=2).encode("utf-16")
    forms = [
        merchant.http.post(f"{PATH}?wait=0.5", json=body, headers=key),
        merchant.http.post(f"{PATH}?wait=3&x=1", json=body, headers=key),
        merchant.http.post(PATH, content=spaced, headers={**key, "Content-Type": "application/vt+json"}),
    ]
    assert [(form.status_code, form.json()["id"]) for form in forms] == [(200, plain.json()["id"])] * 3


@pytest.mark.parametrize(
    ("query", "content", "headers", "reason", "where"),
    [
        ("?wait=31", b"{}", {"Idempotency-Key": "k"}, "RequestInvalid", "query/wait"),
        ("", b"{}", {"Idempotency-Key": "k"}, "RequestInvalid", "body"),
        ("", b'{"code": 5}', {"Idempotency-Key": "k"}, "RequestInvalid", "body/code"),
        ("", b'{"code":', {"Idempotency-Key": "k"}, "BodyUnreadable", "body"),
        ("", b'{"code": "VT1:A"}', {}, "IdempotencyKeyMissing", None),
        ("", b'{"code": "VT1:A"}', {"Idempotency-Key": "\xe9"}, "IdempotencyKeyInvalid", None),
        ("", b'{"code": "VT1:A"}', {"Idempotency-Key": "k"}, "CodeUnreadable", None),
    ],
)
def test_redeem__unfit__says_why(
    merchant: Client, query: str, content: bytes, headers: dict[str, str], reason: str, where: str | None
) -> None:
    told = {**headers, "Content-Type": "application/json"}
    sent = [(name.encode(), value.encode("latin-1")) for name, value in told.items()]
    answer = merchant.http.post(PATH + query, content=content, headers=sent).json()
    assert answer["reason"] == reason
    if where is not None:
        assert any(fault["where"].startswith(where) for fault in answer["faults"])


def test_redeem__key_that_may_not__is_refused(served: Served, body: Json) -> None:
    unknown, auditor = served.with_token("vt_nobody"), served.client(ApiRole.AUDITOR)
    assert unknown.redeem(body).json()["reason"] == "ApiKeyUnknown"
    assert auditor.redeem(body).json()["reason"] == "RoleNotAllowed"
