"""Who reaches what, by the hand-written table tests/cases/roles.json.

the table → has every route and every role, and no other; it is what the node goes by
a key with more requests than it may → RateLimited, saying when; other keys go on
no key → ApiKeyMissing · a key nobody made, a revoked one → ApiKeyUnknown
a role at a route that is not its own → RoleNotAllowed, for every pair of the table
a merchant's key → its own statement and operations, staff's → anyone's; another merchant's → MerchantNotYours;
                  what was spent elsewhere, without where
an unknown id → 404, with its own error
"""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from node_api.api.access import PUBLIC, ROLES, STAFF
from node_api.api.application import create_api
from node_api.chain.rpc_errors import ChainError
from node_api.domain.access import ApiRole
from node_api.services.rates import Rates
from node_api.storage.buckets import SharedBuckets
from node_api.storage.engine import reading
from node_api.storage.operation_tables import api_keys
from tests.api.conftest import Client, Served
from tests.api.test_redeeming import assert_refused, code_for
from tools.role_table import public_routes, routes, table

EXAMPLES = {
    "booking": "0x" + "ab" * 32,
    "operation": "op_0",
    "claim": "cl_0",
    "voucher": "1",
    "address": "0x" + "11" * 20,
    "merchant": "1",
    "programme": "1",
    "run": "1",
    "dispute": "999",
    "name": "nobody",
}


def call(client: Client, route: str, **changes: str) -> object:
    method, path = route.split(" ")
    path = re.sub(r"\{(\w+)\}", lambda name: {**EXAMPLES, **changes}[name[1]], path)
    return client.http.request(
        method, path, json={} if method in ("POST", "PUT") else None, headers={"Idempotency-Key": "k"}
    )


def test_table__against_the_application__has_every_route(served: Served) -> None:
    described = served.with_token(None).get("/openapi.json").json()["paths"]
    found = {f"{method.upper()} {path}" for path, methods in described.items() for method in methods}

    assert found == set(routes()) | (public_routes() - {"GET /openapi.json", "GET /docs"})
    assert table()["roles"] == [role.value for role in ApiRole]
    assert {route: {role.value for role in roles} for route, roles in ROLES.items()} == routes()
    assert public_routes() == PUBLIC


@pytest.mark.parametrize("route", sorted(routes()))
def test_route__without_a_key__is_refused(served: Served, route: str) -> None:
    assert_refused(call(served.with_token(None), route), "ApiKeyMissing", 401)
    assert_refused(call(served.with_token("vt_nobodys"), route), "ApiKeyUnknown", 401)
    assert_refused(call(served.with_token("other"), route), "ApiKeyUnknown", 401)


@pytest.mark.parametrize("role", list(ApiRole))
def test_role__at_every_route__reaches_its_own_only(served: Served, role: ApiRole) -> None:
    client = served.client(role, 1 if role is ApiRole.MERCHANT else None)

    for route, roles in routes().items():
        answer = call(client, route)
        if role.value in roles:
            assert answer.status_code in (200, 400, 404), (route, answer.text)  # type: ignore[attr-defined]
        else:
            assert_refused(answer, "RoleNotAllowed", 403)


@pytest.mark.parametrize("route", sorted(public_routes()))
def test_public__without_a_key__answers(served: Served, route: str) -> None:
    assert served.with_token(None).get(route.split(" ")[1]).status_code == 200


def test_key__revoked__ends_at_once(served: Served) -> None:
    key, token = served.node.keyring.create(ApiRole.AUDITOR, "leaves")
    client = served.with_token(token)
    assert client.get("/v1/programmes").status_code == 200

    served.node.keyring.revoke(key.id)

    assert_refused(client.get("/v1/programmes"), "ApiKeyUnknown", 401)


def test_key__with_more_requests_than_it_may__is_told_when_to_go_on(served: Served, tmp_path: Path) -> None:
    buckets = SharedBuckets(tmp_path / "rates")
    node = replace(served.node.api.state.node, rates=Rates(0.1, 2, buckets))
    client = TestClient(create_api(node, ChainError))
    tokens = [served.node.keyring.create(ApiRole.AUDITOR, name)[1] for name in ("many", "few")]
    many, few = ({"Authorization": f"Bearer {token}"} for token in tokens)

    assert [client.get("/v1/programmes", headers=many).status_code for _ in range(2)] == [200, 200]
    answer = client.get("/v1/programmes", headers=many)

    assert_refused(answer, "RateLimited", 429)
    assert 1 <= int(answer.headers["retry-after"]) <= 10
    assert client.get("/v1/programmes", headers=few).status_code == 200
    assert client.get("/version").status_code == 200


