"""Vouchers passed on over HTTP, on a real chain whose rules allow it.

a transfer
├── signed on the holder's device → theirs no more, the receiver's now, both lists say so; the new holder spends it
├── signed by the node's wallet → the same, for a person
├── asked for again with its key → the same answer, also after the voucher came back; with another body → IdempotencyKeyReused
├── asked for again after it came back and went to the same receiver again → its own transfer, and the newer order its own
├── asked for four times at once with its key, by a device and by the wallet → done once, the same answer to all
├── above the month's cap, by somebody else, to a terminal → the contract's own reason
└── by the wallet of an unknown programme → ProgrammeUnknown
lists
└── of transfers by voucher and holder, in pages; of places on their way
where the rules do not allow it → CaseDesk_NotTransferable
"""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from coincurve import PrivateKey

from node_api.chain.eip712 import sign, transfer_digest
from node_api.chain.keys import KeyRole
from node_api.domain.access import ApiRole
from node_api.domain.codes import encode_code
from node_api.domain.ids import Address, Amount, UnixSeconds, VoucherId
from node_api.domain.items import Spend
from node_api.domain.transfers import TransferOrder
from tests.api.conftest import Client, Json, Served, serving_world
from tests.api.test_cases import four_times_at_once
from tests.api.test_redeeming import assert_refused, merchant_time
from tests.world import FACE_A, STARTS_AT, TRANSFERABLE, World

FAR = 2 * STARTS_AT
_keys = itertools.count()


def new_key() -> str:
    return f"transfer-{next(_keys)}"


@pytest.fixture(scope="module")
def fair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving_world(tmp_path_factory.mktemp("fair"), flags=TRANSFERABLE) as served:
        yield served


@pytest.fixture
def app(fair: Served) -> Client:
    return fair.client(ApiRole.WALLET)


@pytest.fixture
def auditor(fair: Served) -> Client:
    return fair.client(ApiRole.AUDITOR)


def signed(world: World, voucher: int, key: PrivateKey, to: Address, deadline: int = FAR) -> Json:
    order = TransferOrder(VoucherId(voucher), to, UnixSeconds(deadline))
    signature = sign(key, transfer_digest(world.domain, order))
    return {"voucher": str(voucher), "to": to, "deadline": str(deadline), "signature": "0x" + signature.hex()}


def somebody() -> tuple[PrivateKey, Address]:
    key = PrivateKey()
    return key, Address(World.address_of(None, key).lower())  # type: ignore[arg-type]


def held(client: Client, address: str) -> list[str]:
    return [one["id"] for one in client.get(f"/v1/holders/{address}/vouchers", limit=1_000).json()["vouchers"]]


def test_transfer__signed_by_the_holder__is_the_receivers_to_spend(fair: Served, app: Client, auditor: Client) -> None:
    world, (key, address) = fair.world, somebody()
    voucher = world.voucher(1, 1, 0)
    before = held(app, world.holder_addresses[0])

    answer = app.post("/v1/transfers", signed(world, voucher, world.holders[0], address), new_key())

    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["voucher"], told["from"], told["to"]) == (str(voucher), world.holder_addresses[0].lower(), address)
    assert held(app, address) == [str(voucher)]
    assert held(app, world.holder_addresses[0]) == [one for one in before if one != str(voucher)]
    shown = app.get(f"/v1/vouchers/{voucher}").json()
    assert (shown["holder"], shown["roll_holder"]) == (address, world.holder_addresses[0].lower())
    assert (shown["custodial"], shown["state"]) == (None, "LIVE")
    till = fair.client(ApiRole.MERCHANT, 1)
    assert till.redeem(redemption(fair, voucher, world.holders[0])).json()["reason"] == "SignatureInvalid"
    check = till.post("/v1/redemptions/check", redemption(fair, voucher, key)).json()
    assert check["accepted"] is True
    spent = till.redeem(redemption(fair, voucher, key))
    assert spent.status_code == 200, spent.text
    trace = auditor.get(f"/v1/audit/vouchers/{voucher}/trace").json()
    assert trace["sound"] is True, trace["findings"]
    assert [step["what"] for step in trace["steps"]][-2:] == ["passed on", "redeemed"]
    assert auditor.get("/v1/audit/programmes/1/reconciliation").json()["equal"] is True


