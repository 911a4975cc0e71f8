"""Bookings over HTTP, on a real chain.

a booking
├── of a custodial holder → booked, its money committed, shown by the voucher and the list
├── asked for again with its key → the same answer; with another → VoucherBooked
├── booked, captured, released four times at once with one key → done once, the same answer to all
├── that the rules refuse, at once or in a race → the reason
├── many that wait for a block → others are answered meanwhile; more than may wait → 503
├── captured by the merchant's signature → redeemed; statement, trace and reconciliation agree; it can be reversed
├── asked for again with its key → the same answer; the key with another body → IdempotencyKeyReused
├── captured by a stranger, another merchant, against a used receipt → says why
├── captured → its receipt is used at the till, also where the node has forgotten the capture; refused → it is not
├── captured against the receipt of another booking at once → one is ReceiptUsed
├── released by the merchant, by the holder's wallet → live again, the old signature dead
├── released in the holder's name by another key than the wallet's → RoleNotAllowed, still booked
├── released by nobody before it lapses → Vouchers_ReleaseNotAllowed
└── of no digest → BookingUnknown
a booked voucher, at the till → VoucherBooked
"""

import itertools
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from coincurve import PrivateKey
from eth_utils.crypto import keccak
from sqlalchemy import delete

from node_api.api import patient
from node_api.chain.eip712 import capture_digest, release_digest, sign
from node_api.domain.access import ApiRole
from node_api.domain.ids import Amount, Hash, UnixSeconds, VoucherId
from node_api.domain.reservations import Capture, Part, Release
from node_api.storage.engine import writing
from node_api.storage.operation_tables import receipt_claims
from tests.api.conftest import Client, Json, Served
from tests.api.test_cases import FAR, Signer, by_shop, by_stranger, four_times_at_once
from tests.api.test_redeeming import assert_refused, code_for
from tests.world import ENDS_AT

SERVICE = "0x" + keccak(text="two nights").hex()
FACE = 500
_keys = itertools.count()


def new_key() -> str:
    return f"booking-{next(_keys)}"


def wish(served: Served, person: int, **changes: Any) -> Json:
    return {
        "programme": 1,
        "person": f"person-{person}",
        "vouchers": [served.voucher(4, person)],
        "merchant": 1,
        "service": SERVICE,
        "lapse_at": str(ENDS_AT),
        **changes,
    }


@pytest.fixture
def booked(served: Served, wallet: Client, person: int) -> Json:
    """A reservation that was booked."""
    return book(served, wallet, person)


def signed(wallet: Client, wanted: Json) -> Json:
    answer = wallet.post("/v1/wallet/bookings", wanted)
    assert answer.status_code == 200, answer.text
    said: Json = answer.json()
    return said


def asked(reservation: Json) -> Json:
    """As POST /v1/bookings takes it."""
    return {name: value for name, value in reservation.items() if name not in ("digest", "holder", "block")}


def book(served: Served, wallet: Client, person: int, **changes: Any) -> Json:
    said, operator = signed(wallet, wish(served, person, **changes)), served.client(ApiRole.OPERATOR)
    answer = operator.post("/v1/bookings", asked(said), new_key())
    assert answer.status_code == 200, answer.text
    assert [one["state"] for one in answer.json()["vouchers"]] == ["booked"]
    return said


def captured(served: Served, booking: Json, signer: Signer, receipt: str, **changes: Any) -> Json:
    """What the merchant says it served, signed; `changes` after signing."""
    voucher = booking["spends"][0]["voucher"]
    parts = (Part(VoucherId(int(voucher)), Amount(FACE)),)
    said = Capture(Hash(booking["digest"]), parts, Amount(6_000), Hash(receipt), UnixSeconds(FAR))
    body = {"parts": [{"voucher": voucher, "amount": str(FACE)}], "bill": "6000", "receipt": receipt}
    signature = "0x" + signer(capture_digest(served.world.domain, said)).hex()
    return {**body, "deadline": str(FAR), "signature": signature, **changes}


