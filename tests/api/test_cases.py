"""Reversals and disputes over HTTP, on a real chain.

a reversal
├── signed by the merchant's key → the voucher is live, the old code dead, a new code good; trace and reconciliation agree
├── asked for again with its key → the same answer; the key with another body → IdempotencyKeyReused
├── asked for four times at once with its key → done once, the same answer to all
├── of a redemption before others that were taken back → on a page behind theirs
├── by another merchant's API key → MerchantNotYours       ├── of nothing → RedemptionUnknown
├── signed by somebody else → CaseDesk_NotTheMerchant       ├── without a signature → RequestInvalid
└── by the arbiter within the merchant's window → CaseDesk_ReversalWindowOpen
a dispute
├── signed by the holder → listed, its money locked and shown in the statement
├── decided for the holder → reversed, and the voucher live  ├── decided for the merchant → it stands
├── a second one → CaseDesk_DisputedBefore                    ├── decided again → CaseDesk_DisputeNotOpen
├── opened, and decided, four times at once with one key → done once, the same answer to all
└── of no number → DisputeUnknown
"""

import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from coincurve import PrivateKey
from eth_utils.crypto import keccak

from node_api.chain.eip712 import case_digest, sign
from node_api.chain.keys import KeyRing, KeyRole
from node_api.chain.wallet import CustodialWallet
from node_api.domain.access import ApiRole
from node_api.domain.ids import Hash
from tests.api.conftest import Client, Json, Served
from tests.api.test_redeeming import assert_refused, code_for
from tests.world import STARTS_AT

FAR = STARTS_AT * 2
REASON = "0x" + keccak(text="the wrong dish").hex()
Signer = Callable[[bytes], bytes]
_keys = itertools.count()


@pytest.fixture
def arbiter(served: Served) -> Client:
    return served.client(ApiRole.ARBITER)


def new_key() -> str:
    return f"case-{next(_keys)}"


def four_times_at_once(ask: Callable[[], httpx.Response]) -> Json:
    """The answer, which is the same to all but for the block it was given at."""
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: ask(), range(4)))
    assert [answer.status_code for answer in answers] == [200] * 4, [answer.text for answer in answers]
    first, *others = [{**answer.json(), "block": None} for answer in answers]
    assert others == [first] * 3
    return first


def sold(wallet: Client, merchant: Client, served: Served, person: int) -> Json:
    """A redemption by a custodial person; its item."""
    answer = merchant.redeem({"code": code_for(wallet, served, person)["code"]})
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["items"][0])


def by_shop(served: Served) -> Signer:
    """Signs with a key of merchant 1."""
    key = PrivateKey(bytes(served.world.roles.account(KeyRole.EMERGENCY).key))
    return lambda digest: sign(key, digest)


def by_holder(served: Served, person: int) -> Signer:
    """Signs as a custodial person."""
    wallet = CustodialWallet(KeyRing(served.settings.keys_folder).unsafe_wallet_master())
    return lambda digest: wallet.sign("programme-Meals", f"person-{person}", digest)


def by_stranger(digest: bytes) -> bytes:
    return sign(PrivateKey(), digest)


def said(served: Served, kind: str, item: Json, signer: Signer, **changes: Any) -> Json:
    """What a party says, signed; `changes` after signing."""
    digest, voucher = Hash(item["digest"]), int(item["vouchers"][0]["id"])
    signed = case_digest(served.world.domain, kind, digest, voucher, Hash(REASON), FAR)
    body = {"redemption": digest, "voucher": str(voucher), "reason": REASON, "deadline": str(FAR)}
    return {**body, "signature": "0x" + signer(signed).hex(), **changes}


def test_reverse__signed_by_the_merchant__the_voucher_can_be_spent_again(
    served: Served, wallet: Client, merchant: Client, operator: Client, person: int
) -> None:
    code = code_for(wallet, served, person)
    item = merchant.redeem({"code": code["code"]}).json()["items"][0]
    before = merchant.get("/v1/merchants/1/statement").json()

    answer = merchant.post("/v1/reversals", said(served, "Reversal", item, by_shop(served)), new_key())

    assert answer.status_code == 200, answer.text
    reversal = answer.json()
    assert reversal["live"] is True
    assert reversal["number"] == item["vouchers"][0]["number"]
    assert reversal["by"] == served.world.roles.address(KeyRole.EMERGENCY).lower()
    voucher = served.voucher(4, person)
    assert merchant.get(f"/v1/vouchers/{voucher}").json()["state"] == "LIVE"
    assert_refused(merchant.redeem({"code": code["code"]}), "SignatureUsed")
    after = merchant.get("/v1/merchants/1/statement").json()
    assert after["redeemed"] == before["redeemed"] - 500
    assert (after["reversed"], after["reversed_count"]) == (before["reversed"] + 500, before["reversed_count"] + 1)

    again = code_for(
        wallet,
        served,
        person,
        receipt={"number": f"N-{person}", "time": 1_700_001_000, "items": [{"category": 3, "amount": 6_000}]},
    )
    assert merchant.redeem({"code": again["code"]}).status_code == 200
    told = operator.get(f"/v1/audit/vouchers/{voucher}/trace").json()
    assert told["sound"] is True, told["findings"]
    steps = [step["what"] for step in told["steps"] if step["what"] in {"redeemed", "reversed"}]
    assert steps == ["redeemed", "reversed", "redeemed"]
    outcome = operator.get("/v1/audit/programmes/1/reconciliation").json()
    assert outcome["equal"] is True, outcome["differences"]
    listed = operator.get("/v1/reversals", voucher=voucher).json()["reversals"]
    assert [entry["number"] for entry in listed] == [reversal["number"]]


