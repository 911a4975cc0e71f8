"""The hot routes are answered before the framework where a request is of the common form, else by it: both answer alike.

of the common form → accepted, and the framework is not asked
of another form, as good → accepted all the same, and it is the same operation
unfit → refused with its faults named, before the framework and by it, and counted once
key unknown, or of a role that does not reach it → refused as on every route, before the body is read
whatever the services say → the same status, headers and bytes before the framework and by it; line and time as of one route
├── final: redeemed, refused, a batch of both, a key used before, another merchant's, a code damaged, nobody's API key
└── not final, failed, rate limited, chain gone, a bug
a body in pieces → read as one          ├── too large → RequestTooLarge          └── broken off → nothing is taken in
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
from fastapi import FastAPI
from starlette.testclient import TestClient

from node_api.api.application import create_api
from node_api.api.limits import MAX_BODY
from node_api.chain.rpc_errors import ChainError
from node_api.domain.access import ApiRole
from node_api.domain.ids import Hash, UnixSeconds
from node_api.domain.models import BlockRef
from node_api.domain.operations import ItemOutcome, Operation, OperationState, StateChange, WorkItem
from node_api.logs import configure_logs
from node_api.services.operations import Submission
from node_api.services.rates import Rates
from node_api.storage.buckets import SharedBuckets
from tests.api.conftest import Client, Json, Served
from tests.api.test_redeeming import code_for, message

PATH, BATCH = "/v1/redemptions", "/v1/redemptions/batch"
BLOCK = BlockRef(7, Hash("0x" + "ab" * 32), UnixSeconds(1_700_000_000))
SEEN = "vouchertrail_http_request_seconds_count"


@dataclass
class Preset:
    """Takes everything in and says what it was told to: operations in a state, or a fault."""

    says: OperationState | Exception
    asked: int = 0

    def submit(self, submissions: Sequence[Submission]) -> list[Operation]:
        self.asked += len(submissions)
        if isinstance(self.says, Exception):
            raise self.says
        return [self._operation(one, self.says) for one in submissions]

    def reload(self, operations: Sequence[str]) -> list[Operation]:
        raise AssertionError(f"nobody waits for {operations}")

    def finality(self, operation: Operation) -> None:
        """Nothing it says stands on a chain."""

    def _operation(self, asked: Submission, state: OperationState) -> Operation:
        work = [WorkItem(one.item, None, Hash("0x" + "cd" * 32), None, None, BLOCK) for one in asked.requests]
        items = tuple(ItemOutcome(one, state, fault="out of gas") for one in work)
        history = (StateChange(OperationState.RECEIVED, 1), StateChange(state, 2))
        return Operation("op_1", asked.caller.owner, asked.key, asked.body_hash, asked.batch, state, history, items)


def answering(served: Served, services: Preset, rates: Rates | None = None) -> FastAPI:
    """The served node's API with other services behind."""
    node = served.node.api.state.node
    return create_api(
        replace(node, writes=replace(node.writing, redemptions=services), rates=rates or node.rates), ChainError
    )


def shown(answer: httpx.Response) -> tuple[int, list[tuple[str, str]], bytes]:
    """All of an answer but when it was given."""
    headers = [(name, value) for name, value in answer.headers.items() if name != "date"]
    return answer.status_code, headers, answer.content


def both_ways(http: httpx.Client, path: str, body: Json, key: str, **headers: str) -> httpx.Response:
    """Asks in the common form, then in one that only the framework reads; both answer alike."""
    told = {"Idempotency-Key": key, "X-Request-Id": "R-1", **headers}
    first = http.post(path, json=body, headers=told)
    again = http.post(path + ("&" if "?" in path else "?") + "x=1", json=body, headers=told)
    assert shown(first) == shown(again)
    return first


@pytest.fixture
def logged() -> Iterator[list[Any]]:
    """What is logged, of the level a served node logs."""
    configure_logs(logging.INFO)
    try:
        with structlog.testing.capture_logs() as lines:
            yield lines
    finally:
        configure_logs(logging.WARNING)


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


