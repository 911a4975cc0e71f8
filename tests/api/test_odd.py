"""
Requests that no client of ours makes
├── NUL, broken UTF-8, controls, endless digits in any path of the description → a problem below 500
├── NUL or a lone surrogate in any query, header or text of a body → likewise
├── a path that is not there, or with a slash at its end → RouteUnknown
├── a method that is not there → MethodNotOffered, with Allow
├── a body that is not JSON, or not UTF-8 → BodyUnreadable
├── a salt of half a byte → RequestInvalid, by every route that takes one
├── a redemption by a voucher's number that no database holds → RedemptionUnknown
├── amounts that make a code longer than any route reads → RequestInvalid; one as long as is read → a code with its symbol
└── more faults than anybody reads → twenty of them and how many more, or only how many; at once, and in a short answer
    └── more members than any request has → RequestInvalid, before they are looked at; the largest request there is → judged
"""

from __future__ import annotations

import re

import httpx
import pytest

from node_api.api.application import describe_api
from node_api.domain.access import ApiRole
from node_api.domain.codes import MAX_LENGTH
from tests.api.conftest import Client, Json, Served

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


@pytest.mark.parametrize(
    "path", ["/", "/v2/programmes", "/v1/programmes/", "/v1/nothing/%00", "/v1/vouchers/a/b/c", "/%FF"]
)
def test_path__not_there__is_said(path: str, served: Served) -> None:
    answer = served.with_token(None).http.get(path)
    assert_problem(answer, "RouteUnknown")
    assert answer.status_code == 404


def test_method__not_there__is_said_with_those_that_are(served: Served) -> None:
    answer = served.with_token(None).http.delete("/v1/programmes")
    assert_problem(answer, "MethodNotOffered")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")


def wanted(served: Served, person: int, amount: int, count: int = 1) -> Json:
    """A code that spends the person's voucher so often, each time so much."""
    spends = [{"voucher": served.voucher(4, person), "amount": str(amount)}] * count
    receipt = {"receipt": "0x" + "01" * 32, "bill": 5_000}
    return {"programme": "programme-Meals", "person": f"person-{person}", "vouchers": spends, "merchant": 1, **receipt}


def test_salt__of_half_a_byte__does_not_fit(served: Served, wallet: Client, merchant: Client, person: int) -> None:
    odd = {"number": "1", "time": 1, "items": [{"category": 3, "amount": 5}], "salt": "0x" + "a" * 33}
    sold = {"code": "VT1:A", "receipt": odd}
    asked: list[tuple[Client, str, Json]] = [
        (merchant, "/v1/redemptions", sold),
        (merchant, "/v1/redemptions?x=1", sold),
        (merchant, "/v1/redemptions/batch", {"items": [sold]}),
        (merchant, "/v1/redemptions/check", sold),
        (wallet, "/v1/wallet/codes", {**wanted(served, person, 1), "receipt": odd}),
    ]
    for client, path, body in asked:
        answer = client.post(path, body, "odd-salt")
        assert_problem(answer, "RequestInvalid")
        assert "salt" in answer.json()["value"]


@pytest.mark.parametrize("voucher", [2**59, 2**63, 2**256 - 1])
@pytest.mark.parametrize("path", ["/v1/reversals", "/v1/disputes"])
def test_redemption__of_a_voucher_beyond_any__is_unknown(path: str, voucher: int, operator: Client) -> None:
    body = {"redemption": "0x" + "11" * 32, "voucher": str(voucher), "reason": "0x" + "22" * 32}
    signed = {"deadline": "1", "signature": "0x" + "33" * 65}
    for reason in ("22", "44"):  # as for any that is unknown, the key is not used up
        answer = operator.post(path, {**body, **signed, "reason": "0x" + reason * 32}, f"beyond-{path}-{voucher}")
        assert_problem(answer, "RedemptionUnknown")
        assert str(voucher) in answer.json()["value"]


@pytest.mark.parametrize("query", ["", "?qr=false"])
def test_code__longer_than_is_read__is_refused(served: Served, wallet: Client, person: int, query: str) -> None:
    answer = wallet.post(f"/v1/wallet/codes{query}", wanted(served, person, 2**120, 100))
    assert_problem(answer, "RequestInvalid")
    assert str(MAX_LENGTH) in answer.json()["value"]
    assert "choose fewer" in answer.json()["value"]


