"""Freezes, revocations and the emergency lane over HTTP and by command, on a node and chain of their own.

freeze .......... refused with value, rule and remedy where it may not; else the check says VoucherFrozen; again sends nothing
appeal, lift .... stand in the list; what was lifted is spent
confirm ......... the node's own auditor may not; another's confirmation revokes; the list and the trace tell it; all reconciles
pause ........... the check says ProgrammePaused; ended, the code of before is taken
widen, extend ... opened until then; beyond the programme refused
commands ........ the same, with tables and JSON, 1 for a refusal, 2 for no reason and for a time that no chain has
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner, Result

from node_api.__main__ import cli
from node_api.app import build_node
from node_api.chain.keys import KeyRing, KeyRole
from node_api.domain.access import ApiRole
from node_api.serving import serving
from node_api.storage.engine import open_database
from tests.api.conftest import Client, Served, build_world
from tests.api.test_redeeming import assert_refused, code_for
from tests.world import BEIJING, CATERING, CHAIN_ID, DAY, ENDS_AT, STARTS_AT

AUDITOR_ROLE = 6
NOW = STARTS_AT + 3 * DAY
BATCH, SHORT = 4, 6


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A node whose chain has a second auditor, and a batch that ends five days before its programme."""
    data = tmp_path_factory.mktemp("watched")
    world, settings = build_world(data)
    arbiter = world.roles.address(KeyRole.ARBITER)
    terms = (1, 1, 0, 500, 1_000, 0, CATERING, BEIJING, 1, STARTS_AT, ENDS_AT - 5 * DAY, 0, 1_000)
    world.send(KeyRole.TREASURER, "Vouchers", "openBatches", ["short"], [terms])
    world.send(KeyRole.TREASURER, "Vouchers", "issue", [SHORT], [4])
    world.send(KeyRole.ADMIN, "AccessManager", "grantRole", AUDITOR_ROLE, arbiter, 0)
    world.at(NOW)
    world.mine()
    try:
        with build_node(settings, world.handle, KeyRing(data / "keys")) as node, serving(node.api) as url:
            engine = open_database(settings.database_url)
            served = Served(world, node, settings, url, engine)
            yield served
            for client in served.clients:
                client.http.close()
            engine.dispose()
    finally:
        world.stop()
        world.rpc.close()


@pytest.fixture
def auditor(watched: Served) -> Client:
    return watched.client(ApiRole.AUDITOR)


@pytest.fixture
def rescuer(watched: Served) -> Client:
    return watched.client(ApiRole.EMERGENCY)


def voucher_of(served: Served, person: int) -> dict[str, Any]:
    return {"subject": "voucher", "voucher": served.voucher(BATCH, person)}


def check(served: Served, person: int) -> dict[str, Any]:
    """What the node says of a fresh code of the person's voucher."""
    code = code_for(served.client(ApiRole.WALLET), served, person)
    answer = served.client(ApiRole.MERCHANT, 1).post("/v1/redemptions/check", {"code": code["code"]})
    found: dict[str, Any] = answer.json()
    return found


def test_freeze__until_too_far__is_refused_with_rule_and_remedy(watched: Served, auditor: Client) -> None:
    body = {**voucher_of(watched, 0), "until": NOW + 40 * DAY, "reason": "suspicion"}
    answer = auditor.post("/v1/freezes", body)
    assert_refused(answer, "CaseDesk_FreezeTooLong", 422)
    assert answer.json()["rule"] == "a freeze lasts 30 days at most"


