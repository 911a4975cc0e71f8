"""Redeeming over HTTP."""

from tests.api.conftest import Client, Served


def code_for(wallet: Client, served: Served, person: int, **changes: object) -> dict[str, object]:
    body = {
        "programme": "programme-Meals",
        "person": f"person-{person}",
        "vouchers": [served.voucher(4, person)],
        "merchant": 1,
        "receipt": {"number": f"R-{person}", "time": 1_700_001_000, "items": [{"category": 3, "amount": 5_000}]},
        **changes,
    }
    answer = wallet.post("/v1/wallet/codes", body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_redeem__a_custodial_code__spends_the_voucher(
    served: Served, wallet: Client, merchant: Client, person: int
) -> None:
    code = code_for(wallet, served, person)

    answer = merchant.redeem({"code": code["code"], "receipt": code["receipt"]})

    assert answer.status_code == 200, answer.text
    operation = answer.json()
    assert operation["state"] == "succeeded"
    assert [change["state"] for change in operation["history"]] == ["received", "queued", "sent", "succeeded"]
    voucher = merchant.get(f"/v1/vouchers/{served.voucher(4, person)}").json()
    assert voucher["state"] == "REDEEMED"
    assert voucher["redemption"]["transaction"] == operation["items"][0]["transaction"]