def capture(client: Client, booking: Json, body: Json, key: str | None = None) -> httpx.Response:
    return client.post(f"/v1/bookings/{booking['digest']}/capture", body, key or new_key())


def release(client: Client, booking: Json, **more: Any) -> httpx.Response:
    body = {"vouchers": [booking["spends"][0]["voucher"]], **more}
    return client.post(f"/v1/bookings/{booking['digest']}/release", body, new_key())


def given_free(served: Served, booking: Json, signer: Signer) -> Json:
    """The merchant's word, signed by `signer`, that the booking's voucher is free."""
    voucher = VoucherId(int(booking["spends"][0]["voucher"]))
    digest = release_digest(served.world.domain, Release(Hash(booking["digest"]), (voucher,), UnixSeconds(FAR)))
    return {"vouchers": [str(voucher)], "deadline": str(FAR), "signature": "0x" + signer(digest).hex()}


def receipt_of(person: int) -> str:
    return "0x" + keccak(text=f"service {person}").hex()


def test_booking__of_a_custodial_holder__is_shown(
    served: Served, merchant: Client, rival: Client, operator: Client, booked: Json, wallet: Client, person: int
) -> None:
    voucher = served.voucher(4, person)

    told = merchant.get(f"/v1/bookings/{booked['digest']}").json()["vouchers"]

    assert [(one["state"], one["amount"], one["lapse_at"]) for one in told] == [("booked", FACE, ENDS_AT)]
    assert merchant.get(f"/v1/vouchers/{voucher}").json()["state"] == "BOOKED"
    assert operator.get("/v1/bookings", voucher=voucher, only_open=True).json()["bookings"] == told
    assert rival.get("/v1/bookings").json()["bookings"] == []
    assert_refused(rival.get(f"/v1/bookings/{booked['digest']}"), "MerchantNotYours", 403)
    assert_refused(merchant.get(f"/v1/bookings/{SERVICE}"), "BookingUnknown", 404)
    assert_refused(merchant.redeem({"code": code_for(wallet, served, person)["code"]}), "VoucherBooked")


@pytest.fixture
def still(served: Served) -> Iterator[None]:
    """A chain without new blocks."""
    served.world.rpc.call("evm_setAutomine", [False])
    yield
    served.world.rpc.call("evm_setAutomine", [True])
    served.world.rpc.call("evm_mine", [])