def test_freeze__appeal_and_lift__stand_in_the_record(watched: Served, auditor: Client) -> None:
    what = voucher_of(watched, 1)
    body = {**what, "until": NOW + 10 * DAY, "reason": "suspicion"}
    assert auditor.post("/v1/freezes", body).json()["sent"] is True
    assert auditor.post("/v1/freezes", body).json()["sent"] is False
    assert check(watched, 1)["refusal"]["reason"] == "VoucherFrozen"
    shown = auditor.get(f"/v1/vouchers/{what['voucher']}").json()
    assert (shown["state"], shown["frozen_until"]) == ("LIVE", NOW + 10 * DAY)
    operator = watched.client(ApiRole.OPERATOR)
    assert operator.post("/v1/freezes/appeal", {**what, "letter": "0x" + "ab" * 32}).status_code == 200
    assert auditor.post("/v1/freezes/lift", {**what, "reason": "unfounded"}).status_code == 200
    (freeze,) = [one for one in auditor.get("/v1/freezes").json()["freezes"] if one["number"] == what["voucher"]]
    assert [step["kind"] for step in freeze["steps"]] == ["frozen", "appealed", "lifted"]
    assert freeze["holds"] is False
    assert check(watched, 1)["accepted"] is True


def test_confirm__by_another_auditor__revokes(watched: Served, auditor: Client) -> None:
    what = voucher_of(watched, 2)
    auditor.post("/v1/freezes", {**what, "until": NOW + 10 * DAY, "reason": "suspicion"})
    answer = auditor.post("/v1/freezes/confirm", {**what, "reason": "proved"})
    assert_refused(answer, "CaseDesk_OwnFreeze", 422)
    watched.world.send(KeyRole.ARBITER, "CaseDesk", "confirm", 1, int(what["voucher"]), "proved")
    assert check(watched, 2)["refusal"]["reason"] == "VoucherRevoked"
    (revoked,) = auditor.get("/v1/revocations").json()["revocations"]
    assert (revoked["voucher"], revoked["amount"]) == (what["voucher"], 500)
    trace = auditor.get(f"/v1/audit/vouchers/{what['voucher']}/trace").json()
    assert [step["what"] for step in trace["steps"]][-3:] == ["frozen", "freeze confirmed", "revoked"]
    assert auditor.get("/v1/audit/programmes/1/reconciliation").json()["equal"] is True


def test_revoke__under_no_confirmed_freeze__is_refused(watched: Served, auditor: Client) -> None:
    answer = auditor.post("/v1/revocations", {"vouchers": [watched.voucher(BATCH, 3)], "reason": "proved"})
    assert_refused(answer, "CaseDesk_NotConfirmed", 422)


def test_revoke__of_no_vouchers_number__is_refused(watched: Served, auditor: Client) -> None:
    what = voucher_of(watched, 6)
    auditor.post("/v1/freezes", {**what, "until": NOW + 10 * DAY, "reason": "suspicion"})
    watched.world.send(
        KeyRole.ARBITER, "CaseDesk", "confirm", 1, int(what["voucher"]), "proved"
    )  # something is revoked
    for number in (1 << 59, 1 << 63, 1 << 64, (1 << 256) - 1):
        answer = auditor.post("/v1/revocations", {"vouchers": [str(number)], "reason": "proved"})
        assert answer.status_code == 422, answer.text


def test_freeze__of_a_merchant__is_what_the_check_says(watched: Served, auditor: Client) -> None:
    what = {"subject": "merchant", "number": 1}
    auditor.post("/v1/freezes", {**what, "until": NOW + 10 * DAY, "reason": "suspicion"})
    assert check(watched, 4)["refusal"]["reason"] == "MerchantFrozen"
    auditor.post("/v1/freezes/lift", {**what, "reason": "unfounded"})
    assert check(watched, 4)["accepted"] is True


def test_subject__named_wrongly__is_refused(auditor: Client) -> None:
    for body in (
        {"subject": "voucher", "number": 1},
        {"subject": "holder", "number": 1},
        {"subject": "roll", "number": 1, "holder": "0x" + "11" * 20},
        {"subject": "roll"},
    ):
        assert_refused(auditor.post("/v1/freezes/lift", {**body, "reason": "x"}), "RequestInvalid", 400)


