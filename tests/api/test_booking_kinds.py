"""Bookings of stored value and percentages, and consents to bookings, over HTTP on a chain with a step-up threshold.

stored value
├── of which an amount is booked → BOOKED; what is left is spent at the till and booked beside it
├── captured in part → the rest of the booking is free again; trace and reconciliation agree
└── booked by more than is left, captured by more than was booked → AmountOutside
a percentage
├── booked by its cap or less, captured on a bill → takes its percentage of that
└── captured on a bill of nothing → NothingOff
above the threshold
├── without a consent, with a stranger's, with one to another booking → ConsentMissing
└── with an attestor's → booked; the trace tells of it
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import httpx
import pytest
from coincurve import PrivateKey
from eth_utils.crypto import keccak

from node_api.chain.eip712 import capture_digest, consent_digest, sign
from node_api.chain.keys import KeyRole
from node_api.domain.access import ApiRole
from node_api.domain.ids import Amount, Hash, UnixSeconds, VoucherId
from node_api.domain.reservations import Capture, Part
from tests.api.conftest import Json, Served, serving_world
from tests.api.test_bookings import asked, capture, new_key, signed, wish
from tests.api.test_cases import FAR, by_shop
from tests.api.test_redeeming import assert_refused, code_for
from tests.world import BEIJING, CATERING, ENDS_AT, STARTS_AT, TRAVEL

PURSE, RATED = 6, 7  # batches; a tenth of the bill
FACE, THRESHOLD = 500, 400
ATTESTOR_ROLE = 8
ATTESTOR = PrivateKey(keccak(text="attestor"))
_persons = itertools.count()


@pytest.fixture(scope="module")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving_world(tmp_path_factory.mktemp("kinds"), stepUpThreshold=THRESHOLD) as served:
        world = served.world
        terms = [
            (1, 1, kind, FACE, 0, rate, CATERING | TRAVEL, BEIJING, 1, STARTS_AT, ENDS_AT, 0, 1_000)
            for kind, rate in ((2, 0), (1, 1_000))
        ]
        world.send(KeyRole.TREASURER, "Vouchers", "openBatches", ["purse", "a tenth off"], terms)
        world.send(KeyRole.TREASURER, "Vouchers", "issue", [PURSE, RATED], [4])
        attestor = world.address_of(ATTESTOR)
        world.send(KeyRole.ADMIN, "AccessManager", "grantRole", ATTESTOR_ROLE, attestor, 0)
        world.send(KeyRole.OPERATOR, "Vouchers", "syncAttestor", attestor)
        yield served


@pytest.fixture
def person() -> int:
    return next(_persons)


def book(served: Served, wanted: Json, consent: bytes | None = None) -> tuple[Json, httpx.Response]:
    """What the wallet signed, and the answer to booking it."""
    said = signed(served.client(ApiRole.WALLET), wanted)
    body = asked(said) | ({} if consent is None else {"consent": "0x" + consent.hex()})
    return said, served.client(ApiRole.OPERATOR).post("/v1/bookings", body, new_key())


def part_of(served: Served, batch: int, person: int, amount: int) -> Json:
    service = "0x" + keccak(text=f"{batch} {person} {amount}").hex()
    choice = {"voucher": served.voucher(batch, person), "amount": str(amount)}
    return wish(served, person, vouchers=[choice], service=service)


def serve(served: Served, booking: Json, amount: int, bill: int) -> httpx.Response:
    """By the merchant's key, against a receipt of its own."""
    voucher, receipt = booking["spends"][0]["voucher"], "0x" + keccak(text=booking["digest"]).hex()
    parts = (Part(VoucherId(int(voucher)), Amount(amount)),)
    said = Capture(Hash(booking["digest"]), parts, Amount(bill), Hash(receipt), UnixSeconds(FAR))
    signature = "0x" + by_shop(served)(capture_digest(served.world.domain, said)).hex()
    part = {"voucher": voucher, "amount": str(amount)}
    body = {"parts": [part], "bill": str(bill), "receipt": receipt, "deadline": str(FAR), "signature": signature}
    return capture(served.client(ApiRole.MERCHANT, 1), booking, body)


def voucher_of(served: Served, batch: int, person: int) -> tuple[str, int, int, int]:
    """State, rest, what is booked beside it, and next sequence."""
    told = served.client(ApiRole.MERCHANT, 1).get(f"/v1/vouchers/{served.voucher(batch, person)}").json()
    return told["state"], told["rest"], told["booked"], told["next_sequence"]