@pytest.mark.usefixtures("still")
def test_bookings__many_that_wait_for_a_block__others_are_answered_meanwhile(
    served: Served, wallet: Client, operator: Client, merchant: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *others = [asked(signed(wallet, wish(served, person))) for person in range(100, 142)]
    code = code_for(wallet, served, 150)

    with ThreadPoolExecutor(len(others)) as pool:
        waiting = [pool.submit(operator.post, "/v1/bookings", one, new_key()) for one in others]
        until_in_hand(operator, len(others))
        assert merchant.get(f"/v1/vouchers/{served.voucher(4, 150)}").json()["state"] == "LIVE"
        taken = merchant.redeem({"code": code["code"]}, wait=0)
        assert (taken.status_code, taken.json()["state"]) == (202, "queued")
        monkeypatch.setattr(patient, "MOST", len(others))
        refused = operator.post("/v1/bookings", first, new_key())
        assert (refused.status_code, refused.json()["type"].rpartition("#")[2]) == (503, "chainunavailable")
        assert "41 requests wait for blocks already" in refused.text
        served.world.rpc.call("evm_setAutomine", [True])
        served.world.rpc.call("evm_mine", [])
        assert {one.result().status_code for one in waiting} == {200}


def until_in_hand(operator: Client, count: int) -> None:
    """Returns when the node has so many requests in hand beside the one that asks."""
    deadline = time.monotonic() + 30
    while f"vouchertrail_http_requests_in_hand {count + 1}.0" not in operator.get("/metrics").text:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_booking__asked_for_again__answers_the_same(
    served: Served, merchant: Client, wallet: Client, person: int
) -> None:
    said, key = signed(wallet, wish(served, person)), new_key()

    first = merchant.post("/v1/bookings", asked(said), key).json()

    assert first["vouchers"][0]["booking"] == said["digest"]
    assert merchant.post("/v1/bookings", asked(said), key).json()["vouchers"] == first["vouchers"]
    assert_refused(merchant.post("/v1/bookings", {**asked(said), "channel": "1"}, key), "IdempotencyKeyReused")
    assert_refused(merchant.post("/v1/bookings", asked(said), new_key()), "VoucherBooked")


def test_booking__that_the_rules_refuse__says_why(
    served: Served, merchant: Client, rival: Client, wallet: Client, person: int
) -> None:
    said = signed(wallet, wish(served, person))
    late = signed(wallet, wish(served, person, lapse_at=str(ENDS_AT + 1)))

    assert_refused(merchant.post("/v1/bookings", asked(late), new_key()), "LapseBeyondValidity")
    assert_refused(merchant.post("/v1/bookings", {**asked(said), "channel": "1"}, new_key()), "SignatureInvalid")
    assert_refused(rival.post("/v1/bookings", asked(said), new_key()), "MerchantNotYours", 403)


def test_bookings__many_at_once__each_is_booked_once(
    served: Served, merchant: Client, wallet: Client, people: Iterator[int]
) -> None:
    persons = list(itertools.islice(people, 12))
    ones = [signed(wallet, wish(served, person)) for person in persons for _ in range(2)]

    with ThreadPoolExecutor(len(ones)) as pool:
        answers = list(pool.map(lambda one: merchant.post("/v1/bookings", asked(one), new_key()), ones))

    told = Counter(answer.status_code for answer in answers)
    assert told == {200: 24} or set(told) == {200, 422}, [answer.text for answer in answers]
    for person in persons:
        found = merchant.get("/v1/bookings", voucher=served.voucher(4, person)).json()["bookings"]
        assert [one["state"] for one in found] == ["booked"]


def test_booking__each_step_four_times_at_once__is_done_once(
    served: Served, merchant: Client, wallet: Client, people: Iterator[int]
) -> None:
    person, other = next(people), next(people)
    said, key = signed(wallet, wish(served, person)), new_key()
    booked = four_times_at_once(lambda: merchant.post("/v1/bookings", asked(said), key))
    body, key = captured(served, said, by_shop(served), receipt_of(person)), new_key()
    taken = four_times_at_once(lambda: capture(merchant, said, body, key))

    back, key = book(served, wallet, other), new_key()
    holder = {"vouchers": [served.voucher(4, other)], "holder": {"programme": 1, "person": f"person-{other}"}}
    free = four_times_at_once(lambda: wallet.post(f"/v1/bookings/{back['digest']}/release", holder, key))

    states = [answer["vouchers"][0]["state"] for answer in (booked, taken, free)]
    assert states == ["booked", "captured", "released"]


def test_bookings__a_page_at_a_time__are_all_there(
    served: Served, merchant: Client, wallet: Client, booked: Json, person: int
) -> None:
    everything = merchant.get("/v1/bookings", limit=1_000).json()["bookings"]
    seen, after = [], 0
    for _ in range(len(everything) + 1):
        page = merchant.get("/v1/bookings", limit=1, after=after).json()
        seen += page["bookings"]
        if (after := page["next"] or 0) == 0:
            break
    assert seen == everything
    assert seen[-1]["voucher"] == booked["spends"][0]["voucher"]


def test_capture__signed_by_the_merchant__redeems_what_was_booked(
    served: Served, merchant: Client, operator: Client, booked: Json, person: int
) -> None:
    before, receipt = merchant.get("/v1/merchants/1/statement").json(), receipt_of(person)

    answer = capture(merchant, booked, captured(served, booked, by_shop(served), receipt))

    assert answer.status_code == 200, answer.text
    (done,) = answer.json()["vouchers"]
    assert (done["state"], done["capture"]["amount"], done["capture"]["receipt"]) == ("captured", FACE, receipt)
    after, voucher = merchant.get("/v1/merchants/1/statement").json(), served.voucher(4, person)
    assert after["redeemed"] == before["redeemed"] + FACE
    assert merchant.get(f"/v1/vouchers/{voucher}").json()["state"] == "REDEEMED"
    told = operator.get(f"/v1/audit/vouchers/{voucher}/trace").json()
    assert told["sound"] is True, told["findings"]
    checked = {finding["what"]: finding["good"] for finding in told["findings"]}
    assert checked["the holder signed exactly this"] is True, told["findings"]
    steps = [step["what"] for step in told["steps"] if step["what"] in {"booked", "redeemed"}]
    assert steps == ["booked", "redeemed"]
    outcome = operator.get("/v1/audit/programmes/1/reconciliation").json()
    assert outcome["equal"] is True, outcome["differences"]


def test_capture__asked_for_again__answers_the_same(
    served: Served, merchant: Client, booked: Json, person: int
) -> None:
    body, key = captured(served, booked, by_shop(served), receipt_of(person)), new_key()

    first = capture(merchant, booked, body, key).json()

    assert capture(merchant, booked, body, key).json()["vouchers"] == first["vouchers"]
    assert_refused(capture(merchant, booked, {**body, "bill": "7000"}, key), "IdempotencyKeyReused")
    assert_refused(capture(merchant, booked, body), "Vouchers_NotBooked")


def test_capture__that_may_not_be__says_why(
    served: Served, merchant: Client, rival: Client, wallet: Client, booked: Json, person: int
) -> None:
    used = {"number": f"B-{person}", "time": 1_700_000_000, "items": [{"category": 3, "amount": 6_000}]}
    code = code_for(wallet, served, person, vouchers=[served.voucher(5, person)], receipt=used)
    assert merchant.redeem({"code": code["code"]}).status_code == 200
    body = captured(served, booked, by_shop(served), receipt_of(person))

    assert_refused(capture(rival, booked, body), "MerchantNotYours", 403)
    assert_refused(
        capture(merchant, booked, captured(served, booked, by_stranger, receipt_of(person))), "Vouchers_NotTheMerchant"
    )
    assert_refused(capture(merchant, booked, {**body, "deadline": "5"}), "Vouchers_DeadlinePassed")
    spent = code["document"]["message"]["receipt"]
    assert_refused(capture(merchant, booked, captured(served, booked, by_shop(served), spent)), "ReceiptUsed")
    other = {**body, "parts": [{"voucher": served.voucher(5, person), "amount": "500"}]}
    assert_refused(capture(merchant, booked, other), "BookingUnknown", 404)
    assert_refused(capture(merchant, {"digest": SERVICE}, body), "BookingUnknown", 404)


def at_the_till(served: Served, wallet: Client, person: int, receipt: str) -> Json:
    """A code of the person's other voucher against the receipt."""
    return {"code": code_for(wallet, served, person, batch=5, receipt=receipt, bill=6_000)["code"]}


def test_capture__against_a_receipt__uses_it_at_the_till(
    served: Served, merchant: Client, wallet: Client, booked: Json, person: int
) -> None:
    receipt = receipt_of(person)
    code = at_the_till(served, wallet, person, receipt)
    assert capture(merchant, booked, captured(served, booked, by_shop(served), receipt)).status_code == 200

    assert_refused(merchant.redeem(code), "ReceiptUsed")
    assert merchant.post("/v1/redemptions/check", code).json()["refusal"]["reason"] == "ReceiptUsed"
    with writing(served.engine) as connection:  # a node that is not the one which captured, or was restored
        forgotten = connection.execute(delete(receipt_claims).filter_by(receipt=bytes.fromhex(receipt[2:])))
    assert forgotten.rowcount == 1
    assert_refused(merchant.redeem(code), "ReceiptUsed")
    assert merchant.post("/v1/redemptions/check", code).json()["refusal"]["reason"] == "ReceiptUsed"


def test_capture__refused__leaves_its_receipt_to_the_till(
    served: Served, merchant: Client, wallet: Client, booked: Json, person: int
) -> None:
    receipt = receipt_of(person)
    refused = captured(served, booked, by_stranger, receipt)
    assert_refused(capture(merchant, booked, refused), "Vouchers_NotTheMerchant")

    assert merchant.redeem(at_the_till(served, wallet, person, receipt)).status_code == 200
    assert_refused(capture(merchant, booked, captured(served, booked, by_shop(served), receipt)), "ReceiptUsed")


def test_captures__of_two_bookings_against_one_receipt_at_once__are_one(
    served: Served, merchant: Client, wallet: Client, people: Iterator[int]
) -> None:
    ones = [book(served, wallet, person) for person in itertools.islice(people, 2)]
    bodies = [captured(served, one, by_shop(served), receipt_of(-1)) for one in ones]

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda one, body: capture(merchant, one, body), ones, bodies))

    done, refused = sorted(answers, key=lambda answer: answer.status_code)
    assert done.status_code == 200, done.text
    assert_refused(refused, "ReceiptUsed")


