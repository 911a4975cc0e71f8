"""`vouchertrail merchants`, `budget`, `settlement` and `programmes`, as people and programs call them, on one changing world.

merchants
├── apply, activate ....... twice is once; a bad address or region is wrong use
├── reject, suspend, reinstate, remove: each by its role, twice is once
├── a name of digits ...... another's number and one's reference → 1, and says how to name either; else either
├── other terms ........... proposed by one, put in force by the other; shown in between
├── wrong ones ............ taken back by proposing those in force
├── another payout account  between the two: said so, and they are proposed again
├── payout account ........ too early → 1; after three days → 0; another than proposed → 1
└── keys and terminals .... added, replaced, limited, removed; shown
budget
├── deposit ............... from the treasurer or the funder, once a slip
├── a slip ................ of another line or amount → 1; one hash however it is written; half a hash → 2
├── tokens ................ leave and join the list
├── a contract that is no token, listed by mistake .... the audit goes on
└── a move ................ proposed, approved, shown; withdrawn; between funders → 1
settlement
├── prepare ............... a run of what is due, its file; again: nothing
├── prepare cut off ....... the next call writes the file of the run that was left without, and says so
├── another chain's file .. of the same name: kept under another one, named, and the run's own is written
├── shorter windows ....... do not bring forward what the longest of a version in force before still covers
├── release ............... neither file nor total → 2; another total or file → 1; the right one pays to the cent; again: nothing
└── a skipped entry ....... 1, named, and in the next run
programmes
├── sweep ................. what is over, once
└── close, return-rest .... not over → 1; then the rest is back; twice is once
relayers
├── grant, revoke ......... role and list; twice is once; shown
├── the only one .......... not revoked, but with --last
├── by ADMIN's key alone .. no other key file is asked for; without it, it is named
└── after five days ....... a grant waits a day, and says so
cut off when it was sent, in no block yet
├── a move, a deposit ..... found done: there is one
├── a run ................. prepared once, released once
├── a version of rules .... proposed once, withdrawn once
└── a rest, a sweep ....... found done
while another command sends
├── list, show ............ answer
└── what sends itself ..... 3
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from node_api.__main__ import cli
from node_api.chain.keys import KeyRing, KeyRole
from node_api.chain.sender import Sender, submit
from node_api.cli.audit_output import local_day
from node_api.cli.treasury import treasury_lock
from node_api.config import Settings
from node_api.domain.ids import MerchantId
from node_api.domain.item_words import ItemGroup
from tests.world import CHAIN_ID, DAY, ENDS_AT, FACE_A, FACE_B, GENESIS_AT, STARTS_AT, World

Json = dict[str, Any]
Run = Callable[..., Result]
ACCOUNT, OTHER = "0x" + "71" * 20, "0x" + "72" * 20


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Funded, issued and spent from, with the keys of the node's folder."""
    keys = KeyRing(tmp_path / "keys")
    keys.create_missing()
    world = World(tmp_path / "chain", keys).start()  # type: ignore[arg-type]
    world.fund()
    world.issue()
    world.spend()
    yield world
    world.stop()