def test_pause__until_it_is_ended__stops_the_programme(watched: Served, rescuer: Client) -> None:
    for programme in (1, 0):
        body = {"programme": programme, "until": NOW + 10 * DAY, "reason": "flood"}
        assert rescuer.post("/v1/pauses", body).json()["sent"] is True
        assert rescuer.post("/v1/pauses", body).json()["sent"] is False
        assert check(watched, 5)["refusal"]["reason"] == "ProgrammePaused"
        assert rescuer.post("/v1/pauses/end", {"programme": programme}).json()["sent"] is True
        assert rescuer.post("/v1/pauses/end", {"programme": programme}).json()["sent"] is False
        assert check(watched, 5)["accepted"] is True
    kinds = [step["kind"] for step in rescuer.get("/v1/emergency").json()["steps"]]
    assert kinds[:4] == ["paused", "resumed", "paused", "resumed"]


def test_lane__widens_and_extends__within_the_programme(watched: Served, rescuer: Client) -> None:
    wide = {"programme": 1, "channels": [1], "until": NOW + DAY, "reason": "flood"}
    assert rescuer.post("/v1/channel-widenings", wide).json()["sent"] is True
    assert rescuer.post("/v1/channel-widenings", wide).json()["sent"] is False
    far = {"batch": SHORT, "until": ENDS_AT + 100 * DAY, "reason": "flood"}
    assert_refused(rescuer.post("/v1/extensions", far), "Vouchers_BeyondProgramme", 422)
    longer = {**far, "until": ENDS_AT - DAY}
    assert rescuer.post("/v1/extensions", longer).json()["sent"] is True
    assert rescuer.post("/v1/extensions", longer).json()["sent"] is False
    shown = rescuer.get(f"/v1/vouchers/{watched.voucher(SHORT, 0)}").json()
    assert shown["valid_until"] == ENDS_AT - DAY


def test_commands__freeze_and_pause__as_people_do(watched: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOUCHERTRAIL_CHAIN_URL", watched.world.rpc.url)
    monkeypatch.setenv("VOUCHERTRAIL_CHAIN_ID", str(CHAIN_ID))
    monkeypatch.setenv("VOUCHERTRAIL_DEPLOYMENTS", str(watched.settings.deployments))

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(cli, [*arguments, "--data", str(watched.settings.data)])

    until = ("--until", str(NOW + 10 * DAY), "--reason", "a till was stolen")
    done = run("freezes", "freeze", "roll", "1", *until, "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.output)["sent"] is True
    assert "already" in run("freezes", "freeze", "roll", "1", *until).output
    assert run("freezes", "confirm", "roll", "1", "--reason", "x").exit_code == 1
    assert "a till was stolen" in run("freezes", "list").output
    assert run("freezes", "lift", "roll", "1", "--reason", "found").exit_code == 0
    assert run("freezes", "lift", "holder", "1", "--reason", "x").exit_code == 2
    paused = run("emergency", "pause", "2", "--until", "2023-12-01T08:00:00+08:00", "--reason", "flood")
    assert paused.exit_code == 0, paused.output
    assert "2023-12-01 00:00:00Z" in paused.output
    assert run("emergency", "pause", "2", "--all", *until).exit_code == 2
    assert run("emergency", "resume", "2").exit_code == 0
    assert run("emergency", "extend", "1", "--until", str(ENDS_AT + 90 * DAY), "--reason", "x").exit_code == 1
    assert "flood" in run("emergency", "list").output
    for reason in ("", "two\nlines", "x" * 501):
        for order in (("freezes", "freeze", "roll", "1"), ("emergency", "pause", "2")):
            assert run(*order, "--until", str(NOW + 10 * DAY), "--reason", reason).exit_code == 2
        assert run("rules", "propose", "1", "--reason", reason).exit_code == 2
    assert run("emergency", "pause", "2", "--until", "1026-12-01T08:00:00+08:00", "--reason", "flood").exit_code == 2