def test_reverse__asked_for_again__answers_the_same(
    served: Served, wallet: Client, merchant: Client, operator: Client, person: int
) -> None:
    item = sold(wallet, merchant, served, person)
    body, key = said(served, "Reversal", item, by_shop(served)), new_key()

    first = merchant.post("/v1/reversals", body, key).json()

    again = merchant.post("/v1/reversals", body, key).json()
    assert {**again, "block": None} == {**first, "block": None}
    assert_refused(merchant.post("/v1/reversals", {**body, "reason": item["digest"]}, key), "IdempotencyKeyReused")
    problem = assert_refused(operator.post("/v1/reversals", body, new_key()), "CaseDesk_ReversedBefore")
    assert item["vouchers"][0]["id"] in problem["value"]


def test_reverse__four_times_at_once__is_done_once(
    served: Served, wallet: Client, merchant: Client, person: int
) -> None:
    item = sold(wallet, merchant, served, person)
    body, key = said(served, "Reversal", item, by_shop(served)), new_key()

    reversal = four_times_at_once(lambda: merchant.post("/v1/reversals", body, key))

    assert reversal["number"] == item["vouchers"][0]["number"]


def test_reversals__of_an_earlier_redemption__come_behind_what_was_read(
    served: Served, wallet: Client, merchant: Client, people: Iterator[int]
) -> None:
    earlier, later = (sold(wallet, merchant, served, next(people)) for _ in range(2))
    assert merchant.post("/v1/reversals", said(served, "Reversal", later, by_shop(served)), new_key()).is_success
    seen, behind = _reversed_behind(merchant, 0)
    assert later["vouchers"][0]["number"] == seen[-1]

    assert merchant.post("/v1/reversals", said(served, "Reversal", earlier, by_shop(served)), new_key()).is_success

    more, _ = _reversed_behind(merchant, behind)
    assert more == [earlier["vouchers"][0]["number"]]
    assert _reversed_behind(merchant, 0)[0] == [*seen, *more]


def _reversed_behind(merchant: Client, after: int) -> tuple[list[int], int]:
    """Numbers on the pages behind one, read one by one, and the last `next` of them."""
    numbers: list[int] = []
    while True:
        page = merchant.get("/v1/reversals", limit=1, after=after).json()
        numbers += [entry["number"] for entry in page["reversals"]]
        if page["next"] is None:
            return numbers, after
        after = page["next"]


def test_reverse__that_may_not_be__says_why(
    served: Served, wallet: Client, merchant: Client, rival: Client, arbiter: Client, person: int
) -> None:
    item = sold(wallet, merchant, served, person)
    good = said(served, "Reversal", item, by_shop(served))
    bare = {name: good[name] for name in ("redemption", "voucher", "reason")}

    assert_refused(rival.post("/v1/reversals", good, new_key()), "MerchantNotYours", 403)
    unknown = {**good, "redemption": REASON}
    assert_refused(merchant.post("/v1/reversals", unknown, new_key()), "RedemptionUnknown", 404)
    assert_refused(merchant.post("/v1/reversals", bare, new_key()), "RequestInvalid", 400)
    assert_refused(merchant.post("/v1/reversals", {**bare, "deadline": "5"}, new_key()), "RequestInvalid", 400)
    bad = said(served, "Reversal", item, by_stranger)
    assert_refused(merchant.post("/v1/reversals", bad, new_key()), "CaseDesk_NotTheMerchant")
    assert_refused(merchant.post("/v1/reversals", {**good, "deadline": "5"}, new_key()), "CaseDesk_DeadlinePassed")
    assert_refused(arbiter.post("/v1/reversals", bare, new_key()), "CaseDesk_ReversalWindowOpen")
    assert_refused(merchant.post("/v1/reversals", good), "IdempotencyKeyMissing", 400)
    assert merchant.get(f"/v1/vouchers/{served.voucher(4, person)}").json()["state"] == "REDEEMED"


