"""Codes that name no merchant, over HTTP, on a real chain whose rules allow them for two minutes and bills up to 20,000.

an open code of a custodial person
├── asked for → text and QR symbol that name no merchant, the document that was signed, as long as the rules say
├── with a merchant, a bill or a receipt, or with nothing → 400
├── presented by the merchant's terminal → checked good, succeeded; voucher, trace and reconciliation agree
├── used again, or its redemption reversed → AlreadyRedeemed, SignatureUsed
├── without a terminal → OpenCodeUnanswered           ├── for another bill than the terminal signed → TerminalSignatureInvalid
├── above its highest bill → OpenBillTooHigh           ├── above the rules' → OpenBillLimitPassed
├── further ahead than the rules allow → OpenDeadlineTooFar
└── where the rules allow none → OpenCodeNotAllowed
presented
├── with a code that names its merchant, or missing with an open one → 400
└── by a caller that names no merchant → TerminalUnknown
an open message of an own device, in a batch → succeeded
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from node_api.chain.eip712 import open_digest, sign
from node_api.domain.access import ApiRole
from node_api.domain.codes import decode_code
from node_api.domain.ids import Amount, Hash, MerchantId, UnixSeconds
from node_api.domain.items import Item, OpenCode, Spend
from tests.api.conftest import Client, Json, Served, serving_world
from tests.api.test_cases import said
from tests.api.test_redeeming import assert_refused, code_for, merchant_time, signed_message
from tests.world import FACE_A

LIMIT, SECONDS, BILL = 20_000, 120, 5_000
RECEIPT = Hash("0x" + "5c" * 32)


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    rules = {"openSeconds": SECONDS, "openMaxBill": LIMIT, "reversalWindow": 86_400}
    with serving_world(tmp_path_factory.mktemp("opened"), **rules) as served:
        yield served


@pytest.fixture
def till(opened: Served) -> Client:
    return opened.client(ApiRole.MERCHANT, 1)


def asked(served: Served, person: int, **changes: object) -> Json:
    voucher = served.voucher(4, person)
    body = {"programme": "programme-Meals", "person": f"person-{person}", "vouchers": [voucher], "max_bill": BILL}
    answer = served.client(ApiRole.WALLET).post("/v1/wallet/codes", {**body, **changes})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def presented(served: Served, code: Json, bill: int = BILL, signed_bill: int | None = None) -> Json:
    """What the till posts, its terminal's word with it; every code has a receipt of its own."""
    receipt = Hash(code["digest"])
    found = decode_code(code["code"])
    assert isinstance(found, OpenCode)
    item = found.presented(MerchantId(1), Amount(bill if signed_bill is None else signed_bill), receipt)
    return {"code": code["code"], "presented": {"bill": bill, "receipt": receipt}, "terminal": sealed(served, item)}


def sealed(served: Served, item: Item) -> Json:
    seal = served.world.seal([item])
    return {"address": seal.terminal, "signature": "0x" + seal.signature.hex()}


def test_code__that_is_open__names_no_merchant(opened: Served) -> None:
    before = merchant_time(opened)
    code = asked(opened, 0)

    assert code["code"].startswith("VTO1:")
    assert code["qr"].startswith("<svg")
    assert code["document"]["primaryType"] == "OpenRedemption"
    message = code["document"]["message"]
    assert message.keys() == {"spends", "maxBill", "channel", "deadline"}
    assert message["maxBill"] == str(BILL)
    assert before + SECONDS <= int(message["deadline"]) <= merchant_time(opened) + SECONDS
    assert code["receipt"] is None


@pytest.mark.parametrize("more", [{"merchant": 1}, {"bill": 5}, {"receipt": RECEIPT}, {"max_bill": None}])
def test_code__half_open__is_refused(opened: Served, more: Json) -> None:
    body = {"programme": 1, "person": "person-0", "vouchers": [opened.voucher(4, 0)], "max_bill": BILL, **more}
    assert_refused(opened.client(ApiRole.WALLET).post("/v1/wallet/codes", body), "RequestInvalid", 400)