def test_release__by_merchant_or_holder__makes_the_voucher_live(
    served: Served, merchant: Client, wallet: Client, operator: Client, booked: Json, person: int
) -> None:
    voucher = served.voucher(4, person)
    assert_refused(release(merchant, booked), "Vouchers_ReleaseNotAllowed")

    answer = release(merchant, booked, **given_free(served, booked, by_shop(served)))

    assert answer.status_code == 200, answer.text
    assert [one["state"] for one in answer.json()["vouchers"]] == ["released"]
    assert merchant.get(f"/v1/vouchers/{voucher}").json()["state"] == "LIVE"
    again = book(served, wallet, person, service=receipt_of(person))  # another signature
    holder = {"programme": 1, "person": f"person-{person}"}
    assert release(wallet, again, holder=holder).status_code == 200
    assert_refused(release(wallet, again, holder=holder), "Vouchers_NotBooked")
    told = operator.get(f"/v1/audit/vouchers/{voucher}/trace").json()
    assert told["sound"] is True, told["findings"]
    steps = [step["what"] for step in told["steps"] if "book" in step["what"]]
    assert steps == ["booked", "booking released"] * 2


def test_release__in_the_holders_name__is_for_the_wallets_key_alone(
    served: Served, merchant: Client, operator: Client, wallet: Client, booked: Json, person: int
) -> None:
    holder = {"programme": 1, "person": f"person-{person}"}
    for other in (merchant, operator):
        assert_refused(release(other, booked, holder=holder), "RoleNotAllowed", 403)
    (one,) = wallet.get(f"/v1/bookings/{booked['digest']}").json()["vouchers"]
    assert one["state"] == "booked"
    assert release(wallet, booked, holder=holder).status_code == 200


def test_release__by_a_strangers_wallet__says_why(served: Served, wallet: Client, booked: Json, person: int) -> None:
    other = {"programme": 1, "person": f"not-person-{person}"}
    assert_refused(release(wallet, booked, holder=other), "Vouchers_ReleaseNotAllowed")
    assert_refused(release(wallet, booked, deadline="5"), "RequestInvalid", 400)
    stranger = "0x" + sign(PrivateKey(), bytes(32)).hex()
    assert_refused(release(wallet, booked, deadline=str(FAR), signature=stranger), "Vouchers_ReleaseNotAllowed")