def redemption(fair: Served, voucher: int, key: PrivateKey) -> Json:
    """A code of the device with this key, for merchant 1."""
    item = fair.world.sign(key, (Spend(VoucherId(voucher), Amount(FACE_A)),), 1, merchant_time(fair))
    return {"code": encode_code(item)}


def test_transfer__by_the_wallet__is_asked_for_once(fair: Served, app: Client) -> None:
    _, address = somebody()
    voucher = fair.voucher(4, 7)
    body: dict[str, Any] = {"programme": "programme-Meals", "person": "person-7", "voucher": voucher, "to": address}
    body, key = {**body, "deadline": FAR}, new_key()

    first = app.post("/v1/wallet/transfers", body, key)

    assert first.status_code == 200, first.text
    assert held(app, address) == [voucher]
    again = app.post("/v1/wallet/transfers", body, key)
    assert {**again.json(), "block": None} == {**first.json(), "block": None}
    assert_refused(app.post("/v1/wallet/transfers", {**body, "deadline": FAR + 1}, key), "IdempotencyKeyReused")
    assert_refused(app.post("/v1/wallet/transfers", body, new_key()), "CaseDesk_NotTheHolder")
    unknown = {**body, "programme": "programme-None"}
    assert_refused(app.post("/v1/wallet/transfers", unknown, new_key()), "ProgrammeUnknown", 404)


def test_transfer__asked_for_again_after_it_came_back__moves_nothing(fair: Served, app: Client) -> None:
    world, (key, address) = fair.world, somebody()
    voucher, home = world.voucher(2, 1, 1), Address(world.holder_addresses[1].lower())
    body, idempotency = signed(world, voucher, world.holders[1], address), new_key()
    first = app.post("/v1/transfers", body, idempotency).json()
    assert app.post("/v1/transfers", signed(world, voucher, key, home), new_key()).status_code == 200

    again = app.post("/v1/transfers", body, idempotency).json()

    assert {**again, "block": None} == {**first, "block": None}
    assert app.get(f"/v1/vouchers/{voucher}").json()["holder"] == home
    assert_refused(app.post("/v1/transfers", body, new_key()), "CaseDesk_TransferUsed")


def test_transfer__asked_for_again_after_it_went_the_same_way_again__tells_its_own(fair: Served, app: Client) -> None:
    world, (key, address) = fair.world, somebody()
    voucher, home = world.voucher(2, 1, 3), Address(world.holder_addresses[3].lower())
    there = [(signed(world, voucher, world.holders[3], address, FAR + one), new_key()) for one in range(2)]
    back = signed(world, voucher, key, home)
    answers = [app.post("/v1/transfers", *there[0]), app.post("/v1/transfers", back, new_key())]
    answers.append(app.post("/v1/transfers", *there[1]))
    assert [one.status_code for one in answers] == [200] * 3, [one.text for one in answers]
    first, _, second = (one.json() for one in answers)
    assert first["transferred_at"]["number"] < second["transferred_at"]["number"]

    again = [app.post("/v1/transfers", *one).json() for one in there]

    assert [{**one, "block": None} for one in again] == [{**one, "block": None} for one in (first, second)]


def test_transfer__four_times_at_once__is_done_once(fair: Served, app: Client) -> None:
    world, (key, address) = fair.world, somebody()
    voucher = fair.voucher(4, 70)
    given = {"programme": 1, "person": "person-70", "voucher": voucher, "to": address, "deadline": FAR}
    back = signed(world, int(voucher), key, Address(world.holder_addresses[3].lower()))

    for path, body in (("/v1/wallet/transfers", given), ("/v1/transfers", back)):
        idempotency = new_key()
        told = four_times_at_once(lambda: app.post(path, body, idempotency))  # noqa: B023  all are answered in this round
        assert told["to"] == body["to"]
    assert len(app.get("/v1/transfers", voucher=voucher).json()["transfers"]) == 2


