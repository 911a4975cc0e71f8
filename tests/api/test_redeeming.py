"""Redeeming over HTTP, on a real chain.

a custodial code
├── redeemed by its merchant → succeeded, history in order, voucher REDEEMED
├── with the receipt in clear → the bill is counted in the vouchers' categories
├── presented by another merchant → SignatureInvalid          ├── redeemed twice → AlreadyRedeemed
├── its bill changed → SignatureInvalid                        ├── its receipt used for another voucher → ReceiptUsed
├── an unbounded deadline → DeadlineTooFar                     ├── a deadline of this second → DeadlinePassed
├── signed for another chain → SignatureInvalid                └── damaged → CodeUnreadable
├── a bill unlike the receipt → BillMismatch
└── another receipt than the signed one → ReceiptHashMismatch
an operation
├── the same key and body → the same operation, nothing redeemed again
├── the same key, another body → IdempotencyKeyReused         ├── no key, a bad key → its own error
├── without wait → 202, Location, then succeeded               └── a batch → each item its own outcome, an empty list refused
check → says what would happen and changes nothing
refusal → 422, with value, rule, remedy, operation and block, and a line in the refusal log
a request that does not fit → 400 with every fault
"""

import time
from typing import Any

import pytest
from sqlalchemy import select

from node_api.chain.eip712 import domain_separator, redemption_digest, sign
from node_api.storage.engine import reading
from node_api.storage.operation_tables import refusal_log
from tests.api.conftest import Client, Json, Served
from tests.world import FACE_A, NETWORK

PATIENCE_SECONDS = 30
RECEIPT = {"time": 1_700_001_000, "items": [{"category": 3, "amount": 5_000}, {"category": 7, "amount": 900}]}


