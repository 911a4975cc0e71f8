"""Merchants, settlement runs and moves of budget over HTTP.

merchant → its terms, accounts with limits, payout accounts, steps; its own key reaches it, another's does not
runs → every entry with what became of it, sums by line and merchant; an unknown one → SettlementUnknown
     → in pages, by number; no page that is none → RequestInvalid
moves → of the programme named, with the money that went along
"""

import pytest

from node_api.chain.keys import KeyRole
from node_api.domain.access import ApiRole
from tests.api.conftest import Client, Served
from tests.api.test_redeeming import assert_refused

TERMINAL = "0x" + "7a" * 20
PAYOUT = "0x" + "7b" * 20
FIRST, SECOND = 1 << 16 | 1, 1 << 16 | 2


@pytest.fixture(scope="module")
def changed(served: Served) -> Served:
    """Merchant 2 with a limited terminal and a payout account on its way; a move; a run waiting and one released in vain."""
    world = served.world
    registrar, treasurer, approver = KeyRole.REGISTRAR, KeyRole.TREASURER, KeyRole.APPROVER
    world.send(registrar, "MerchantRegistry", "addTerminal", 2, TERMINAL)
    world.send(registrar, "MerchantRegistry", "limitTerminal", 2, TERMINAL, 700)
    world.send(registrar, "MerchantRegistry", "proposePayout", 2, PAYOUT)
    world.send(treasurer, "Treasury", "proposeMove", FIRST, SECOND, 5, "a little")
    world.send(approver, "Treasury", "approveMove", 1)
    entries = [(FIRST, 2, 1, 10), (SECOND, 1, 2, 20)]
    world.send(treasurer, "Treasury", "prepareSettlement", entries)
    world.send(treasurer, "Treasury", "prepareSettlement", entries)
    world.send(approver, "Treasury", "releaseSettlement", 1, entries)
    return served


@pytest.fixture
def auditor(changed: Served) -> Client:
    return changed.client(ApiRole.AUDITOR)


def test_merchant__read_by_itself_and_the_auditor__says_the_same(
    changed: Served, auditor: Client, merchant: Client, rival: Client
) -> None:
    mine = rival.get("/v1/merchants/2").json()

    assert mine == auditor.get("/v1/merchants/2").json()
    assert (mine["ref"], mine["status"]) == ("shop-2", "ACTIVE")
    assert mine["accounts"] == [{"account": TERMINAL, "kind": "terminal", "daily_limit": 700}]
    assert [(one["step"], one["account"]) for one in mine["payouts"]] == [("proposed", PAYOUT)]
    assert mine["payouts"][0]["ripe_at"] == mine["payouts"][0]["where"]["block"]["timestamp"] + 3 * 86_400
    assert [one["step"] for one in mine["steps"]] == ["applied", "activated"]
    assert_refused(merchant.get("/v1/merchants/2"), "MerchantNotYours", 403)
    assert_refused(auditor.get("/v1/merchants/99"), "MerchantUnknown", 404)


def test_settlements__waiting_and_released__tell_every_entry(auditor: Client) -> None:
    listed = auditor.get("/v1/settlements").json()["runs"]
    first, second = (auditor.get(f"/v1/settlements/{number}").json() for number in (1, 2))

    assert [run["run"] for run in listed] == [1, 2]
    assert listed[0]["totals"] == {
        "entries": 2,
        "amount": 30,
        "by_line": {str(FIRST): 10, str(SECOND): 20},
        "by_merchant": {"1": 20, "2": 10},
    }
    assert [(entry["state"], entry["reason"]) for entry in first["entries"]] == [
        ("skipped", "Treasury_NothingPayable"),
        ("skipped", "Treasury_NothingPayable"),
    ]
    assert (first["paid"], first["released"] is None) == (0, False)
    assert ([entry["state"] for entry in second["entries"]], second["released"]) == (["open", "open"], None)
    assert_refused(auditor.get("/v1/settlements/3"), "SettlementUnknown", 404)


def test_settlements__in_pages__tell_each_run_once(auditor: Client) -> None:
    whole = auditor.get("/v1/settlements").json()
    first = auditor.get("/v1/settlements", limit=1).json()
    second = auditor.get("/v1/settlements", limit=1, after=first["next"]).json()
    behind = auditor.get("/v1/settlements", limit=1, after=second["next"]).json()

    assert whole["next"] is None
    assert [*first["runs"], *second["runs"]] == whole["runs"]
    assert (first["next"], second["next"], behind["runs"], behind["next"]) == (1, 2, [], None)
    assert auditor.get("/v1/settlements", limit=1_000, after=(1 << 63) - 1).json()["runs"] == []
    for wrong in ({"limit": 0}, {"limit": 1_001}, {"after": -1}, {"after": 1 << 63}, {"limit": "x"}):
        assert_refused(auditor.get("/v1/settlements", **wrong), "RequestInvalid", 400)


def test_budget_moves__of_a_programme__say_what_went_along(auditor: Client) -> None:
    (move,) = auditor.get("/v1/programmes/programme-Meals/budget-moves").json()["moves"]

    assert (move["from_line"], move["to_line"], move["amount"], move["money"]) == (str(FIRST), str(SECOND), 5, 5)
    assert (move["state"], move["reason"]) == ("approved", "a little")
    assert auditor.get("/v1/programmes/2/budget-moves").json()["moves"] == []
    assert auditor.get("/v1/audit/programmes/1/reconciliation").json()["equal"] is True
