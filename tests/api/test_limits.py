"""Limits of a version of rules, over HTTP, on a chain whose counters the node reads.

a day's limit of one voucher for each holder
├── the second voucher of a day → DayLimitPassed, before anything is sent; the check says the same
├── somebody else's → accepted
└── the same voucher on the next day → accepted
a month's limit → MonthLimitPassed on another day of the month
a merchant's daily limit → MerchantLimitPassed there, accepted at another merchant
a step-up threshold → ConsentMissing above it
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from node_api.domain.access import ApiRole
from tests.api.conftest import Client, Json, Served, serving_world
from tests.api.test_redeeming import assert_refused, code_for
from tests.world import DAY, STARTS_AT


def redeem(served: Served, person: int, *, batch: int = 4, merchant: int = 1) -> Json:
    """A person spends a voucher of 500; the answer."""
    code = spent(served, person, batch, merchant)
    answer = served.client(ApiRole.MERCHANT, merchant).redeem(code)
    return dict(answer.json()) | {"http": answer}


def spent(served: Served, person: int, batch: int, merchant: int) -> Json:
    receipt = {"number": f"R-{person}-{batch}-{merchant}", "time": 1, "items": [{"category": 3, "amount": 5_000}]}
    made = code_for(served.client(ApiRole.WALLET), served, person, batch=batch, merchant=merchant, receipt=receipt)
    return {"code": made["code"], "receipt": made["receipt"]}


def on_day(served: Served, day: int) -> None:
    served.world.at(STARTS_AT + day * DAY)
    served.world.mine()


@pytest.fixture
def limited(tmp_path: Path) -> Iterator[Served]:
    with serving_world(tmp_path, dayCount=1, monthAmount=999) as served:
        yield served


def test_holder__past_the_limits_of_day_and_month__is_refused_until_they_turn(limited: Served) -> None:
    assert redeem(limited, 0)["state"] == "succeeded"
    till: Client = limited.client(ApiRole.MERCHANT, 1)
    checked = till.post("/v1/redemptions/check", spent(limited, 0, 5, 1)).json()
    assert checked["refusal"]["reason"] == "DayLimitPassed"
    told = assert_refused(redeem(limited, 0, batch=5)["http"], "DayLimitPassed")
    assert "1000 in 2 vouchers today" in told["value"]
    assert redeem(limited, 1)["state"] == "succeeded"

    on_day(limited, 2)
    assert (
        "1000 in 2 vouchers this month"
        in assert_refused(redeem(limited, 0, batch=5)["http"], "MonthLimitPassed")["value"]
    )
    on_day(limited, 17)  # 1 December 2023, local time
    assert redeem(limited, 0, batch=5)["state"] == "succeeded"


def test_merchant__past_its_daily_limit__is_refused_while_others_are_not(tmp_path: Path) -> None:
    with serving_world(tmp_path, merchantDailyLimit=1_000, stepUpThreshold=500) as served:
        assert [redeem(served, person)["state"] for person in (0, 1)] == ["succeeded"] * 2
        assert_refused(redeem(served, 2)["http"], "MerchantLimitPassed")
        assert redeem(served, 2, merchant=2)["state"] == "succeeded"
        on_day(served, 1)
        assert redeem(served, 3)["state"] == "succeeded"


def test_first_redemption__only__refuses_a_second_one(tmp_path: Path) -> None:
    with serving_world(tmp_path, flags=4, stepUpThreshold=499) as served:
        assert_refused(redeem(served, 0)["http"], "ConsentMissing")
    with serving_world(tmp_path / "first", flags=4) as served:
        assert redeem(served, 0)["state"] == "succeeded"
        assert_refused(redeem(served, 0, batch=5)["http"], "NotFirstRedemption")