def code_for(wallet: Client, served: Served, person: int, *, batch: int = 4, **changes: object) -> Json:
    body = {
        "programme": "programme-Meals",
        "person": f"person-{person}",
        "vouchers": [served.voucher(batch, person)],
        "merchant": 1,
        "receipt": {"number": f"R-{person}", **RECEIPT},
        **changes,
    }
    answer = wallet.post("/v1/wallet/codes", body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def message(code: Json, **changes: object) -> Json:
    """The code as a signed message, with fields changed after signing."""
    return {"redemption": {**code["document"]["message"], **changes}, "signature": code["signature"]}


def assert_refused(answer: Any, reason: str, status: int = 422) -> Json:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    problem: Json = answer.json()
    assert (answer.status_code, problem["reason"]) == (status, reason), problem
    assert problem["type"] == f"/errors#{reason.lower()}"
    assert problem["value"]
    assert problem["rule"]
    assert problem["remedy"]
    assert problem["value"] in problem["detail"]
    return problem


def test_redeem__a_custodial_code__spends_the_voucher(
    served: Served, wallet: Client, merchant: Client, person: int
) -> None:
    code = code_for(wallet, served, person)

    answer = merchant.redeem({"code": code["code"], "receipt": code["receipt"]})

    assert answer.status_code == 200, answer.text
    operation = answer.json()
    item = operation["items"][0]
    assert [change["state"] for change in operation["history"]] == ["received", "queued", "sent", "succeeded"]
    assert item["holder"].lower() == code["holder"].lower()
    assert item["bill"] == "5000"  # category 7 is not the voucher's
    assert [(spent["id"], spent["amount"]) for spent in item["vouchers"]] == [(served.voucher(4, person), 500)]
    voucher = merchant.get(f"/v1/vouchers/{served.voucher(4, person)}").json()
    assert voucher["state"] == "REDEEMED"
    assert voucher["custodial"] is True
    assert voucher["redemption"]["transaction"] == item["transaction"]
    assert voucher["redemption"]["receipt"] == code["document"]["message"]["receipt"]
    assert voucher["block"]["number"] >= item["block"]["number"]


def test_code__asked_for__has_a_qr_symbol_and_the_document(served: Served, wallet: Client, person: int) -> None:
    code = code_for(wallet, served, person)

    assert code["qr"].startswith("<svg")
    assert code["document"]["domain"]["chainId"] == served.world.handle.chain_id
    assert code["block"]["hash"].startswith("0x")


def test_redeem__at_another_merchant__is_refused(served: Served, wallet: Client, rival: Client, person: int) -> None:
    code = code_for(wallet, served, person)

    problem = assert_refused(rival.redeem({"code": code["code"]}), "SignatureInvalid")
    assert "merchant 2, bill 5000" in problem["value"]


def test_redeem__as_another_merchant__is_forbidden(served: Served, wallet: Client, rival: Client, person: int) -> None:
    code = code_for(wallet, served, person)

    assert_refused(rival.redeem({"code": code["code"], "merchant": 1}), "MerchantNotYours", 403)


def test_redeem__bill_changed_after_signing__is_refused(
    served: Served, wallet: Client, merchant: Client, person: int
) -> None:
    code = code_for(wallet, served, person)

    assert_refused(merchant.redeem(message(code, bill="5001")), "SignatureInvalid")


def test_redeem__signed_for_another_chain__is_refused(served: Served, merchant: Client) -> None:
    world = served.world
    item = world.item(2, [(1, 1)], 1, int(merchant_time(served)))
    elsewhere = domain_separator(world.handle.chain_id + 1, world.addresses["Vouchers"])
    item = item.signed(sign(world.holders[2], redemption_digest(elsewhere, item)))

    assert_refused(merchant.redeem(signed_message(item)), "SignatureInvalid")


@pytest.mark.parametrize("deadline", [2**256 - 1, 2**40])
def test_redeem__unbounded_deadline__is_refused(
    served: Served, wallet: Client, merchant: Client, person: int, deadline: int
) -> None:
    code = code_for(wallet, served, person, deadline=str(deadline))

    problem = assert_refused(merchant.redeem({"code": code["code"]}), "DeadlineTooFar")
    assert str(deadline) in problem["value"]


def test_redeem__deadline_reached__is_refused(served: Served, wallet: Client, merchant: Client, person: int) -> None:
    code = code_for(wallet, served, person, deadline=merchant_time(served))

    assert_refused(merchant.redeem({"code": code["code"]}), "DeadlinePassed")


def test_redeem__spent_voucher__is_refused_and_logged(
    served: Served, wallet: Client, merchant: Client, person: int
) -> None:
    assert merchant.redeem({"code": code_for(wallet, served, person)["code"]}).status_code == 200
    again = code_for(wallet, served, person, receipt={"number": f"again-{person}", **RECEIPT})

    problem = assert_refused(merchant.redeem({"code": again["code"]}), "AlreadyRedeemed")

    assert problem["voucher"] == served.voucher(4, person)
    assert problem["block"]["hash"].startswith("0x")
    operation = merchant.get(f"/v1/operations/{problem['operation']}").json()
    assert operation["state"] == "refused"
    assert operation["items"][0]["refusal"]["reason"] == "AlreadyRedeemed"
    assert operation["items"][0]["refusal"]["on_chain"] is False
    with reading(served.engine) as connection:
        reasons = connection.execute(
            select(refusal_log.c.reason).where(refusal_log.c.operation == problem["operation"])
        ).scalars()
        assert list(reasons) == ["AlreadyRedeemed"]


def test_redeem__receipt_used_before__is_refused(served: Served, wallet: Client, merchant: Client, person: int) -> None:
    first = code_for(wallet, served, person)
    assert merchant.redeem({"code": first["code"]}).status_code == 200
    second = code_for(wallet, served, person, batch=5, receipt=first["receipt"])

    assert_refused(merchant.redeem({"code": second["code"]}), "ReceiptUsed")


def test_redeem__refused_before__leaves_the_receipt_free(
    served: Served, wallet: Client, merchant: Client, person: int
) -> None:
    late = code_for(wallet, served, person, deadline=1)
    assert_refused(merchant.redeem({"code": late["code"]}), "DeadlinePassed")
    again = code_for(wallet, served, person, receipt=late["receipt"])

    assert merchant.redeem({"code": again["code"]}).status_code == 200


def test_redeem__bill_unlike_the_receipt__is_refused(
    served: Served, wallet: Client, merchant: Client, person: int
) -> None:
    code = code_for(wallet, served, person, bill=5_900)

    assert_refused(merchant.redeem({"code": code["code"], "receipt": code["receipt"]}), "BillMismatch")


def test_redeem__another_receipt__is_refused(served: Served, wallet: Client, merchant: Client, person: int) -> None:
    code = code_for(wallet, served, person)
    other = {**code["receipt"], "number": "somebody else's"}

    assert_refused(merchant.redeem({"code": code["code"], "receipt": other}), "ReceiptHashMismatch")


def test_redeem__damaged_code__is_refused(served: Served, wallet: Client, merchant: Client, person: int) -> None:
    code = code_for(wallet, served, person)["code"]

    assert_refused(
        merchant.redeem({"code": code[:-9] + ("A" if code[-9] != "A" else "B") + code[-8:]}), "CodeUnreadable", 400
    )


def test_operation__same_key_and_body__is_the_same(
    served: Served, wallet: Client, merchant: Client, person: int
) -> None:
    body = {"code": code_for(wallet, served, person)["code"]}

    first, second = merchant.redeem(body, f"same-{person}"), merchant.redeem(body, f"same-{person}")

    assert first.status_code == second.status_code == 200
    assert first.json() == second.json()


def test_operation__same_key_other_body__is_refused(
    served: Served, wallet: Client, merchant: Client, person: int
) -> None:
    code = code_for(wallet, served, person)
    assert merchant.redeem({"code": code["code"]}, f"other-{person}").status_code == 200

    assert_refused(merchant.redeem({"code": code["code"], "merchant": 1}, f"other-{person}"), "IdempotencyKeyReused")


def test_operation__same_key_of_another_owner__is_another(
    served: Served, wallet: Client, merchant: Client, operator: Client, person: int
) -> None:
    body = {"code": code_for(wallet, served, person)["code"]}
    assert merchant.redeem(body, f"shared-{person}").status_code == 200

    assert_refused(operator.redeem(body, f"shared-{person}"), "AlreadyRedeemed")


def test_operation__without_key__is_refused(merchant: Client) -> None:
    assert_refused(merchant.post("/v1/redemptions", {"code": "VT1:"}), "IdempotencyKeyMissing", 400)
    assert_refused(merchant.post("/v1/redemptions", {"code": "VT1:"}, "k" * 256), "IdempotencyKeyInvalid", 400)


def test_operation__without_wait__is_answered_at_once_and_ends_well(
    served: Served, wallet: Client, merchant: Client, person: int
) -> None:
    answer = merchant.redeem({"code": code_for(wallet, served, person)["code"]}, wait=0)

    assert answer.status_code == 202
    assert answer.json()["state"] in ("queued", "sent")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (operation := merchant.get(answer.headers["location"]).json())["state"] != "succeeded":
        assert time.monotonic() < deadline, operation
        time.sleep(0.05)


def test_batch__good_and_bad_items__each_has_its_own_outcome(
    served: Served, wallet: Client, operator: Client, person: int
) -> None:
    good = code_for(wallet, served, person)
    empty = code_for(wallet, served, person, vouchers=[], bill=100)
    twin = code_for(wallet, served, person, batch=5, merchant=2)
    forged = message(code_for(wallet, served, person, batch=5, receipt="0x" + "5" * 64, bill=9_000), bill="9001")

    items = [{"code": good["code"]}, {"code": empty["code"]}, {"code": twin["code"]}, forged]
    answer = operator.post("/v1/redemptions/batch?wait=30", {"items": items}, f"batch-{person}")

    assert answer.status_code == 200, answer.text
    operation = answer.json()
    assert operation["state"] == "succeeded"
    outcomes = [(item["state"], item["refusal"] and item["refusal"]["reason"]) for item in operation["items"]]
    assert outcomes == [
        ("succeeded", None),
        ("refused", "VouchersMissing"),
        ("succeeded", None),
        ("refused", "SignatureInvalid"),
    ]
    transactions = {item["transaction"] for item in operation["items"] if item["state"] == "succeeded"}
    assert len(transactions) == 1  # one call for both merchants


def test_batch__one_voucher_twice__the_second_loses_on_chain(
    served: Served, wallet: Client, operator: Client, person: int
) -> None:
    first = code_for(wallet, served, person)
    second = code_for(wallet, served, person, merchant=2, receipt={"number": f"race-{person}", **RECEIPT})

    answer = operator.post(
        "/v1/redemptions/batch?wait=30",
        {"items": [{"code": first["code"]}, {"code": second["code"]}]},
        f"race-{person}",
    )

    lost = answer.json()["items"][1]
    assert (lost["state"], lost["refusal"]["reason"]) == ("refused", "AlreadyRedeemed")
    assert lost["refusal"]["on_chain"] is True
    assert lost["transaction"] == answer.json()["items"][0]["transaction"]


def test_check__good_and_spent__says_so_and_changes_nothing(
    served: Served, wallet: Client, merchant: Client, person: int
) -> None:
    body = {"code": code_for(wallet, served, person)["code"]}

    answer = merchant.post("/v1/redemptions/check", body).json()
    assert answer["accepted"] is True
    assert answer["refusal"] is None
    (told,) = answer["vouchers"]
    assert (told["redeemed"], told["kind"], told["rest"], told["next_sequence"]) == (False, "FIXED", 500, 0)
    assert merchant.redeem(body).status_code == 200
    answer = merchant.post("/v1/redemptions/check", body).json()

    assert answer["accepted"] is False
    assert answer["refusal"]["reason"] == "AlreadyRedeemed"
    assert (answer["vouchers"][0]["redeemed"], answer["vouchers"][0]["rest"]) == (True, 0)


def test_redeem__own_device_and_terminal__is_accepted(served: Served, merchant: Client) -> None:
    world = served.world
    item = world.item(0, [(1, 1), (2, 1)], 1, merchant_time(served))
    seal = world.seal([item])
    terminal = {"address": seal.terminal, "signature": "0x" + seal.signature.hex()}

    answer = merchant.redeem({**signed_message(item), "terminal": terminal})

    assert answer.status_code == 200, answer.text
    assert [spent["amount"] for spent in answer.json()["items"][0]["vouchers"]] == [FACE_A, 300]
    voucher = merchant.get(f"/v1/vouchers/{item.spends[0].voucher}").json()
    assert voucher["redemption"]["terminal"].lower() == seal.terminal.lower()


def test_redeem__terminal_of_another_signature__is_refused(served: Served, merchant: Client) -> None:
    world = served.world
    item = world.item(1, [(1, 1)], 1, merchant_time(served))
    other = world.item(1, [(2, 1)], 1, merchant_time(served))
    seal = world.seal([other])

    terminal = {"address": seal.terminal, "signature": "0x" + seal.signature.hex()}
    assert_refused(merchant.redeem({**signed_message(item), "terminal": terminal}), "TerminalSignatureInvalid")
    stranger = {"address": "0x" + "12" * 20, "signature": "0x" + seal.signature.hex()}
    assert_refused(merchant.redeem({**signed_message(item), "terminal": stranger}), "TerminalUnknown")


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({}, "body"),
        ({"code": 1}, "body/code"),
        ({"code": "VT1:", "more": 1}, "body/more"),
        ({"code": "VT1:", "merchant": False}, "body/merchant"),
        ({"code": "VT1:", "merchant": "1"}, "body/merchant"),
        ({"code": "VT1:", "signature": "0x12"}, "body"),
    ],
)
def test_redeem__request_that_does_not_fit__names_every_fault(merchant: Client, body: Json, where: str) -> None:
    problem = assert_refused(merchant.redeem(body), "RequestInvalid", 400)

    assert where in {fault["where"] for fault in problem["faults"]}


