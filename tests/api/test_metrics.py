"""What a node tells of itself: figures, request ids, lines in its log.

/metrics
├── redemptions that pass and that are refused → counted by state and reason, with their times by route template
├── before anything happened → each state and each kind of finding at 0: else its first one would be no rise
├── paths nobody knows → one label for all of them
├── a nonce the chain lost, an index behind → said in numbers
└── several nodes of the chain, what is final → said of each
X-Request-Id
├── one fit for a log → answered as given      ├── none, or an unfit one → a new one
└── an answer that failed → carries it too
the log as written → one line of JSON for each event of its level, and of what libraries log, a stack trace within it
the log → one line for a request: id, route template, status, API key's id, operation; no token, no person
"""

from __future__ import annotations

import json
import logging
import re
import socket
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import structlog
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette
from starlette.testclient import TestClient

from node_api.api.application import create_api
from node_api.api.metrics import Metrics
from node_api.chain.rpc_errors import ChainError
from node_api.domain.findings import FindingKind
from node_api.domain.operations import OperationState
from node_api.domain.vitals import ChainVitals, NodeStanding, NodesVitals, Queue, StoreVitals, Vitals
from node_api.logs import configure_logs
from node_api.serving import serving
from tests.api.conftest import Client, Json, Served
from tests.api.test_redeeming import code_for

Figures = Mapping[tuple[str, tuple[tuple[str, str], ...]], float]


def figures(text: str) -> Figures:
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {(sample.name, tuple(sorted(sample.labels.items()))): sample.value for sample in samples}


def vitals(*, next_nonce: int | None, indexed: int | None, chain: ChainVitals | None) -> Vitals:
    store = StoreVitals(
        {"claims": Queue(3, 1_500)},
        1,
        next_nonce,
        {"sent": 1},
        {},
        {"0x01020304": 2, "0xffffffff": 1},
        {"till": 7},
        2_500,
        {"till": True},
    )
    return Vitals(store, chain, indexed, None if indexed is None else 100, rewinds=4, outbox_waits=True)


def page_of(read: Vitals) -> Figures:
    return figures(Metrics(lambda: read, {"Vouchers_Expired": "0x01020304"}).page().decode())


def test_metrics__after_redemptions__count_them(
    served: Served, wallet: Client, merchant: Client, operator: Client, person: int
) -> None:
    before = figures(operator.get("/metrics").text)
    code = code_for(wallet, served, person)["code"]
    assert merchant.redeem({"code": code}).status_code == 200
    assert merchant.redeem({"code": code}).status_code == 422
    merchant.get("/nothing/of/ours")
    answer = operator.get("/metrics")

    now = figures(answer.text)
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")

    def grown(name: str, **labels: str) -> float:
        key = name, tuple(sorted(labels.items()))
        return now[key] - before.get(key, 0)

    assert grown("vouchertrail_operations", state="succeeded") == 1
    assert grown("vouchertrail_operations", state="refused") == 1
    assert grown("vouchertrail_refusals_total", by="node", reason="AlreadyRedeemed") == 1
    redeem = {"method": "POST", "route": "/v1/redemptions"}
    assert grown("vouchertrail_http_request_seconds_count", status="200", **redeem) == 1
    assert grown("vouchertrail_http_request_seconds_count", status="422", **redeem) == 1
    unmatched = {"method": "unmatched", "route": "unmatched", "status": "404"}
    assert grown("vouchertrail_http_request_seconds_count", **unmatched) == 1
    assert (now["vouchertrail_chain_up", ()], now["vouchertrail_index_lag_blocks", ()]) == (1, 0)
    assert (now["vouchertrail_nonce_gap", ()], now["vouchertrail_calls_in_flight", ()]) == (0, 0)