def test_redeem__of_the_common_form__is_not_for_the_framework(
    served: Served, wallet: Client, operator: Client, person: int
) -> None:
    api = answering(served, Preset(OperationState.QUEUED))
    api.router.routes.clear()
    good = {"code": code_for(wallet, served, person)["code"]}
    told = {"Idempotency-Key": "k", "Authorization": f"Bearer {operator.token}"}
    with TestClient(api, headers=told) as http:
        common = [http.post(PATH, json=good), http.post(f"{BATCH}?wait=0", json={"items": [good]})]
        other = http.post(f"{PATH}?x=1", json=good)

    assert [answer.status_code for answer in (*common, other)] == [202, 202, 404]


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


@pytest.mark.parametrize("unfit", [{}, {"code": 5}, {"code": "VT1:A", "what": 1, "is": [2]}, {"code": "VTO1:A"}])
def test_redeem__unfit__is_answered_alike_both_ways(merchant: Client, unfit: Json) -> None:
    assert both_ways(merchant.http, PATH, unfit, "k").json()["reason"] == "RequestInvalid"
    assert both_ways(merchant.http, BATCH, {"items": [unfit, unfit]}, "k").json()["reason"] == "RequestInvalid"


@pytest.mark.parametrize("body", ['{"code": 5}', "", "{", '{"code": "\\ud800"}'])
def test_redeem__unfit__is_counted_once(served: Served, tmp_path: Path, body: str) -> None:
    rates = Rates(0.001, 1, SharedBuckets(tmp_path / "rates"), lambda: 0.0)
    _, token = served.node.keyring.create(ApiRole.OPERATOR, "hasty and wrong")
    told = {"Idempotency-Key": "k", "Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    with TestClient(answering(served, Preset(OperationState.QUEUED), rates), headers=told) as http:
        assert [http.post(PATH, content=body).status_code for _ in range(2)] == [400, 429]


def test_redeem__key_that_may_not__is_refused(served: Served, body: Json) -> None:
    unknown, auditor = served.with_token("vt_nobody"), served.client(ApiRole.AUDITOR)
    assert unknown.redeem(body).json()["reason"] == "ApiKeyUnknown"
    assert auditor.redeem(body).json()["reason"] == "RoleNotAllowed"
    assert unknown.redeem({"code": 5}).json()["reason"] == "ApiKeyUnknown"
    assert asyncio.run(ask(served.node.api, "vt_nobody", b"{"))[0]["status"] == 401


def test_redeem__final__is_answered_alike_both_ways(
    served: Served, wallet: Client, merchant: Client, rival: Client, operator: Client, person: int
) -> None:
    code = code_for(wallet, served, person)
    good, again, key = {"code": code["code"]}, message(code), f"alike-{person}"
    asked: list[tuple[Client, str, Json, str, str]] = [
        (merchant, PATH, good, key, "succeeded"),
        (merchant, PATH, again, f"{key}-2", "AlreadyRedeemed"),
        (merchant, PATH, again, key, "IdempotencyKeyReused"),
        (operator, BATCH, {"items": [good, again, message(code, merchant=str(1 << 200))]}, key, "refused"),
        (rival, PATH, {**good, "merchant": 1}, key, "MerchantNotYours"),
        (merchant, PATH, {"code": code["code"][:-1]}, f"{key}-3", "CodeUnreadable"),
        (served.with_token("vt_nobody"), PATH, good, key, "ApiKeyUnknown"),
        (served.client(ApiRole.AUDITOR), BATCH, {"items": [good]}, key, "RoleNotAllowed"),
    ]
    for client, path, body, name, said in asked:
        answer = both_ways(client.http, f"{path}?wait=30", body, name).json()
        assert answer.get("reason", answer.get("state")) == said, answer
        if "items" in answer:
            assert client.get(f"/v1/operations/{answer['id']}").json() == answer


@pytest.mark.parametrize(
    ("path", "says", "status"),
    [
        (PATH, OperationState.QUEUED, 202),
        (PATH, OperationState.FAILED, 502),
        (BATCH, OperationState.FAILED, 200),
        (PATH, ChainError("no answer"), 503),
        (BATCH, RuntimeError("a bug"), 500),
    ],
)
def test_redeem__whatever_the_services_say__is_answered_alike_both_ways(
    served: Served,
    wallet: Client,
    operator: Client,
    person: int,
    logged: list[Json],
    path: str,
    says: OperationState | Exception,
    status: int,
) -> None:
    services = Preset(says)
    api, good = answering(served, services), {"code": code_for(wallet, served, person)["code"]}
    with TestClient(api, raise_server_exceptions=False) as http:
        answer = both_ways(
            http, path, good if path == PATH else {"items": [good]}, "k", Authorization=f"Bearer {operator.token}"
        )

    assert answer.status_code == status
    assert ("location" in answer.headers) == (status == 202)
    assert services.asked == 2
    seen = [{**line, "ms": 0} for line in logged if line.get("route") == path]
    assert [(line["event"], line["status"], "key" in line) for line in seen] == [("request", status, True)] * 2
    assert seen[0] == seen[1]
    labels = {"method": "POST", "route": path, "status": str(status)}
    assert api.state.metrics.registry.get_sample_value(SEEN, labels) == 2


def test_redeem__too_often__is_answered_alike_both_ways(served: Served, tmp_path: Path) -> None:
    buckets = SharedBuckets(tmp_path / "rates")
    services, rates = Preset(OperationState.QUEUED), Rates(0.001, 1, buckets, lambda: 0.0)
    key, token = served.node.keyring.create(ApiRole.OPERATOR, "hasty")
    rates.take(key.id)
    with TestClient(answering(served, services, rates)) as http:
        answer = both_ways(http, PATH, {"code": "VT1:A"}, "k", Authorization=f"Bearer {token}")

    assert (answer.status_code, answer.headers["retry-after"], services.asked) == (429, "1000", 0)


async def ask(api: FastAPI, token: str | None, *pieces: bytes, ends: str = "http.request") -> list[dict[str, Any]]:
    """What is sent for a body that comes in pieces, its length not told."""
    received = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    left, sent = iter([*received, {"type": ends}]), list[dict[str, Any]]()

    async def receive() -> Any:
        return next(left)

    async def send(message: Any) -> None:
        sent.append(message)

    told = {"authorization": f"Bearer {token}", "content-type": "application/json", "idempotency-key": "k"}
    headers = [(name.encode(), value.encode()) for name, value in told.items()]
    scope = {"type": "http", "method": "POST", "path": PATH, "raw_path": PATH.encode(), "query_string": b""}
    await api({**scope, "headers": headers, "root_path": "", "http_version": "1.1", "scheme": "http"}, receive, send)
    return sent


def test_redeem__body_in_pieces__is_read_as_one(served: Served, wallet: Client, operator: Client, person: int) -> None:
    services = Preset(OperationState.QUEUED)
    body = json.dumps({"code": code_for(wallet, served, person)["code"]}).encode()

    sent = asyncio.run(ask(answering(served, services), operator.token, body[:9], body[9:]))

    assert (sent[0]["status"], services.asked) == (202, 1)


def test_redeem__body_too_large_or_broken_off__takes_nothing_in(served: Served, operator: Client) -> None:
    services = Preset(OperationState.QUEUED)
    large = asyncio.run(ask(answering(served, services), operator.token, b" " * MAX_BODY, b" "))
    broken = asyncio.run(ask(answering(served, services), operator.token, b'{"code"', ends="http.disconnect"))

    assert [message.get("status") for message in large] == [413, None]
    assert b"RequestTooLarge" in large[1]["body"]
    assert [message["status"] for message in broken if "status" in message] == [400]
    assert services.asked == 0