def test_redeem__numbers_beyond_every_bound__are_refused_not_crashed(served: Served, merchant: Client) -> None:
    world, most = served.world, 2**256 - 1
    item = world.item(3, [(1, 1)], most, merchant_time(served))
    item = world.sign(world.holders[3], item.spends, most, merchant_time(served), most)
    huge = {**signed_message(item), "merchant": 1}

    assert_refused(merchant.redeem(huge), "SignatureInvalid")
    absurd = signed_message(item)
    absurd["redemption"] |= {
        "merchant": 1,
        "channel": str(most),
        "spends": [{"voucher": str(most), "amount": str(most)}],
    }
    assert_refused(merchant.redeem(absurd), "VoucherUnknown")


@pytest.mark.parametrize(("batch", "place"), [(99, 0), (4, 2_000), (1, 0)])
def test_redeem__voucher_that_was_never_issued__is_unknown(
    served: Served, wallet: Client, merchant: Client, batch: int, place: int
) -> None:
    nothing = [{"voucher": served.voucher(batch, place), "amount": 500}]
    code = code_for(wallet, served, 0, vouchers=nothing, bill=5_000)

    assert_refused(merchant.redeem({"code": code["code"]}), "VoucherUnknown")


def merchant_time(served: Served) -> int:
    """What the node takes for the time of the next block."""
    tag = "pending" if NETWORK is None else "latest"
    block = served.world.rpc.call("eth_getBlockByNumber", [tag, False])
    assert isinstance(block, dict)
    return int(str(block["timestamp"]), 16)


def signed_message(item: Any) -> Json:
    """A signed item as JSON."""
    return {
        "redemption": {
            "spends": [{"voucher": str(s.voucher), "amount": str(s.amount), "sequence": 0} for s in item.spends],
            "merchant": str(item.merchant),
            "bill": str(item.bill),
            "receipt": item.receipt,
            "channel": str(item.channel),
            "deadline": str(item.deadline),
        },
        "signature": "0x" + item.signature.hex(),
    }