def assert_sound(served: Served, batch: int, person: int, *steps: str) -> None:
    auditor = served.client(ApiRole.AUDITOR)
    told = auditor.get(f"/v1/audit/vouchers/{served.voucher(batch, person)}/trace").json()
    assert told["sound"] is True, told["findings"]
    shown = {"consented to", "booked", "redeemed"}
    assert [step["what"] for step in told["steps"] if step["what"] in shown] == list(steps)
    outcome = auditor.get("/v1/audit/programmes/1/reconciliation").json()
    assert outcome["equal"] is True, outcome["differences"]


def test_stored_value__booked_in_part__leaves_the_rest_to_spend(kinds: Served, person: int) -> None:
    booking, answer = book(kinds, part_of(kinds, PURSE, person, 200))
    assert answer.status_code == 200, answer.text
    assert [one["amount"] for one in answer.json()["vouchers"]] == [200]
    assert voucher_of(kinds, PURSE, person) == ("BOOKED", 300, 200, 1)

    wallet, till = kinds.client(ApiRole.WALLET), kinds.client(ApiRole.MERCHANT, 1)
    code = code_for(wallet, kinds, person, vouchers=[{"voucher": kinds.voucher(PURSE, person), "amount": "250"}])
    assert till.redeem({"code": code["code"], "receipt": code["receipt"]}).status_code == 200
    assert voucher_of(kinds, PURSE, person) == ("BOOKED", 50, 200, 2)
    rest = wish(kinds, person, vouchers=[kinds.voucher(PURSE, person)])  # no amount: what is left
    other, answer = book(kinds, rest)
    assert [one["amount"] for one in answer.json()["vouchers"]] == [50]

    done = serve(kinds, booking, 150, 1_000)

    assert done.status_code == 200, done.text
    assert done.json()["vouchers"][0]["capture"]["amount"] == 150
    assert voucher_of(kinds, PURSE, person) == ("BOOKED", 50, 50, 3)
    assert serve(kinds, other, 50, 1_000).status_code == 200
    assert voucher_of(kinds, PURSE, person) == ("LIVE", 50, 0, 3)
    assert_sound(kinds, PURSE, person, "booked", "redeemed", "booked", "redeemed", "redeemed")


def test_stored_value__by_more_than_there_is__says_why(kinds: Served, person: int) -> None:
    _, answer = book(kinds, part_of(kinds, PURSE, person, 501))
    assert_refused(answer, "AmountOutside")
    booking, answer = book(kinds, part_of(kinds, PURSE, person, 300))
    assert answer.status_code == 200, answer.text
    _, answer = book(kinds, part_of(kinds, PURSE, person, 201))
    assert_refused(answer, "AmountOutside")
    assert_refused(serve(kinds, booking, 301, 1_000), "Vouchers_AmountOutside")
    assert_refused(serve(kinds, booking, 300, 299), "Vouchers_AmountsOverBill")
    assert serve(kinds, booking, 300, 300).status_code == 200


def test_percentage__captured_on_a_bill__takes_its_percentage(kinds: Served, person: int) -> None:
    booking, answer = book(kinds, part_of(kinds, RATED, person, THRESHOLD))
    assert answer.status_code == 200, answer.text
    assert_refused(serve(kinds, booking, THRESHOLD, 9), "Vouchers_NothingOff")

    done = serve(kinds, booking, THRESHOLD, 1_239)

    assert done.json()["vouchers"][0]["capture"]["amount"] == 123
    assert voucher_of(kinds, RATED, person)[0] == "REDEEMED"
    assert_sound(kinds, RATED, person, "booked", "redeemed")


def test_booking__above_the_threshold__wants_a_consent(kinds: Served, person: int) -> None:
    wanted = part_of(kinds, RATED, person, FACE)
    said, answer = book(kinds, wanted)
    assert_refused(answer, "ConsentMissing")
    digest = consent_digest(kinds.world.domain, Hash(said["digest"]))
    _, answer = book(kinds, wanted, sign(PrivateKey(), digest))
    assert_refused(answer, "ConsentMissing")
    _, answer = book(kinds, wanted, sign(ATTESTOR, consent_digest(kinds.world.domain, Hash("0x" + "11" * 32))))
    assert_refused(answer, "ConsentMissing")

    body = asked(said) | {"consent": "0x" + sign(ATTESTOR, digest).hex()}
    answer = kinds.client(ApiRole.OPERATOR).post("/v1/bookings", body, new_key())

    assert answer.status_code == 200, answer.text
    assert voucher_of(kinds, RATED, person)[0] == "BOOKED"
    assert_sound(kinds, RATED, person, "consented to", "booked")