def test_code__as_long_as_is_read__has_a_symbol(served: Served, wallet: Client, merchant: Client, person: int) -> None:
    code = wallet.post("/v1/wallet/codes", wanted(served, person, 2**110, 100)).json()
    assert 3_391 < len(code["code"]) <= MAX_LENGTH  # more than a symbol of level M holds
    assert code["qr"].startswith("<svg")
    assert (
        merchant.post("/v1/redemptions/check", {"code": code["code"]}).json()["refusal"]["reason"] == "AmountMismatch"
    )


def unknown(count: int) -> bytes:
    """A body with so many fields that there are not."""
    return ("{" + ",".join(f'"{n:x}":1' for n in range(count)) + "}").encode()


FORMS = [
    "/v1/redemptions",
    "/v1/redemptions?x=1",
    "/v1/redemptions/batch",
    "/v1/redemptions/batch?x=1",
    "/v1/redemptions/check",
]


@pytest.mark.parametrize("path", FORMS)
def test_faults__more_than_anybody_reads__are_cut_short(path: str, merchant: Client) -> None:
    headers = {"Content-Type": "application/json", "Idempotency-Key": "faults"}
    missing = path.startswith("/v1/redemptions/batch")  # its items, too
    answers = {count: merchant.http.post(path, content=unknown(count), headers=headers) for count in (15, 100, 2_000)}
    for answer in answers.values():
        assert_problem(answer, "RequestInvalid")
        assert len(answer.content) < 4_000
    told = {count: answer.json() for count, answer in answers.items()}
    assert len(told[15]["faults"]) == 15 + missing
    assert " more" not in told[15]["value"]
    assert len(told[100]["faults"]) == 20
    assert told[100]["value"].endswith(f"; and {80 + missing} more")
    assert [fault["where"] for fault in told[2_000]["faults"]] == ["body"]
    assert f"{2_000 + missing} faults" in told[2_000]["value"]


def test_faults__of_lists_in_a_batch__are_those_of_the_first_entry(merchant: Client) -> None:
    lists: Json = {"receipt": {"items": [{}] * 500}, "redemption": {"spends": [{}] * 100}}
    for query in ("", "?x=1"):
        answer = merchant.post(f"/v1/redemptions/batch{query}", {"items": [lists] * 50}, "faults of lists")
        assert_problem(answer, "RequestInvalid")
        inner = [re.findall(r"(?:receipt/items|spends)/(\d+)/", fault["where"]) for fault in answer.json()["faults"]]
        assert {number for found in inner for number in found} == {"0"}
        assert answer.json()["value"].endswith(" more")


@pytest.mark.parametrize("path", [*FORMS, "/v1/bookings"])
def test_members__more_than_any_request_has__are_refused(path: str, merchant: Client) -> None:
    headers = {"Content-Type": "application/json", "Idempotency-Key": "members"}
    for content in (unknown(200_000), (piece for piece in [unknown(200_000)])):  # its length told, and not
        answer = merchant.http.post(path, content=content, headers=headers)
        assert_problem(answer, "RequestInvalid")
        assert "members" in answer.json()["value"]
        assert len(answer.content) < 2_000


def largest() -> Json:
    """A redemption with all that one may hold."""
    number, signature = str(2**256 - 1), "0x" + "11" * 2_048
    spend = {"voucher": number, "amount": number, "sequence": number}
    numbers = dict.fromkeys(("merchant", "bill", "channel", "deadline"), number)
    receipt = {"number": ":" * 64, "time": 1, "salt": "0x" + "22" * 32}
    return {
        "redemption": {"spends": [spend] * 100, **numbers, "receipt": "0x" + "33" * 32},
        "signature": signature,
        "merchant": 1,
        "receipt": {**receipt, "items": [{"category": 63, "amount": -(2**53) + 1}] * 500},
        "terminal": {"address": "0x" + "44" * 20, "signature": signature},
        "consent": signature,
    }


def test_request__the_largest_there_is__is_judged(merchant: Client) -> None:
    assert_problem(merchant.post("/v1/redemptions/check", largest()), "ReceiptHashMismatch")
    assert_problem(merchant.post("/v1/redemptions", largest(), "largest"), "ReceiptHashMismatch")
    batch = {"items": [{**largest(), "redemption": {**largest()["redemption"], "spends": []}}] * 100}
    assert_problem(merchant.post("/v1/redemptions/batch", batch, "largest batch"), "ReceiptHashMismatch")