def test_redeem__presented_by_a_terminal__spends_the_voucher(opened: Served, till: Client) -> None:
    code, voucher = asked(opened, 1), opened.voucher(4, 1)
    body = presented(opened, code)

    assert till.post("/v1/redemptions/check", body).json()["accepted"] is True
    answer = till.redeem(body)

    assert answer.status_code == 200, answer.text
    item = answer.json()["items"][0]
    assert (item["digest"], item["merchant"], item["bill"]) == (code["digest"], 1, str(BILL))
    assert till.get(f"/v1/vouchers/{voucher}").json()["redemption"]["digest"] == code["digest"]
    auditor = opened.client(ApiRole.AUDITOR)
    told = auditor.get(f"/v1/audit/vouchers/{voucher}/trace").json()
    assert told["sound"] is True, told["findings"]
    signed = next(finding for finding in told["findings"] if finding["what"] == "the holder signed exactly this")
    assert f"open code for bills up to {BILL}" in signed["detail"]
    outcome = auditor.get("/v1/audit/programmes/1/reconciliation").json()
    assert outcome["equal"] is True, outcome["differences"]


def test_redeem__used_again__is_refused_and_dead_once_reversed(opened: Served, till: Client) -> None:
    code = asked(opened, 2)
    done = till.redeem(presented(opened, code)).json()["items"][0]
    again = {**presented(opened, code), "presented": {"bill": BILL, "receipt": RECEIPT}}
    found = decode_code(code["code"])
    assert isinstance(found, OpenCode)
    again["terminal"] = sealed(opened, found.presented(MerchantId(1), Amount(BILL), RECEIPT))
    assert_refused(till.redeem(again), "AlreadyRedeemed")

    statement = said(opened, "Reversal", done, lambda digest: sign(opened.world.terminal, digest))
    assert till.post("/v1/reversals", statement, f"open-{code['digest']}").json()["live"] is True
    assert_refused(till.redeem(again), "SignatureUsed")


def test_redeem__not_answered_for_or_above_a_bound__is_refused(opened: Served, till: Client) -> None:
    body = presented(opened, asked(opened, 3))
    assert_refused(till.redeem({**body, "terminal": None}), "OpenCodeUnanswered")
    assert_refused(
        till.redeem(presented(opened, asked(opened, 3), BILL, signed_bill=BILL - 1)), "TerminalSignatureInvalid"
    )
    told = assert_refused(till.redeem(presented(opened, asked(opened, 3), BILL + 1)), "OpenBillTooHigh")
    assert told["value"] == f"bill {BILL + 1}, signed for {BILL}"
    high = asked(opened, 3, max_bill=2 * LIMIT)
    told = assert_refused(till.redeem(presented(opened, high, LIMIT + 1)), "OpenBillLimitPassed")
    assert told["value"] == f"bill {LIMIT + 1}, at most {LIMIT}"
    late = asked(opened, 3, deadline=str(merchant_time(opened) + 2 * SECONDS))
    assert_refused(till.redeem(presented(opened, late)), "OpenDeadlineTooFar")
    assert till.redeem(presented(opened, high, LIMIT)).status_code == 200


def test_redeem__where_the_rules_allow_none__is_refused(served: Served, merchant: Client, person: int) -> None:
    told = assert_refused(merchant.redeem(presented(served, asked(served, person))), "OpenCodeNotAllowed")
    assert told["value"] == "programme 1, rules version 1"


def test_redeem__presented_where_it_does_not_belong__is_refused(opened: Served, till: Client) -> None:
    code = asked(opened, 4)
    assert_refused(till.redeem({"code": code["code"]}), "RequestInvalid", 400)
    bound = code_for(opened.client(ApiRole.WALLET), opened, 4)
    body = {"code": bound["code"], "presented": {"bill": BILL, "receipt": RECEIPT}}
    assert_refused(till.redeem(body), "RequestInvalid", 400)
    told = assert_refused(opened.client(ApiRole.OPERATOR).redeem(presented(opened, code)), "TerminalUnknown")
    assert "merchant 0" in told["value"]


def test_batch__of_an_own_device__takes_the_open_message(opened: Served, till: Client) -> None:
    world = opened.world
    spends = (Spend(world.voucher(1, 1, 0), Amount(FACE_A)),)
    code = OpenCode(spends, Amount(LIMIT), 0, UnixSeconds(merchant_time(opened) + SECONDS))
    signature = sign(world.holders[0], open_digest(world.domain, code, code.max_bill))
    code = OpenCode(spends, code.max_bill, 0, code.deadline, signature)
    item = code.presented(MerchantId(1), Amount(LIMIT), RECEIPT)
    body = {"items": [{**signed_message(item), "terminal": sealed(opened, item)}]}

    answer = till.post("/v1/redemptions/batch?wait=30", body, "open-batch")

    assert answer.json()["state"] == "succeeded", answer.text
    assert answer.json()["items"][0]["vouchers"][0]["amount"] == FACE_A