def test_key__in_the_database__is_not_to_be_read(served: Served) -> None:
    _, token = served.node.keyring.create(ApiRole.AUDITOR, "secret")

    with reading(served.engine) as connection:
        rows = connection.execute(select(api_keys)).all()

    assert token.startswith("vt_")
    assert not any(token[3:] in str(row) or token[3:].encode() in row.token_hash for row in rows)


def test_statement__of_another_merchant__is_forbidden(merchant: Client, rival: Client) -> None:
    assert merchant.get("/v1/merchants/1/statement").status_code == 200
    assert_refused(rival.get("/v1/merchants/1/statement"), "MerchantNotYours", 403)


def test_statement__after_redemptions__adds_up(
    served: Served, wallet: Client, merchant: Client, operator: Client, person: int
) -> None:
    before = merchant.get("/v1/merchants/1/statement").json()
    assert merchant.redeem({"code": code_for(wallet, served, person)["code"]}).status_code == 200

    after = operator.get("/v1/merchants/1/statement").json()

    assert after["redeemed"] - before["redeemed"] == 500
    assert after["count"] - before["count"] == 1
    assert after["open"] == after["redeemed"] - after["settled"]
    assert sum(day["redeemed"] for day in after["days"]) == after["redeemed"]
    assert after["block"]["number"] > before["block"]["number"]


def test_redemptions__of_a_merchant__are_listed_by_page(
    served: Served, wallet: Client, merchant: Client, rival: Client, person: int
) -> None:
    assert merchant.redeem({"code": code_for(wallet, served, person)["code"]}).status_code == 200

    whole = merchant.get("/v1/merchants/1/redemptions", limit=1_000).json()["redemptions"]
    assert whole[-1]["voucher"] == served.voucher(4, person)
    page = merchant.get("/v1/merchants/1/redemptions", limit=1, after=whole[-1]["number"] - 1).json()
    assert (page["redemptions"], page["next"]) == ([whole[-1]], whole[-1]["number"])
    assert merchant.get("/v1/merchants/1/redemptions", after=page["next"]).json()["redemptions"] == []
    assert_refused(rival.get("/v1/merchants/1/redemptions"), "MerchantNotYours", 403)


def test_operation__of_another_merchant__is_forbidden(
    served: Served, wallet: Client, merchant: Client, rival: Client, operator: Client, person: int
) -> None:
    done = merchant.redeem({"code": code_for(wallet, served, person)["code"]}).json()

    assert_refused(rival.get(f"/v1/operations/{done['id']}"), "MerchantNotYours", 403)
    assert operator.get(f"/v1/operations/{done['id']}").json() == done


@pytest.mark.parametrize("role", sorted(STAFF))
def test_operation__of_a_merchant__is_read_by_staff(
    served: Served, wallet: Client, merchant: Client, person: int, role: ApiRole
) -> None:
    done = merchant.redeem({"code": code_for(wallet, served, person)["code"]}).json()

    assert served.client(role).get(f"/v1/operations/{done['id']}").json() == done


def test_voucher__spent_elsewhere__hides_where_from_merchants(
    served: Served, wallet: Client, merchant: Client, rival: Client, person: int
) -> None:
    assert merchant.redeem({"code": code_for(wallet, served, person)["code"]}).status_code == 200

    seen = rival.get(f"/v1/vouchers/{served.voucher(4, person)}").json()

    assert (seen["state"], seen["redemption"]) == ("REDEEMED", None)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/v1/vouchers/1", "VoucherNotFound"),
        (f"/v1/vouchers/{2**200}", "VoucherNotFound"),
        ("/v1/operations/op_nothing", "OperationUnknown"),
        ("/v1/merchants/99/statement", "MerchantUnknown"),
        ("/v1/programmes/99", "ProgrammeUnknown"),
        ("/v1/programmes/nothing", "ProgrammeUnknown"),
        ("/v1/audit/vouchers/1/trace", "VoucherNotFound"),
        ("/v1/audit/programmes/99/reconciliation", "ProgrammeUnknown"),
    ],
)
def test_read__unknown_id__is_not_found(operator: Client, path: str, reason: str) -> None:
    assert_refused(operator.get(path), reason, 404)