def test_metrics__before_anything_happened__have_each_state_and_kind_at_zero() -> None:
    store = StoreVitals({}, 0, None, {}, {}, {}, {})
    begun = page_of(Vitals(store, None, None, None, rewinds=0, outbox_waits=False))
    gone_on = page_of(Vitals(replace(store, operations={"failed": 2}), None, None, None, 0, False, {"vote": 3}))

    def of(shown: Figures, figure: str) -> dict[str, float]:
        return {labels[0][1]: value for (name, labels), value in shown.items() if name == f"vouchertrail_{figure}"}

    assert of(begun, "operations") == dict.fromkeys(OperationState, 0)
    assert of(begun, "findings") == dict.fromkeys(FindingKind, 0)
    assert of(gone_on, "operations") == dict.fromkeys(OperationState, 0) | {"failed": 2}
    assert of(gone_on, "findings") == dict.fromkeys(FindingKind, 0) | {"vote": 3}
    assert begun["vouchertrail_reorganisations_total", ()] == 0
    assert ("vouchertrail_call_oldest_timestamp_seconds", ()) not in begun
    assert ("vouchertrail_watched_block", ()) not in begun


def test_metrics__of_a_node_in_trouble__say_so() -> None:
    behind = page_of(replace(vitals(next_nonce=12, indexed=7, chain=ChainVitals(20, 130, 9)), unsigned=2))

    assert behind["vouchertrail_nonce_gap", ()] == 3
    assert behind["vouchertrail_index_lag_blocks", ()] == 13
    assert behind["vouchertrail_index_lag_seconds", ()] == 30
    assert behind["vouchertrail_outbox_waits", ()] == 1
    assert behind["vouchertrail_reorganisations_total", ()] == 4
    assert behind["vouchertrail_queue_length", (("queue", "claims"),)] == 3
    assert behind["vouchertrail_queue_oldest_timestamp_seconds", (("queue", "claims"),)] == 1.5
    assert behind["vouchertrail_call_oldest_timestamp_seconds", ()] == 2.5
    assert behind["vouchertrail_subscriber_failures", (("subscriber", "till"),)] == 7
    assert behind["vouchertrail_subscriber_gone", (("subscriber", "till"),)] == 1
    assert behind["vouchertrail_subscribers_unsigned", ()] == 2
    assert behind["vouchertrail_refusals_total", (("by", "contract"), ("reason", "Expired"))] == 2
    assert behind["vouchertrail_refusals_total", (("by", "contract"), ("reason", "unknown"))] == 1


def test_metrics__of_several_nodes__tell_of_each() -> None:
    found = NodesVitals((NodeStanding("a:1", 20), NodeStanding("b:2", 18, 2), NodeStanding("c:3", None)), differ=True)
    read = replace(vitals(next_nonce=1, indexed=20, chain=None), final=17, final_at=97, nodes=found)
    shown = page_of(read)

    up = {labels[0][1]: value for (name, labels), value in shown.items() if name == "vouchertrail_chain_node_up"}
    lag = {labels[0][1]: v for (name, labels), v in shown.items() if name == "vouchertrail_chain_node_lag_blocks"}
    assert (up, lag) == ({"a:1": 1, "b:2": 1, "c:3": 0}, {"a:1": 0, "b:2": 2})
    assert (shown["vouchertrail_final_block", ()], shown["vouchertrail_final_timestamp_seconds", ()]) == (17, 97)
    assert shown["vouchertrail_chain_nodes_differ", ()] == 1


def test_metrics__nonces_ahead_of_what_is_stored__are_no_gap() -> None:
    level = page_of(vitals(next_nonce=9, indexed=20, chain=ChainVitals(20, 100, 10)))

    assert (level["vouchertrail_nonce_gap", ()], level["vouchertrail_index_lag_blocks", ()]) == (0, 0)


@pytest.mark.parametrize("nothing", [{"chain": None, "indexed": 3}, {"chain": ChainVitals(4, 9, 0), "indexed": None}])
def test_metrics__what_cannot_be_known__is_left_out(nothing: Json) -> None:
    shown = page_of(vitals(next_nonce=None, **nothing))

    assert shown["vouchertrail_chain_up", ()] == (nothing["chain"] is not None)
    assert not {("vouchertrail_nonce_gap", ()), ("vouchertrail_index_lag_seconds", ())} & shown.keys()
    assert shown.get(("vouchertrail_index_lag_blocks", ())) == (None if nothing["chain"] is None else 5)


