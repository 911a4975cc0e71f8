"""Reading the record over HTTP: programmes, holders, the wallet's own, audits, health."""

from node_api import __version__
from node_api.chain.eip712 import TYPES
from node_api.chain.keys import KeyRole
from tests.api.conftest import Client, Served
from tests.api.test_redeeming import code_for


def test_programmes__listed_and_named__agree(served: Served, operator: Client) -> None:
    listed = operator.get("/v1/programmes").json()

    assert [programme["ref"] for programme in listed["programmes"]] == ["programme-Meals", "programme-Travel"]
    one = operator.get("/v1/programmes/programme-Meals").json()
    assert one["id"] == 1
    assert one["state"] == "ACTIVE"
    assert one["rules"]["max_deadline"] == 3_600
    assert one == operator.get("/v1/programmes/1").json()
    for line in one["lines"]:
        parts = ("available", "committed", "payable", "settled", "returned")
        assert line["deposited"] == sum(line[part] for part in parts)


def test_rules__of_a_programme__tell_which_stood_and_who_set_it(served: Served, operator: Client) -> None:
    told = operator.get("/v1/programmes/programme-Meals/rules").json()
    (first,) = told["versions"]
    assert (told["programme"], told["stood"], first["state"]) == (1, 1, "active")
    assert first["terms"]["max_deadline"] == 3_600
    assert first["activated"]["by"] == served.world.roles.address(KeyRole.TREASURER).lower()
    assert told["widening"] == {"categories": [], "regions": [], "channels": []}

    before = operator.get("/v1/programmes/1/rules", at=first["activated"]["at"] - 1).json()
    assert before["stood"] is None
    assert operator.get("/v1/programmes/1/rules", at=2**40).status_code == 400
    assert operator.get("/v1/programmes/nowhere/rules").json()["reason"] == "ProgrammeUnknown"


def test_wallet__of_a_person__lists_the_vouchers(served: Served, wallet: Client, operator: Client, person: int) -> None:
    mine = wallet.get("/v1/wallet/vouchers", programme="programme-Meals", person=f"person-{person}").json()

    assert [voucher["id"] for voucher in mine["vouchers"]] == [served.voucher(4, person), served.voucher(5, person)]
    assert {voucher["state"] for voucher in mine["vouchers"]} == {"LIVE"}
    assert mine["vouchers"][0]["categories"] == [3, 63]
    page = operator.get(f"/v1/holders/{mine['holder']}/vouchers", limit=1).json()
    assert [voucher["id"] for voucher in page["vouchers"]] == [served.voucher(4, person)]
    rest = operator.get(f"/v1/holders/{mine['holder']}/vouchers", after=page["next"]).json()
    assert [voucher["id"] for voucher in rest["vouchers"]] == [served.voucher(5, person)]
    assert rest["next"] is None


def test_holder__without_vouchers__has_none(operator: Client) -> None:
    answer = operator.get("/v1/holders/0x" + "00" * 19 + "01/vouchers")

    assert (answer.status_code, answer.json()["vouchers"]) == (200, [])


def test_holder__page_behind_the_greatest_number__is_empty(operator: Client) -> None:
    answer = operator.get("/v1/holders/0x" + "00" * 19 + "01/vouchers", after=str(2**256 - 1))

    assert (answer.status_code, answer.json()["vouchers"]) == (200, [])


def test_trace__of_a_redeemed_voucher__tells_its_life(
    served: Served, wallet: Client, merchant: Client, operator: Client, person: int
) -> None:
    done = merchant.redeem({"code": code_for(wallet, served, person)["code"]}).json()

    told = operator.get(f"/v1/audit/vouchers/{served.voucher(4, person)}/trace").json()

    assert told["sound"] is True
    assert told["custodial"] is True
    assert told["redemption"]["transaction"] == done["items"][0]["transaction"]
    assert told["steps"][-1]["transaction"] == done["items"][0]["transaction"]
    assert told["findings"]


def test_reconciliation__of_a_programme__is_equal(operator: Client) -> None:
    outcome = operator.get("/v1/audit/programmes/programme-Meals/reconciliation").json()

    assert (outcome["equal"], outcome["differences"]) == (True, [])
    assert outcome["checks"]


def test_eip712__without_a_key__is_what_is_signed(served: Served) -> None:
    said = served.with_token(None).get("/v1/eip712").json()

    assert said["domain"] == {
        "name": "VoucherTrail",
        "version": "1",
        "chainId": served.world.handle.chain_id,
        "verifyingContract": served.world.addresses["Vouchers"],
    }
    assert said["types"] == TYPES


def test_health__of_a_running_node__is_good(served: Served) -> None:
    anyone = served.with_token(None)

    assert anyone.get("/healthz").json() == {"status": "alive"}
    assert anyone.get("/readyz").json() == {"ready": True, "faults": {}}
    assert anyone.get("/version").json() == {"version": __version__}
    assert anyone.get("/nothing").headers["content-type"] == "application/problem+json"