def test_dispute__decided_for_the_holder__reverses(
    served: Served, wallet: Client, merchant: Client, rival: Client, arbiter: Client, operator: Client, person: int
) -> None:
    item = sold(wallet, merchant, served, person)
    before = merchant.get("/v1/merchants/1/statement").json()

    answer = wallet.post("/v1/disputes", said(served, "Dispute", item, by_holder(served, person)), new_key())

    assert answer.status_code == 200, answer.text
    dispute = answer.json()
    path = f"/v1/disputes/{dispute['id']}"
    assert (dispute["state"], dispute["by"]) == ("open", item["holder"].lower())
    assert dispute["decide_by"] == dispute["opened_at"]["timestamp"] + 14 * 86_400
    assert merchant.get("/v1/merchants/1/statement").json()["disputed"] == before["disputed"] + 500
    open_ones = merchant.get("/v1/disputes", only_open="true").json()["disputes"]
    assert dispute["id"] in [entry["id"] for entry in open_ones]
    assert_refused(rival.get(path), "MerchantNotYours", 403)
    assert operator.get("/v1/audit/programmes/1/reconciliation").json()["equal"] is True
    second = said(served, "Dispute", item, by_shop(served))
    assert_refused(merchant.post("/v1/disputes", second, new_key()), "CaseDesk_DisputedBefore")
    ruling, key = {"stands": False, "reason": REASON}, new_key()
    assert_refused(merchant.post(f"{path}/decision", ruling, new_key()), "RoleNotAllowed", 403)

    decided = arbiter.post(f"{path}/decision", ruling, key)

    assert decided.status_code == 200, decided.text
    assert decided.json()["state"] == "reversed"
    assert decided.json()["decision"]["by"] == served.world.roles.address(KeyRole.ARBITER).lower()
    assert {**arbiter.post(f"{path}/decision", ruling, key).json(), "block": None} == {**decided.json(), "block": None}
    assert_refused(arbiter.post(f"{path}/decision", ruling, new_key()), "CaseDesk_DisputeNotOpen")
    assert merchant.get(f"/v1/vouchers/{served.voucher(4, person)}").json()["state"] == "LIVE"
    told = operator.get(f"/v1/audit/vouchers/{served.voucher(4, person)}/trace").json()
    assert told["sound"] is True, told["findings"]
    steps = [step["what"] for step in told["steps"]][-4:]
    assert steps == ["redeemed", "disputed", "dispute decided", "reversed"]
    decision = next(step for step in told["steps"] if step["what"] == "dispute decided")
    assert decision["roles"] == ["ARBITER"]
    assert operator.get("/v1/audit/programmes/1/reconciliation").json()["equal"] is True


def test_dispute__decided_for_the_merchant__stands(
    served: Served, wallet: Client, merchant: Client, arbiter: Client, operator: Client, person: int
) -> None:
    item = sold(wallet, merchant, served, person)
    opened = merchant.post("/v1/disputes", said(served, "Dispute", item, by_shop(served)), new_key()).json()

    ruling = {"stands": True, "reason": REASON}
    decided = arbiter.post(f"/v1/disputes/{opened['id']}/decision", ruling, new_key()).json()

    assert decided["state"] == "stands"
    assert decided == arbiter.get(f"/v1/disputes/{opened['id']}").json()
    assert merchant.get(f"/v1/vouchers/{served.voucher(4, person)}").json()["state"] == "REDEEMED"
    assert operator.get("/v1/audit/programmes/1/reconciliation").json()["equal"] is True


def test_dispute__opened_and_decided_four_times_at_once__is_once(
    served: Served, wallet: Client, merchant: Client, arbiter: Client, person: int
) -> None:
    item = sold(wallet, merchant, served, person)
    body, key = said(served, "Dispute", item, by_holder(served, person)), new_key()

    opened = four_times_at_once(lambda: wallet.post("/v1/disputes", body, key))

    ruling, key, path = {"stands": True, "reason": REASON}, new_key(), f"/v1/disputes/{opened['id']}/decision"
    decided = four_times_at_once(lambda: arbiter.post(path, ruling, key))
    assert (opened["state"], decided["state"]) == ("open", "stands")
    assert_refused(arbiter.post(path, {**ruling, "stands": False}, new_key()), "CaseDesk_DisputeNotOpen")


def test_dispute__of_no_number__is_unknown(arbiter: Client) -> None:
    assert_refused(arbiter.get("/v1/disputes/999999"), "DisputeUnknown", 404)
    ruling = {"stands": True, "reason": REASON}
    assert_refused(arbiter.post("/v1/disputes/999999/decision", ruling, new_key()), "DisputeUnknown", 404)