def test_transfer__that_may_not_be__says_why(fair: Served, app: Client) -> None:
    world, (_, address) = fair.world, somebody()
    own = [world.voucher(1, 1, 2), world.voucher(2, 1, 2)]
    holder, terminal = world.holders[2], Address(world.address_of(world.terminal).lower())

    assert_refused(
        app.post("/v1/transfers", signed(world, own[0], PrivateKey(), address), new_key()), "CaseDesk_NotTheHolder"
    )
    assert_refused(
        app.post("/v1/transfers", signed(world, own[0], holder, terminal), new_key()), "CaseDesk_ReceiverIsMerchant"
    )
    assert_refused(
        app.post("/v1/transfers", signed(world, own[0], holder, address, 5), new_key()), "CaseDesk_DeadlinePassed"
    )
    assert_refused(app.post("/v1/transfers", signed(world, own[0], holder, address)), "IdempotencyKeyMissing", 400)
    till = fair.client(ApiRole.MERCHANT, 1)
    assert_refused(till.post("/v1/transfers", signed(world, own[0], holder, address), new_key()), "RoleNotAllowed", 403)
    for person in range(20, 31):  # one who passes on what others gave: 500 each, 10,000 a month
        body = {"programme": 1, "person": f"person-{person}", "to": world.holder_addresses[2], "deadline": FAR}
        for batch in (4, 5):
            answer = app.post("/v1/wallet/transfers", {**body, "voucher": fair.voucher(batch, person)}, new_key())
            assert answer.status_code == 200, answer.text
    answers = [
        app.post("/v1/transfers", signed(world, int(fair.voucher(batch, person)), holder, address), new_key())
        for person in range(20, 31)
        for batch in (4, 5)
    ]
    assert [one.status_code for one in answers] == [200] * 20 + [422] * 2
    problem = assert_refused(answers[-1], "CaseDesk_TransferMonthPassed")
    assert "left 0" in problem["value"]


def test_lists__of_what_moved__come_in_pages(fair: Served, app: Client, auditor: Client) -> None:
    world, (key, address) = fair.world, somebody()
    voucher = fair.voucher(4, 50)
    body = {"programme": 1, "person": "person-50", "voucher": voucher, "to": address, "deadline": FAR}
    assert app.post("/v1/wallet/transfers", body, new_key()).status_code == 200
    back = signed(world, int(voucher), key, Address(world.holder_addresses[3].lower()))
    assert app.post("/v1/transfers", back, new_key()).status_code == 200

    first = auditor.get("/v1/transfers", holder=address, limit=1).json()
    second = auditor.get("/v1/transfers", holder=address, limit=1, after=first["next"]).json()
    whole = auditor.get("/v1/transfers", voucher=voucher).json()

    assert first["transfers"] + second["transfers"] == whole["transfers"]
    assert [one["to"] for one in whole["transfers"]] == [address, world.holder_addresses[3].lower()]
    assert whole["next"] is None
    world.send(KeyRole.REGISTRAR, "CaseDesk", "proposeReassignment", 4, 60, address, "moved away")
    (step,) = auditor.get("/v1/reassignments", roll=4, place=60).json()["steps"]
    assert (step["step"], step["to"], step["reason"]) == ("proposed", address, "moved away")
    assert step["ripe_at"] == step["changed_at"]["timestamp"] + 7 * 86_400
    assert auditor.get("/v1/reassignments", roll=9).json()["steps"] == []


def test_transfer__where_rules_do_not_allow_it__is_refused(served: Served, wallet: Client, person: int) -> None:
    _, address = somebody()
    body = {"programme": 1, "person": f"person-{person}", "voucher": served.voucher(4, person)}
    answer = wallet.post("/v1/wallet/transfers", {**body, "to": address, "deadline": FAR}, new_key())

    assert_refused(answer, "CaseDesk_NotTransferable")