@pytest.mark.parametrize("given", ["R-2026.1_a", "x" * 64])
def test_request_id__given__is_answered(served: Served, given: str) -> None:
    client = served.with_token(None)

    for path in ("/version", "/nothing"):
        answer = client.http.get(path, headers={"X-Request-Id": given})
        assert answer.headers.get_list("x-request-id") == [given]


@pytest.mark.parametrize("given", [None, "", "x" * 65, 'a"b', "a b"])
def test_request_id__none_or_an_unfit_one__is_made_anew(served: Served, given: str | None) -> None:
    client = served.with_token(None)
    headers = {} if given is None else {"X-Request-Id": given}

    made = [client.http.get("/version", headers=headers).headers["x-request-id"] for _ in range(2)]

    assert all(re.fullmatch("req_[0-9a-f]{16}", one) for one in made)
    assert made[0] != made[1]


def test_request_id__of_a_request_that_fails__is_answered_and_logged(served: Served) -> None:
    api = create_api(served.node.api.state.node, ChainError)

    @api.get("/fails")
    def fails() -> None:
        raise RuntimeError("a bug")

    with structlog.testing.capture_logs() as logged:
        answer = TestClient(api, raise_server_exceptions=False).get("/fails", headers={"X-Request-Id": "R-1"})

    assert (answer.status_code, answer.headers["x-request-id"]) == (500, "R-1")
    assert [(line["event"], line["request_id"]) for line in logged] == [("request_failed", "R-1")]
    assert 'status="500"' in api.state.metrics.page().decode()


def test_log__as_written__is_a_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(logging.INFO)
    try:
        log = structlog.get_logger()
        with structlog.contextvars.bound_contextvars(request_id="R-1"):
            log.debug("unseen")
            log.info("request", status=200, address=Path("/a"))
            log.error("request_failed", exc_info=ValueError("two\nlines"))
    finally:
        configure_logs(logging.WARNING)

    out, err = capsys.readouterr()
    first, second = map(json.loads, err.splitlines())
    assert out == ""
    assert (first["event"], first["level"], first["request_id"], first["status"]) == ("request", "info", "R-1", 200)
    assert first["address"] == "/a"
    assert (second["level"], "two\nlines" in second["exception"]) == ("error", True)


def test_log__of_a_library__is_a_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    with serving(Starlette()) as url:
        parts = urlsplit(url)
        with socket.create_connection((parts.hostname, parts.port), timeout=20) as client:
            client.sendall(b"no HTTP\r\n\r\n")
            assert client.recv(1_000).startswith(b"HTTP/1.1 400 ")
    try:
        raise ValueError("two\nlines")
    except ValueError:
        logging.getLogger("uvicorn.error").exception("Exception in %s", "ASGI")

    first, second = map(json.loads, capsys.readouterr().err.splitlines())
    assert (first["event"], first["level"], first["logger"]) == ("library_logged", "warning", "uvicorn.error")
    assert first["message"] == "Invalid HTTP request received."
    assert (second["level"], second["message"]) == ("error", "Exception in ASGI")
    assert "two\nlines" in second["exception"]
    assert "exception" not in first


def test_log__of_a_redemption__joins_request_and_operation(
    served: Served, wallet: Client, merchant: Client, person: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[dict[str, object]] = []

    class Log:
        def info(self, event: str, **fields: object) -> None:
            lines.append({"event": event, **fields, **structlog.contextvars.get_contextvars()})

    monkeypatch.setattr("node_api.api.observing.log", Log())
    code = code_for(wallet, served, person)["code"]
    lines.clear()
    answer = merchant.redeem({"code": code})

    (line,) = lines
    assert (line["event"], line["route"], line["status"]) == ("request", "/v1/redemptions", 200)
    assert (line["operation"], line["request_id"]) == (answer.json()["id"], answer.headers["x-request-id"])
    assert str(line["key"]).startswith("key_")
    assert merchant.token is not None
    assert not any(secret in str(line) for secret in (merchant.token, f"person-{person}", code))