@pytest.fixture
def run(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("VOUCHERTRAIL_CHAIN_URL", world.rpc.url)
    monkeypatch.setenv("VOUCHERTRAIL_CHAIN_ID", str(CHAIN_ID))
    monkeypatch.setenv("VOUCHERTRAIL_DEPLOYMENTS", str(world.folder / "deployments"))

    def call(*arguments: str) -> Result:
        return CliRunner().invoke(cli, [*arguments, "--data", str(tmp_path)])

    return call


def told(result: Result) -> Json:
    """The JSON of a command that did what it was asked."""
    assert result.exit_code == 0, result.output
    answer: Json = json.loads(result.output.strip().splitlines()[-1])
    return answer


def send(world: World, role: KeyRole, target: str, function: str, *arguments: object) -> None:
    """Beside the commands: the sender asks for the nonce they left."""
    world.senders[role] = Sender(world.rpc, world.roles.account(role), CHAIN_ID)
    world.send(role, target, function, *arguments)


def once(run: Run, *arguments: str) -> None:
    """The first call does it, the second finds it done."""
    assert [told(run(*arguments, "--json"))["done"] for _ in range(2)] == [True, False]


def refused(result: Result, error: str, code: int = 1) -> None:
    assert (result.exit_code, error in result.output) == (code, True), result.output


def test_merchants__from_application_to_removal(run: Run) -> None:
    terms = ("--categories", "3;63", "--region", "110101", "--channels", "store", "--payout", ACCOUNT)
    once(run, "merchants", "apply", "shop-3", *terms)
    once(run, "merchants", "apply", "shop-4", *terms)
    refused(run("merchants", "apply", "shop-5", *terms[:-1], "0x12"), "an address is 0x", 2)
    refused(run("merchants", "apply", "shop-5", *terms[:3], "11x", *terms[4:]), "a region is 1 to 9 digits", 2)
    once(run, "merchants", "activate", "shop-3")
    once(run, "merchants", "reject", "shop-4", "--reason", "no licence")
    refused(run("merchants", "activate", "shop-4"), "MerchantRegistry_StatusWrong")
    refused(run("merchants", "activate", "shop-9"), "MerchantUnknown")
    once(run, "merchants", "suspend", "shop-3", "--reason", "hygiene")
    once(run, "merchants", "reinstate", "3", "--reason", "inspected")
    refused(run("merchants", "remove", "shop-3", "--reason", "closed"), "MerchantRegistry_NothingProposed")
    once(run, "merchants", "propose-removal", "shop-3", "--reason", "closed")
    once(run, "merchants", "remove", "shop-3", "--reason", "closed")
    listed = json.loads(run("merchants", "list", "--json").output)["merchants"]
    assert [merchant["status"] for merchant in listed] == ["ACTIVE", "ACTIVE", "REMOVED", "REMOVED"]


def test_merchants__named_as_two_are__are_left_alone(run: Run) -> None:
    terms = ("--categories", "3", "--region", "110101", "--channels", "store", "--payout", ACCOUNT)
    once(run, "merchants", "apply", "1", *terms)
    once(run, "merchants", "apply", "77", *terms)
    once(run, "merchants", "activate", "3")

    both = run("merchants", "suspend", "1", "--reason", "hygiene", "--json")

    refused(both, "MerchantUnknown")
    assert "'1' is the number of merchant 'shop-1', and the reference of merchant 3" in both.output
    once(run, "merchants", "suspend", "01", "--reason", "hygiene")
    once(run, "merchants", "suspend", "03", "--reason", "hygiene")
    once(run, "merchants", "reject", "77", "--reason", "no licence")
    listed = json.loads(run("merchants", "list", "--json").output)["merchants"]
    assert [(one["ref"], one["status"]) for one in listed] == [
        ("shop-1", "SUSPENDED"),
        ("shop-2", "ACTIVE"),
        ("1", "SUSPENDED"),
        ("77", "REMOVED"),
    ]


def test_merchants__terms_and_payout_account__need_two_people(run: Run, world: World) -> None:
    refused(run("merchants", "change", "shop-1"), "NothingProposed")
    once(run, "merchants", "propose-change", "shop-1", "--region", "1102", "--categories", "3")
    shown = run("merchants", "show", "shop-1").output
    assert "proposed" in shown
    assert "1102" in shown
    assert json.loads(run("merchants", "show", "shop-1", "--json").output)["proposed"]["region"] == "1102"
    once(run, "merchants", "change", "shop-1")
    listed = json.loads(run("merchants", "list", "--json").output)["merchants"]
    assert listed[0]["region"] == "1102"

    once(run, "merchants", "payout-propose", "shop-1", ACCOUNT)
    refused(run("merchants", "payout-approve", "shop-1", ACCOUNT), "MerchantRegistry_TooEarly")
    refused(run("merchants", "payout-approve", "shop-1", OTHER), "MerchantRegistry_PayoutDiffers")
    once(run, "merchants", "payout-withdraw", "shop-1", "--reason", "a forged letter")
    once(run, "merchants", "payout-propose", "shop-1", OTHER)
    world.at(STARTS_AT + 6 * DAY)
    world.mine()
    once(run, "merchants", "payout-approve", "shop-1", OTHER)
    merchant = json.loads(run("merchants", "show", "shop-1", "--json").output)
    assert (merchant["merchant"]["payout"], merchant["proposed"]) == (OTHER, None)
    assert [one["name"] for one in merchant["payouts"]] == ["proposed", "withdrawn", "proposed", "changed"]


def test_merchants__terms_proposed_wrongly__are_taken_back_by_those_in_force(run: Run) -> None:
    once(run, "merchants", "propose-change", "shop-1", "--region", "44")
    once(run, "merchants", "propose-change", "shop-1")  # as they are

    assert json.loads(run("merchants", "show", "shop-1", "--json").output)["proposed"]["region"] == "11"
    once(run, "merchants", "change", "shop-1")
    merchant = json.loads(run("merchants", "show", "shop-1", "--json").output)
    assert (merchant["merchant"]["region"], merchant["proposed"]) == ("11", None)
    assert told(run("merchants", "propose-change", "shop-1", "--json"))["done"] is False


def test_merchants__terms_proposed_before_the_payout_account_changed__are_proposed_again(
    run: Run, world: World
) -> None:
    told(run("merchants", "payout-propose", "shop-1", OTHER, "--json"))
    once(run, "merchants", "propose-change", "shop-1", "--region", "1102")
    world.at(STARTS_AT + 6 * DAY)
    world.mine()
    told(run("merchants", "payout-approve", "shop-1", OTHER, "--json"))

    refused(run("merchants", "change", "shop-1", "--json"), "payout account changed since")
    assert json.loads(run("merchants", "show", "shop-1", "--json").output)["proposed"] is None
    once(run, "merchants", "propose-change", "shop-1", "--region", "1102")
    once(run, "merchants", "change", "shop-1")
    merchant = json.loads(run("merchants", "show", "shop-1", "--json").output)["merchant"]
    assert (merchant["region"], merchant["payout"]) == ("1102", OTHER)


@pytest.mark.parametrize("kind", ["key", "terminal"])
def test_merchants__accounts__come_go_and_are_replaced(run: Run, kind: str) -> None:
    once(run, "merchants", f"{kind}-add", "shop-2", ACCOUNT)
    refused(run("merchants", f"{kind}-add", "shop-1", ACCOUNT), "MerchantRegistry_AccountTaken")
    if kind == "terminal":
        once(run, "merchants", "terminal-limit", "shop-2", ACCOUNT, "5000")
    once(run, "merchants", f"{kind}-replace", "shop-2", ACCOUNT, OTHER)
    accounts = json.loads(run("merchants", "show", "shop-2", "--json").output)["accounts"]
    limit = 5000 if kind == "terminal" else None
    assert accounts == [{"account": OTHER, "kind": kind, "daily_limit": limit}]
    once(run, "merchants", f"{kind}-remove", "shop-2", OTHER)


def test_budget__moves__by_two_people_between_lines_of_one_funder(run: Run) -> None:
    once(run, "budget", "propose-move", "programme-Meals", "1", "2", "570000", "--reason", "more demand")
    once(run, "budget", "approve-move", "1")
    once(run, "budget", "propose-move", "1", "2", "1", "7", "--reason", "back")
    once(run, "budget", "withdraw-move", "2", "--reason", "not needed")
    refused(run("budget", "approve-move", "2"), "Treasury_MoveNotOpen")
    refused(run("budget", "approve-move", "9"), "BudgetMoveUnknown")
    refused(run("budget", "propose-move", "1", "1", "7", "5", "--reason", "x"), "Treasury_LineUnknown")
    shown = json.loads(run("budget", "show", "programme-Meals", "--json").output)
    assert [(line["budget"], line["deposited"], line["available"]) for line in shown["lines"]] == [
        (430_000, 30_000, 0),
        (1_570_000, 1_170_000, 1_170_000 - 6 * FACE_B),
    ]
    assert [(move["state"], move["money"]) for move in shown["moves"]] == [("approved", 570_000), ("withdrawn", 0)]
    assert "more demand" in run("budget", "show").output
    assert "Moves of budget" in run("audit", "programme", "programme-Meals").output


def test_budget__deposit__by_treasurer_or_funder_once_a_slip(run: Run, world: World) -> None:
    funder = world.roles.address(KeyRole.AUDITOR)
    world.send(KeyRole.ISSUER, "SettlementToken", "mint", funder, 1_000)
    once(run, "budget", "deposit", "programme-Meals", "1", "500", "--slip", "bank slip 17")
    refused(run("budget", "deposit", "programme-Meals", "2", "500", "--slip", "bank slip 17"), "SlipUsed")
    own = ("budget", "deposit", "1", "2", "900", "--slip", "0x" + "5a" * 32, "--from-funder")
    refused(run(*own), "ERC20InsufficientAllowance")
    world.send(KeyRole.AUDITOR, "SettlementToken", "approve", world.addresses["Treasury"], 900)
    once(run, *own)
    assert world.balance(funder) == 100
    report = json.loads(run("audit", "programme", "1", "--json").output)["report"]
    payers = [(one["line"] & 0xFFFF, one["depositor"], one["amount"]) for one in report["deposits"]]
    treasurer = world.roles.address(KeyRole.TREASURER).lower()
    assert (1, treasurer, 500) in payers
    assert (2, funder.lower(), 900) in payers


def test_budget__slip_of_another_line_or_amount__is_refused(run: Run) -> None:
    deposit = ("budget", "deposit", "programme-Meals")
    once(run, *deposit, "1", "500", "--slip", "bank slip 17")
    assert told(run(*deposit, "1", "500", "--slip", " bank slip 17 ", "--json"))["done"] is False
    refused(run(*deposit, "2", "500", "--slip", "bank slip 17"), "a deposit of 500 into line 1 of programme 1")
    refused(run(*deposit, "1", "5000", "--slip", "bank slip 17"), "a deposit of 500 into line 1 of programme 1")
    refused(run(*deposit, "1", "5000", "--slip", "bank slip 17", "--json"), "SlipUsed")


def test_budget__slip_given_as_a_hash__is_one_however_it_is_written(run: Run, world: World) -> None:
    deposit = ("budget", "deposit", "programme-Meals", "1", "500", "--json", "--slip")
    treasurer = world.roles.address(KeyRole.TREASURER)
    before = world.balance(treasurer)
    written = ("0x" + "aB" * 32, "0x" + "ab" * 32, "0X" + "AB" * 32, " 0x" + "AB" * 32)
    outcomes = [told(run(*deposit, slip)) for slip in written]
    assert [one["done"] for one in outcomes] == [True, False, False, False]
    assert {one["slip"] for one in outcomes[1:]} == {"0x" + "ab" * 32}
    for half in ("0x" + "ab" * 31, "0x" + "ab" * 33, "0xslip", "ab" * 32):
        refused(run(*deposit, half), "0x and 64 hexadecimal digits", 2)
    assert before - world.balance(treasurer) == 500


def test_budget__tokens__leave_and_join_the_list(run: Run, world: World) -> None:
    token = world.addresses["SettlementToken"]
    assert told(run("budget", "allow-token", token, "--json"))["done"] is False
    once(run, "budget", "disallow-token", token)
    once(run, "budget", "deposit", "programme-Meals", "1", "5", "--slip", "a running programme goes on")
    once(run, "budget", "allow-token", token)
    refused(run("budget", "allow-token", ACCOUNT), "Treasury_TokenInvalid")


def test_budget__contract_that_is_no_token__listed_by_mistake__leaves_the_audit_whole(run: Run, world: World) -> None:
    for mistaken in (world.addresses["MerchantRegistry"], world.create(bytes.fromhex("fe")), world.create(b"\x00")):
        once(run, "budget", "allow-token", mistaken)
        once(run, "budget", "disallow-token", mistaken)
    audited = told(run("audit", "reconcile", "--json"))
    assert audited["equal"] is True


def relaying(run: Run) -> dict[str, bool]:
    """Accounts that have, or had, to do with relaying, and whether they relay."""
    listed = json.loads(run("relayers", "list", "--json").output)["relayers"]
    return {one["account"]: one["listed"] for one in listed}


def test_relayers__come_and_go_but_the_last_one(run: Run, world: World) -> None:
    first = world.roles.address(KeyRole.OPERATOR).lower()
    once(run, "relayers", "grant", ACCOUNT)
    assert relaying(run) == {first: True, ACCOUNT: True}
    shown = run("relayers", "list").output
    assert "this folder" in shown
    assert ACCOUNT in shown

    once(run, "relayers", "revoke", first)
    assert relaying(run) == {first: False, ACCOUNT: True}
    refused(run("relayers", "revoke", ACCOUNT), "LastRelayer")
    refused(run("relayers", "grant", "0x12"), "an address is 0x", 2)
    once(run, "relayers", "revoke", ACCOUNT, "--last")
    assert relaying(run) == {first: False, ACCOUNT: False}
    once(run, "relayers", "grant", first)
    assert told(run("relayers", "revoke", OTHER, "--json"))["done"] is False


def test_relayers__by_the_key_of_admin_alone(run: Run, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    for file in keys.glob("*.json"):
        if file.stem != KeyRole.ADMIN:
            file.unlink()
    once(run, "relayers", "grant", ACCOUNT)
    (keys / f"{KeyRole.ADMIN}.json").unlink()
    assert relaying(run)[ACCOUNT] is True
    missing = run("relayers", "revoke", ACCOUNT, "--json")
    assert missing.exit_code == 4
    assert "admin.json" in json.loads(missing.output)["message"]


def test_relayers__where_role_and_list_differ__is_shown_and_mended(run: Run, world: World) -> None:
    send(world, KeyRole.ADMIN, "AccessManager", "grantRole", 4, ACCOUNT, 0)
    assert "call grant again" in run("relayers", "list").output
    once(run, "relayers", "grant", ACCOUNT)
    send(world, KeyRole.ADMIN, "AccessManager", "revokeRole", 4, ACCOUNT)
    assert "call revoke again" in run("relayers", "list").output
    once(run, "relayers", "revoke", ACCOUNT)
    assert relaying(run)[ACCOUNT] is False


def test_relayers__granted_after_five_days__relay_a_day_later(run: Run, world: World) -> None:
    world.at(GENESIS_AT + 6 * DAY)
    world.mine()
    granted = told(run("relayers", "grant", ACCOUNT, "--json"))
    assert (granted["done"], granted["relays"]) == (True, False)
    assert granted["since"] >= GENESIS_AT + 7 * DAY
    again = run("relayers", "grant", ACCOUNT)
    assert (again.exit_code, "call this again then" in again.output) == (0, True)
    world.at(GENESIS_AT + 6 * DAY + 60)
    send(
        world, KeyRole.ADMIN, "AccessManager", "grantRole", 4, ACCOUNT, 0
    )  # who is a member already becomes none sooner
    unmoved = told(run("relayers", "grant", ACCOUNT, "--json"))
    assert (unmoved["done"], unmoved["since"]) == (False, granted["since"])
    assert "from 20" in run("relayers", "list").output
    assert relaying(run)[ACCOUNT] is False
    world.at(granted["since"] + 1)
    world.mine()
    once(run, "relayers", "grant", ACCOUNT)
    assert relaying(run)[ACCOUNT] is True


def test_settlement__prepared_and_released__pays_to_the_cent(run: Run, world: World, tmp_path: Path) -> None:
    until = ("--until", "2023-11-20")
    nothing: Json = {"runs": [], "files": []}
    assert json.loads(run("settlement", "prepare", *until, "--json").output) == nothing  # no window is over
    world.at(STARTS_AT + 5 * DAY)
    world.mine()
    (prepared,) = told(run("settlement", "prepare", *until, "--json"))["runs"]
    amount = 2 * FACE_A + 3 * FACE_B
    assert prepared["totals"]["amount"] == amount
    assert prepared["totals"]["by_merchant"] == {"1": FACE_A + 3 * FACE_B, "2": FACE_A}
    assert told(run("settlement", "prepare", *until, "--json")) == nothing  # it stands in a run already

    refused(run("settlement", "release", "1"), "Usage", 2)
    refused(run("settlement", "release", "1", "--total", str(amount - 1)), "TotalDiffers")
    other = tmp_path / "other.json"
    other.write_text(Path(str(prepared["file"])).read_text().replace(str(FACE_A), str(FACE_A - 1)))
    refused(run("settlement", "release", "1", str(other)), "FileDiffers")
    released = told(run("settlement", "release", "1", str(prepared["file"]), "--total", str(amount), "--json"))
    assert released["totals"] == released["paid"]
    assert world.balance(world.roles.address(KeyRole.ARBITER)) == amount
    again = run("settlement", "release", "1", "--total", str(amount))
    assert (again.exit_code, "nothing to do" in again.output) == (0, True)
    assert world.balance(world.roles.address(KeyRole.ARBITER)) == amount
    for shop, paid in (("shop-1", FACE_A + 3 * FACE_B), ("shop-2", FACE_A)):
        statement = json.loads(run("audit", "merchant", shop, "--json").output)["report"]
        assert sum(day["settled"] for day in statement["days"]) == paid
        assert sum(payment["amount"] for payment in statement["payments"]) == paid
    listed = json.loads(run("settlement", "list", "--json").output)["runs"]
    assert [(one["run"], one["paid"]) for one in listed] == [(1, amount)]
    refused(run("settlement", "show", "2"), "SettlementUnknown")


def test_settlement__prepare_cut_off_before_its_file__writes_it_the_next_time(
    run: Run, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut_off(*_: object) -> None:
        raise OSError("no space left")

    world.at(STARTS_AT + 5 * DAY)
    world.mine()
    prepare = ("settlement", "prepare", "--until", "2023-11-20")
    with monkeypatch.context() as patched:
        patched.setattr("node_api.cli.settlement.write_whole", cut_off)
        refused(run(*prepare), "run the command again")
    file = tmp_path / "settlements" / "run-1.json"
    assert not file.exists()
    assert told(run(*prepare, "--programme", "programme-Travel", "--json"))["files"][0]["file"] == str(file)
    written = file.read_bytes()
    file.unlink()
    again = run(*prepare)
    assert (again.exit_code, file.read_bytes()) == (0, written)
    assert "run 1 was prepared before, its file was missing and is written now: 4 days" in again.output
    assert "nothing to do" not in again.output
    assert told(run(*prepare, "--json")) == {"runs": [], "files": []}
    told(run("settlement", "release", "1", str(file), "--json"))
    file.unlink()
    assert told(run(*prepare, "--json")) == {"runs": [], "files": []}  # a released run needs none


def test_settlement__with_a_file_of_another_chain__keeps_it_and_writes_its_own(
    run: Run, world: World, tmp_path: Path
) -> None:
    world.at(STARTS_AT + 5 * DAY)
    world.mine()
    prepare = ("settlement", "prepare", "--until", "2023-11-20")
    file, theirs = tmp_path / "settlements" / "run-1.json", b'{"run": 1, "hash": "0x12"}'
    file.parent.mkdir()
    file.write_bytes(theirs)
    (prepared,) = told(run(*prepare, "--json"))["runs"]
    own = file.read_bytes()
    assert Path(prepared["set_aside"]).read_bytes() == theirs
    file.write_bytes(theirs)  # a folder that was copied over it, while the run waits
    refused(run("settlement", "release", "1", str(file)), "FileDiffers")
    again = run(*prepare)
    assert (again.exit_code, file.read_bytes()) == (0, own)
    assert f"is of another run or chain; it is kept as {prepared['set_aside']}" in again.output.replace("\n", "")
    assert len(list(file.parent.iterdir())) == 2
    assert told(run(*prepare, "--json")) == {"runs": [], "files": []}
    told(run("settlement", "release", "1", str(file), "--json"))


def test_settlement__after_rules_without_windows__waits_for_the_longest_window_there_was(
    run: Run, world: World
) -> None:
    world.at(STARTS_AT + 2 * DAY)
    world.propose_rules(1, (0, [], 0), reversalWindow=0, disputeWindow=0)
    activated_at = STARTS_AT + 9 * DAY + 1
    world.at(activated_at)
    world.send(KeyRole.APPROVER, "ProgrammeRegistry", "activateRules", 1, 2)
    redeemed_at = activated_at + 100
    world.redeem([ItemGroup.of(MerchantId(1), (world.item(3, [(1, 1)], 1, redeemed_at),))], redeemed_at)
    day = world.day(redeemed_at)
    prepare = ("settlement", "prepare", "--until", local_day(day), "--programme", "programme-Meals", "--json")
    day_over_at = (day + 1) * DAY - 480 * 60
    world.at(day_over_at + DAY - 3_600)
    world.mine()
    (before,) = told(run(*prepare))["runs"]
    assert before["totals"]["amount"] == 2 * FACE_A + FACE_B  # the first day alone
    world.at(day_over_at + DAY)
    world.mine()
    (due,) = told(run(*prepare))["runs"]
    assert due["totals"]["amount"] == FACE_A
    told(run("settlement", "release", str(due["run"]), "--total", str(FACE_A), "--json"))


def test_settlement__with_a_day_paid_otherwise__names_it_and_pays_the_rest(run: Run, world: World) -> None:
    world.at(STARTS_AT + 5 * DAY)
    world.mine()
    told(run("settlement", "prepare", "--until", "2023-11-20", "--json"))
    entry = [(1 << 16 | 1, 1, world.day(STARTS_AT + 100), FACE_A)]
    send(world, KeyRole.TREASURER, "Treasury", "prepareSettlement", entry)
    send(world, KeyRole.APPROVER, "Treasury", "releaseSettlement", 2, entry)
    outcome = run("settlement", "release", "1", "--total", str(2 * FACE_A + 3 * FACE_B))
    refused(outcome, "Treasury_NothingPayable")
    assert world.balance(world.roles.address(KeyRole.ARBITER)) == 2 * FACE_A + 3 * FACE_B
    shown = json.loads(run("settlement", "show", "1", "--json").output)
    assert [one["state"] for one in shown["run"]["entries"]].count("skipped") == 1


def test_settlement__absurd_run_of_another_client__keeps_nobody_from_settling(
    run: Run, world: World, tmp_path: Path
) -> None:
    day, most = (1 << 24) - 1, (1 << 64) - 1
    absurd = [((1 << 40) - 1, (1 << 32) - 1, day, most), (1 << 16 | 1, 1, day, most)]
    send(world, KeyRole.TREASURER, "Treasury", "prepareSettlement", absurd)
    world.at(STARTS_AT + 5 * DAY)
    world.mine()
    prepared = told(run("settlement", "prepare", "--until", "2023-11-20", "--json"))
    assert [one["run"] for one in (*prepared["files"], *prepared["runs"])] == [1, 2]
    assert prepared["files"][0]["totals"]["amount"] == 2 * most
    listed = told(run("settlement", "list", "--json"))["runs"]
    assert listed[0]["totals"]["amount"] == 2 * most
    for outcome in (run("settlement", "list"), run("settlement", "show", "1")):
        assert (outcome.exit_code, f"{most:,}"[:9] in outcome.output or f"{2 * most:,}"[:9] in outcome.output) == (
            0,
            True,
        )
    refused(run("settlement", "release", "1", str(tmp_path / "settlements" / "run-1.json")), "Treasury_")
    told(run("settlement", "release", "2", prepared["runs"][0]["file"], "--json"))


def test_programmes__closed_and_returned__twice_is_once(run: Run, world: World) -> None:
    refused(run("programmes", "close", "programme-Travel", "--reason", "over"), "ProgrammeRegistry_TooEarly")
    world.at(ENDS_AT)
    world.mine()
    refused(run("programmes", "close", "programme-Travel", "--reason", "over"), "ProgrammeRegistry_MoneyOpen")
    told(run("settlement", "prepare", "--until", "2023-12-31", "--programme", "programme-Travel", "--json"))
    told(run("settlement", "release", "1", "--total", str(2 * FACE_B), "--json"))
    assert [told(run("programmes", "sweep", "programme-Travel", "--json"))["swept"] for _ in range(2)] == [1, 0]
    once(run, "programmes", "close", "programme-Travel", "--reason", "the season is over")
    rest = 1_200_000 - 2 * FACE_B
    returned = told(run("programmes", "return-rest", "programme-Travel", "--json"))["returned"]
    assert sum(one["amount"] for one in returned) == rest
    assert world.balance(world.roles.address(KeyRole.AUDITOR)) == rest
    assert told(run("programmes", "return-rest", "programme-Travel", "--json"))["returned"] == []
    assert "CLOSED" in run("programmes", "list").output


@contextmanager
def on_its_way(world: World, role: KeyRole, target: str, function: str, *arguments: object) -> Iterator[None]:
    """A command was killed once it had sent this, and blocks come by the clock: it is in one soon."""

    def block() -> None:
        world.mine()
        world.rpc.call("evm_setAutomine", [True])

    world.rpc.call("evm_setAutomine", [False])
    sender = Sender(world.rpc, world.roles.account(role), CHAIN_ID)
    submit(world.rpc, sender.sign(world.addresses[target], world.encode(target, function, *arguments), 5_000_000))
    clock = threading.Timer(3.0, block)
    clock.start()
    yield
    clock.join()


def test_commands__again_while_the_first_is_in_no_block__move_and_deposit_once(run: Run, world: World) -> None:
    move = (1 << 16 | 1, 1 << 16 | 2, 500, "more demand")
    told(run("budget", "show", "--json"))  # the record is read
    with on_its_way(world, KeyRole.TREASURER, "Treasury", "proposeMove", *move):
        again = run("budget", "propose-move", "1", "1", "2", "500", "--reason", "more demand", "--json")
    assert told(again)["done"] is False
    assert len(json.loads(run("budget", "show", "--json").output)["moves"]) == 1
    with on_its_way(world, KeyRole.TREASURER, "Treasury", "deposit", 1 << 16 | 1, 70, b"\xab" * 32):
        again = run("budget", "deposit", "1", "1", "70", "--slip", "0x" + "ab" * 32, "--json")
    assert told(again)["done"] is False
    token = world.addresses["SettlementToken"]
    with on_its_way(world, KeyRole.APPROVER, "Treasury", "disallowToken", token):
        assert told(run("budget", "disallow-token", token, "--json"))["done"] is False


def test_commands__again_while_the_first_is_in_no_block__prepare_release_sweep_and_return_once(
    run: Run, world: World
) -> None:
    world.at(ENDS_AT)
    world.mine()
    told(run("budget", "show", "--json"))  # the record is read
    prepare = ("settlement", "prepare", "--until", "2023-12-31", "--programme", "programme-Travel", "--json")
    entries = [(2 << 16 | 1, 1, world.day(STARTS_AT + 100 + DAY), 2 * FACE_B)]
    with on_its_way(world, KeyRole.TREASURER, "Treasury", "prepareSettlement", entries):
        prepared = told(run(*prepare))
    assert (prepared["runs"], [one["run"] for one in prepared["files"]]) == ([], [1])
    with on_its_way(world, KeyRole.APPROVER, "Treasury", "releaseSettlement", 1, entries):
        released = told(run("settlement", "release", "1", prepared["files"][0]["file"], "--json"))
    assert released["paid"] == released["totals"]
    assert len(json.loads(run("settlement", "list", "--json").output)["runs"]) == 1
    with on_its_way(world, KeyRole.TREASURER, "CaseDesk", "sweep", 3, 3):
        assert told(run("programmes", "sweep", "programme-Travel", "--json"))["swept"] == 0
    once(run, "programmes", "close", "programme-Travel", "--reason", "over")
    with on_its_way(world, KeyRole.TREASURER, "Treasury", "returnRest", 2 << 16 | 1):
        returned = told(run("programmes", "return-rest", "programme-Travel", "--json"))["returned"]
    assert [one["line"] for one in returned] == [str(2 << 16 | 2)]


def test_commands__again_while_the_first_is_in_no_block__propose_and_withdraw_rules_once(
    run: Run, world: World
) -> None:
    told(run("rules", "show", "1", "--json"))  # the record is read
    propose = ("rules", "propose", "1", "--reason", "asked for by the shops", "--month-count", "3", "--json")
    terms = world.rules_terms({"monthCount": 3})
    with on_its_way(
        world, KeyRole.TREASURER, "ProgrammeRegistry", "proposeRules", 1, terms, (0, [], 0), "asked for by the shops"
    ):
        proposed = told(run(*propose))
    assert (proposed["version"], proposed["state"], proposed["transaction"]) == (2, "proposed", None)
    with on_its_way(world, KeyRole.TREASURER, "ProgrammeRegistry", "withdrawRules", 1, 2, "a slip"):
        withdrawn = told(run("rules", "withdraw", "1", "2", "--reason", "a slip", "--json"))
    assert (withdrawn["state"], withdrawn["transaction"]) == ("withdrawn", None)


def test_commands__while_another_sends__look_and_do_not_send(run: Run, tmp_path: Path) -> None:
    with treasury_lock(Settings(data=tmp_path)):
        for looking in (
            "merchants list",
            "merchants show 1",
            "programmes list",
            "programmes show 1",
            "validity show",
            "cases moves",
            "relayers list",
            "budget show",
            "settlement list",
        ):
            told(run(*looking.split(), "--json"))
        busy = run("merchants", "suspend", "1", "--reason", "a complaint", "--json")
    assert busy.exit_code == 3
    assert json.loads(busy.output)["error"] == "TreasuryBusy"
