"""
load
├── of a sound folder
│   ├── puts everything on chain, once
│   ├── with --dry-run: sends nothing
│   └── activates programmes whose time has come, and only those
├── of a folder with faults: tells all of them and sends nothing
├── of a folder that contradicts the chain: names each difference and sends nothing
├── with money that is not there: says how much is missing
├── after a load that was cut off: does the rest
├── after a load that was killed before its transactions had a block: takes them for done
├── of batches that were opened after a pause: finds them the same, or other
├── of terminals, a limit and a suspension that came into the folder later: sets them
└── after the registrar decided otherwise: tells each, and sends nothing
    ├── a terminal removed, replaced or limited, a merchant reinstated
    ├── other terms, another payout account: no second merchant is advised
    ├── a terminal of another or of a removed merchant
    └── once merchants.csv says the same, or the remedy's command was given: nothing to do
mint_batch
├── issues once, to persons and devices
├── over the quota, over the budget line, also by what is kept for rounds of claims: tells what is left
├── to an address with a wrong checksum, or after 0X: tells it, and issues nothing
├── with another header, or a line that is no CSV: names the line, and issues nothing
├── of a validity that a pause made longer: issues until that is over
└── with another list under the same reference: refuses
"""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from eth_utils.address import to_checksum_address

from node_api.chain.keys import KeyRole
from node_api.domain.importing.wallets import Wallet
from node_api.services.import_folder import ImportFolder, check_folder
from node_api.services.loading.load import Loading
from tests.e2e.town import FOLDER, Town, moment, rows_of, town, write_rows


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Town]:
    with town(tmp_path / "data") as built:
        yield built


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A town whose folder is loaded; tests may add vouchers to it, nothing else."""
    with town(tmp_path_factory.mktemp("loaded") / "data") as built:
        built.run("load", FOLDER)
        yield built


def changed(path: Path, file: str, column: str, value: str, row: int = 0) -> Path:
    """A copy of the folder with one cell changed."""
    shutil.copytree(FOLDER, path)
    rows = rows_of(path / file)
    rows[row][column] = value
    write_rows(path / file, rows)
    return path


class CutOff(Exception):
    """The load ends here."""


def cut_after(transactions: int) -> Callable[[str, int], None]:
    """A progress that ends the load once so many transactions are through; more may be on their way."""
    left = itertools.count(transactions - 1, -1)

    def progress(_stage: str, _count: int) -> None:
        if next(left) <= 0:
            raise CutOff

    return progress


def test_load__sound_folder__puts_everything_on_chain_once(place: Town) -> None:
    first = place.told("load", FOLDER)
    head = place.head()
    again = place.told("load", FOLDER)

    assert not first["nothing_to_do"]
    assert again["nothing_to_do"]
    assert place.head() == head, "a second load sends nothing"
    there = {line["what"]: (line["in_files"], line["there"], line["to_do"]) for line in again["plan"]}
    assert there["batches"] == (4, 4, 0)
    assert there["issues"] == (6, 6, 0)
    assert there["activations due by now"] == (0, 0, 0), "both programmes wait"
    assert there["vouchers"] == (81, 81, 0)
    assert first["roll_and_issue_gas"] == first["sent"]["WriteRoll"]["gas"] + first["sent"]["IssuePack"]["gas"]
    with place.office() as office:
        (suspended,) = office.book.merchants(["closed-diner"])
        (till,) = office.book.terminals([office.wallets.account(Wallet("device:till-noodles"))])
    assert suspended is not None
    assert suspended.status == 3
    assert till == 1


def test_load__dry_run__sends_nothing(place: Town) -> None:
    head = place.head()
    plan = place.told("load", FOLDER, "--dry-run")
    assert plan["dry_run"]
    assert sum(line["transactions"] for line in plan["plan"]) == 26
    assert place.head() == head


def test_load__programme_due__is_activated_and_the_other_waits(place: Town) -> None:
    assert place.told("load", FOLDER)["waiting"] == ["meals-2026", "museums-2026"]
    place.wait_until(moment("2026-03-02T00:00"))
    due = place.told("load", FOLDER)
    assert due["waiting"] == ["museums-2026"]
    plan = {line["what"]: (line["in_files"], line["there"], line["to_do"]) for line in due["plan"]}
    assert plan["activations due by now"] == (1, 0, 1)
    with place.office() as office:
        states = [seen.state for seen in office.book.programmes(["meals-2026", "museums-2026"]) if seen]
    assert states == [5, 4]


def test_load__faults__tells_all_and_sends_nothing(place: Town, tmp_path: Path) -> None:
    folder = changed(tmp_path / "bent", "batches.csv", "face_value", "-5")
    merchants = rows_of(folder / "merchants.csv")
    merchants[1]["region"] = "3x"
    write_rows(folder / "merchants.csv", merchants)
    head = place.head()

    told = place.told("load", folder, exit_code=2)

    found = {(fault["file"], fault["line"], fault["column"], fault["value"]) for fault in told["faults"]}
    assert found == {("batches.csv", 2, "face_value", "-5"), ("merchants.csv", 3, "region", "3x")}
    assert told["total"] == 2
    assert "2 faults in" in place.run("load", folder, exit_code=2).output
    assert place.head() == head


@pytest.mark.parametrize(
    ("file", "column", "value", "row", "named"),
    [
        ("batches.csv", "minimum_spend", "4000", 0, "batch meals-20: minimum_spend is 5000 on chain and 4000"),
        ("merchants.csv", "categories", "1", 0, "merchant noodle-house: categories is 6 on chain and 2"),
        ("programmes.csv", "max_deadline_seconds", "700", 0, "programme meals-2026: max_deadline is 600"),
        ("budget_lines.csv", "amount", "100001", 1, "budget line meals-2026/2: amount is 100000"),
        ("holders.csv", "holder", "resident-99", 3, "roll meals-residents: holder at place 3 is 0x"),
        ("programmes.csv", "token", "ABC", 1, "token ABC: token is unknown on chain"),
    ],
)
def test_load__contradicts_the_chain__names_the_difference(
    loaded: Town, tmp_path: Path, file: str, column: str, value: str, row: int, named: str
) -> None:
    head = loaded.head()
    told = loaded.told("load", changed(tmp_path / "other", file, column, value, row), exit_code=2)
    assert told["error"] == "FolderDiffers"
    assert named in told["message"]
    assert loaded.head() == head


def test_load__two_approvals__says_that_one_approver_is_not_enough(place: Town, tmp_path: Path) -> None:
    told = place.told("load", changed(tmp_path / "two", "programmes.csv", "approvals", "2"), exit_code=2)
    assert "this node holds one approver's key" in told["message"]


def test_load__token_without_money__says_how_much_is_missing(place: Town, tmp_path: Path) -> None:
    with place.office() as office:
        stranger = office.deployed.address("Vouchers")  # a contract that is no token: it has no balance to give
    head = place.head()
    told = place.told("load", changed(tmp_path / "poor", "programmes.csv", "token", stranger), exit_code=1)
    assert told["error"] == "FundsMissing"
    assert "700000" in told["message"]
    assert place.head() == head, "nothing is sent before the money is there"


def test_load__cut_off_after_any_stage__does_the_rest(place: Town) -> None:
    folder = check_folder(FOLDER)
    assert isinstance(folder, ImportFolder)
    for stop_after in (1, 2, 1, 1, 2):
        with place.office() as office, pytest.raises(CutOff):
            Loading(folder, office.desk, office.book, office.wallets).run(cut_after(stop_after))

    rest = place.told("load", FOLDER)

    assert not rest["nothing_to_do"]
    assert place.told("load", FOLDER)["nothing_to_do"]
    with place.office() as office:
        assert [seen.issued for seen in office.book.batches(["meals-20", "drinks-5", "elders-30"]) if seen] == [
            28,
            28,
            4,
        ]


@contextmanager
def blocks_held_back(place: Town, pending_of: KeyRole) -> Iterator[Callable[[], None]]:
    """The chain makes no blocks until the end; yields what waits until a transaction of the role is on its way."""
    with place.office() as office:
        counts = [(office.keys.address(pending_of), tag) for tag in ("latest", "pending")]

        def wait() -> None:
            deadline = time.monotonic() + 60
            while len({office.rpc.call("eth_getTransactionCount", list(count)) for count in counts}) == 1:
                assert time.monotonic() < deadline, "nothing was sent"
                time.sleep(0.05)

        office.rpc.call("evm_setAutomine", [False])
        try:
            yield wait
        finally:
            office.rpc.call("evm_setAutomine", [True])
            office.rpc.call("evm_mine")


def test_load__killed_before_its_transactions_have_a_block__takes_them_for_done(place: Town) -> None:
    environment = {**os.environ, "VOUCHERTRAIL_DATA": str(place.data), "VOUCHERTRAIL_LOG": "error"}
    environment["VOUCHERTRAIL_CHAIN_GENESIS_AT"] = str(place.settings.chain_genesis_at)
    with ExitStack() as stack:
        wait = stack.enter_context(blocks_held_back(place, KeyRole.ISSUER))
        first = subprocess.Popen([sys.executable, "-m", "node_api", "load", FOLDER], env=environment)
        stack.callback(first.wait)
        stack.callback(first.kill)
        wait()
        first.kill()
        first.wait()
        blocks = stack.pop_all()
    later = threading.Timer(5.0, blocks.close)
    later.start()
    try:
        sent = place.told("load", FOLDER)["sent"]
    finally:
        later.join()
    assert "MintToken" not in sent, "the money was made before, and is not made twice"
    assert place.told("load", FOLDER)["nothing_to_do"]


def test_load__batch_opened_after_a_pause__is_the_same_batch(place: Town, tmp_path: Path) -> None:
    place.told("load", FOLDER)
    paused = ("emergency", "pause", "1", "--until", "2026-02-27T00:00:00+08:00", "--reason", "a fault at the tills")
    place.told(*paused)
    place.wait_until(moment("2026-02-28T00:00"))
    shutil.copytree(FOLDER, tmp_path / "more")
    batches = rows_of(tmp_path / "more" / "batches.csv")
    write_rows(tmp_path / "more" / "batches.csv", [*batches, batches[0] | {"batch": "later-20"}])

    assert set(place.told("load", tmp_path / "more")["sent"]) == {"OpenBatches"}

    assert place.told("load", tmp_path / "more")["nothing_to_do"]
    other = [*batches, batches[0] | {"batch": "later-20", "valid_until": "2026-03-15T00:00:00+08:00"}]
    write_rows(tmp_path / "more" / "batches.csv", other)
    told = place.told("load", tmp_path / "more", exit_code=2)["message"]
    assert f"batch later-20: valid_until is {moment('2026-03-16T00:00')} on chain and" in told


def with_merchants(path: Path, **cells: dict[str, str]) -> Path:
    """A copy of the folder, or the copy itself, with cells of merchants changed, by the merchant's reference with _ for -."""
    if not path.exists():
        shutil.copytree(FOLDER, path, ignore=shutil.ignore_patterns("redemptions.csv"))  # they name a terminal
    rows = [{"terminal_limit": "", **row} for row in rows_of(path / "merchants.csv")]
    write_rows(path / "merchants.csv", [row | cells.get(row["merchant"].replace("-", "_"), {}) for row in rows])
    return path


def terminal(place: Town, name: str) -> str:
    """The address of a demonstration device."""
    with place.office() as office:
        return office.wallets.account(Wallet(f"device:{name}"))


TWO_TILLS = {"terminals": "device:till-noodles;device:till-2", "terminal_limit": "50000"}
LATER = {"status": "active"}


def test_load__terminals_limit_and_suspension_that_came_later__are_set(place: Town, tmp_path: Path) -> None:
    place.told("load", with_merchants(tmp_path / "folder", closed_diner=LATER))
    later = with_merchants(tmp_path / "folder", noodle_house=TWO_TILLS, closed_diner={"status": "suspended"})
    sent = place.told("load", later)["sent"]
    assert {kind: one["transactions"] for kind, one in sent.items()} == {
        "SuspendMerchant": 1,
        "AddTerminal": 1,
        "LimitTerminal": 2,
    }
    assert place.told("load", later)["nothing_to_do"]


def test_load__after_the_registrar_decided_otherwise__tells_each_and_sends_nothing(place: Town, tmp_path: Path) -> None:
    folder = with_merchants(tmp_path / "folder", noodle_house=TWO_TILLS, tea_room={"terminals": "device:till-tea"})
    place.told("load", folder)
    noodles, second, tea = (terminal(place, name) for name in ("till-noodles", "till-2", "till-tea"))
    place.told("merchants", "terminal-replace", "noodle-house", noodles, terminal(place, "till-3"))
    place.told("merchants", "terminal-limit", "noodle-house", second, "100")
    place.told("merchants", "terminal-remove", "tea-room", tea)
    place.told("merchants", "reinstate", "closed-diner", "--reason", "inspected")
    head = place.head()

    told = place.told("load", folder, exit_code=2)

    assert told["error"] == "FolderDiffers"
    _, *lines = told["message"].splitlines()
    assert [line.partition("; ")[0] for line in lines] == [
        "merchant closed-diner: status is reinstated on chain and suspended in the files",
        "terminal noodle-house/device:till-noodles: status is removed on chain and added in the files",
        "terminal tea-room/device:till-tea: status is removed on chain and added in the files",
        "terminal noodle-house/device:till-2: terminal_limit is 100 on chain and 50000 in the files",
    ]
    assert f"`vouchertrail merchants terminal-add tea-room {tea}`" in lines[2]
    assert place.head() == head

    place.told("merchants", "terminal-add", "tea-room", tea)
    place.told("merchants", "terminal-limit", "noodle-house", second, "50000")
    mended = with_merchants(folder, noodle_house={"terminals": "device:till-2"}, closed_diner=LATER)
    assert place.told("load", mended)["nothing_to_do"]


def test_load__terminal_of_another_or_of_a_removed_merchant__is_told(place: Town, tmp_path: Path) -> None:
    folder = with_merchants(tmp_path / "folder", tea_room={"terminals": "device:till-tea"})
    place.told("load", folder)
    noodles = terminal(place, "till-noodles")
    place.told("merchants", "terminal-remove", "noodle-house", noodles)
    place.told("merchants", "terminal-add", "city-museum", noodles)
    place.told("merchants", "propose-removal", "tea-room", "--reason", "closed")
    place.told("merchants", "remove", "tea-room", "--reason", "closed")

    message = place.told("load", folder, exit_code=2)["message"]

    assert "noodle-house/device:till-noodles: merchant is number 3 on chain and noodle-house in the files" in message
    assert "tea-room/device:till-tea: status is removed on chain and added in the files; its merchant was" in message
    moved = {"terminals": "device:till-noodles"}
    mended = with_merchants(folder, noodle_house={"terminals": ""}, city_museum=moved, tea_room={"terminals": ""})
    assert place.told("load", mended)["nothing_to_do"]


def test_load__after_a_merchants_terms_changed__says_how_to_go_on_with_the_same_merchant(
    place: Town, tmp_path: Path
) -> None:
    folder = with_merchants(tmp_path / "folder", closed_diner=LATER)
    place.told("load", folder)
    account = terminal(place, "new-bank")
    place.told("merchants", "payout-propose", "tea-room", account)
    place.told("merchants", "propose-change", "noodle-house", "--categories", "1")
    place.told("merchants", "change", "noodle-house")
    place.wait_until(moment("2026-03-01T12:00"))
    place.told("merchants", "payout-approve", "tea-room", account)

    _, *lines = place.told("load", folder, exit_code=2)["message"].splitlines()

    assert [line.partition(" is ")[0] for line in lines] == [
        "merchant noodle-house: categories",
        "merchant tea-room: payout",
    ]
    assert not any("new reference" in line for line in lines), "one shop is not entered twice"
    assert "`vouchertrail merchants show noodle-house`" in lines[0]
    assert "`vouchertrail merchants payout-propose tea-room" in lines[1]
    with_merchants(folder, noodle_house={"categories": "1"}, tea_room={"payout": account})
    assert place.told("load", folder)["nothing_to_do"]


@pytest.mark.parametrize("ref", ["", "late ", "la te", "l\u00e4te", "../late", "0x" + "ab" * 20, "x" * 65])
def test_mint_batch__reference_that_is_none__is_wrong_use(loaded: Town, tmp_path: Path, ref: str) -> None:
    holders = tmp_path / "holders.txt"
    holders.write_text("resident-90\n")
    head = loaded.head()
    told = loaded.run("mint_batch", holders, "--batch", "meals-20", "--ref", ref, exit_code=2).output
    assert "Invalid value for '--ref'" in told
    assert loaded.head() == head


def test_mint_batch__persons_and_devices__issues_once(loaded: Town, tmp_path: Path) -> None:
    holders = tmp_path / "holders.csv"
    holders.write_text("holder,again\nresident-90,\nresident-91,\ndevice:phone-90,\nresident-90,again\n")
    plan = loaded.told("mint_batch", holders, "--batch", "meals-20", "--ref", "late", "--dry-run")
    first = loaded.told("mint_batch", holders, "--batch", "meals-20", "--ref", "late")
    again = loaded.told("mint_batch", holders, "--batch", "meals-20", "--ref", "late")
    other = loaded.told("mint_batch", holders, "--batch", "drinks-5", "--batch", "meals-20", "--ref", "late")
    assert plan["transactions"] == 0
    assert (first["vouchers"], first["rolls"], first["transactions"]) == (4, 2, 3)
    assert (again["vouchers"], again["transactions"]) == (0, 0)
    assert (other["vouchers"], other["rolls"]) == (4, 0)
    with loaded.office() as office:
        rolls = [(roll.places, roll.custodial) for roll in office.book.rolls(["late.node.1", "late.own.1"]) if roll]
    assert rolls == [(3, True), (1, False)]


def test_mint_batch__over_the_quota__tells_what_is_left(loaded: Town, tmp_path: Path) -> None:
    holders = tmp_path / "many"
    holders.write_text("\n".join(f"resident-{number}" for number in range(200)))
    told = loaded.told("mint_batch", holders, "--batch", "meals-20", "--ref", "many", exit_code=1)
    assert "200 vouchers, " in told["message"]
    assert "no more than its quota of 100" in told["message"]


def test_mint_batch__over_the_budget_line__tells_what_is_missing(loaded: Town, tmp_path: Path) -> None:
    holders = tmp_path / "many"
    holders.write_text("\n".join(f"resident-{number}" for number in range(16)))
    head = loaded.head()
    told = loaded.told("mint_batch", holders, "--batch", "museum-15", "--ref", "museums", exit_code=1)
    assert "line 1: 24,000 to issue, 18,500 available" in told["message"]
    assert "deposit 5,500 more into line 1" in told["message"]
    mixed = ("--batch", "meals-20", "--batch", "museum-15")
    assert "of one programme" in loaded.told("mint_batch", holders, *mixed, "--ref", "x", exit_code=1)["message"]
    assert loaded.head() == head


def test_mint_batch__other_holders_under_the_same_reference__is_refused(loaded: Town, tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("resident-70\n")
    two.write_text("resident-71\n")
    loaded.told("mint_batch", one, "--batch", "1", "--ref", "fixed")
    told = loaded.told("mint_batch", two, "--batch", "1", "--ref", "fixed", exit_code=1)
    assert "one list of holders for ever" in told["message"]


def test_mint_batch__bad_lines__tells_each(loaded: Town, tmp_path: Path) -> None:
    holders = tmp_path / "bad"
    holders.write_bytes(b"\xef\xbb\xbfresident-1\r\nresident-1\r\n0x" + b"0" * 40 + b"\r\nwho is this\r\n")
    told = loaded.told("mint_batch", holders, "--batch", "meals-20", "--ref", "bad", exit_code=2)
    assert [fault["line"] for fault in told["faults"]] == [2, 3, 4]


def test_mint_batch__unknown_batch__says_so(loaded: Town, tmp_path: Path) -> None:
    holders = tmp_path / "one"
    holders.write_text("resident-1\n")
    told = loaded.told("mint_batch", holders, "--batch", "nothing", "--batch", "999", "--ref", "q", exit_code=1)
    assert "batch nothing" in told["message"]
    assert "batch 999" in told["message"]


def test_mint_batch__places_kept_for_a_round__are_not_left_and_nothing_is_sent(place: Town, tmp_path: Path) -> None:
    place.told("load", FOLDER)
    times = ("--from", "2026-03-03T00:00:00+08:00", "--until", "2026-03-10T00:00:00+08:00")
    place.told("claims", "open", "meals-2026", "--places", "60", "--batch", "1", *times)
    place.told("claims", "open", "museums-2026", "--places", "10", "--batch", "4", *times)
    holders, head = tmp_path / "many", place.head()
    holders.write_text("\n".join(f"resident-{number}" for number in range(60)))
    message = place.told("mint_batch", holders, "--batch", "meals-20", "--ref", "late", exit_code=1)["message"]
    assert "batch 1: 60 vouchers, 12 left beside the 60 kept for rounds of claims; the rule: a batch issues" in message
    holders.write_text("\n".join(f"resident-{number}" for number in range(5)))
    message = place.told("mint_batch", holders, "--batch", "museum-15", "--ref", "late", exit_code=1)["message"]
    assert "line 1: 7,500 to issue, 3,500 available beside the 15,000 kept for rounds of claims" in message
    assert place.head() == head, "no roll is written whose issue would be refused"


def test_mint_batch__validity_that_a_pause_made_longer__is_issued(place: Town, tmp_path: Path) -> None:
    place.told("load", FOLDER)
    place.wait_until(moment("2026-03-10T00:00"))
    place.told("emergency", "pause", "1", "--until", "2026-03-12T00:00:00+08:00", "--reason", "a fault at the tills")
    holders = tmp_path / "one"
    holders.write_text("resident-1\n")
    place.wait_until(moment("2026-03-17T23:00"))
    assert place.told("mint_batch", holders, "--batch", "meals-20", "--ref", "late")["vouchers"] == 1
    place.wait_until(moment("2026-03-18T01:00"))
    over = place.told("mint_batch", holders, "--batch", "meals-20", "--ref", "later", exit_code=1)["message"]
    assert "a batch is issued before its validity ends" in over
    ended = int(over.partition("batch 1 ended at ")[2].partition(";")[0])
    assert abs(ended - moment("2026-03-18T00:00")) < 60, "as long as the pause"


@pytest.mark.parametrize("head", ["Holder", "person,note", "\n\nName,Person", "reference", '"HOLDER ",again'], ids=repr)
def test_mint_batch__header_that_does_not_name_the_column__is_nobodys_reference(
    loaded: Town, tmp_path: Path, head: str
) -> None:
    holders = tmp_path / "headed"
    holders.write_text(f"{head}\nresident-80\n")
    told = loaded.told("mint_batch", holders, "--batch", "meals-20", "--ref", "headed", exit_code=2)
    (fault,) = told["faults"]
    assert fault["line"] == head.count("\n") + 1
    assert "a header is the first line" in fault["rule"]
    holders.write_text("\nholder\nperson\n")
    assert loaded.told("mint_batch", holders, "--batch", "meals-20", "--ref", "headed", "--dry-run")["vouchers"] == 1


def test_mint_batch__line_that_is_not_csv__is_named(loaded: Town, tmp_path: Path) -> None:
    holders = tmp_path / "bent"
    holders.write_text('holder\nresident-80\n"resident-81" x\nresident-82\n')
    told = loaded.told("mint_batch", holders, "--batch", "meals-20", "--ref", "bent", exit_code=2)
    assert [(fault["line"], fault["rule"]) for fault in told["faults"]] == [(3, "the line is CSV")]


def test_mint_batch__address_with_a_wrong_checksum__is_told(loaded: Town, tmp_path: Path) -> None:
    holders, right = tmp_path / "mixed", to_checksum_address("0x" + "ab" * 20)
    wrong = right.replace("A", "a", 1)
    holders.write_text(f"resident-60\n{wrong}\n")
    told = loaded.told("mint_batch", holders, "--batch", "meals-20", "--ref", "mixed", exit_code=2)
    assert [(fault["line"], fault["value"]) for fault in told["faults"]] == [(2, wrong)]
    assert "EIP-55" in told["faults"][0]["rule"]
    for sound in (right, right.lower(), "0x" + right[2:].upper()):
        holders.write_text(f"{sound}\n")
        assert loaded.told("mint_batch", holders, "--batch", "meals-20", "--ref", "mixed", "--dry-run")["vouchers"] == 1


def test_mint_batch__address_after_a_capital_x__is_no_persons_reference(loaded: Town, tmp_path: Path) -> None:
    holders = tmp_path / "capital"
    holders.write_text("0X" + "AB" * 20 + "\n")
    told = loaded.told("mint_batch", holders, "--batch", "meals-20", "--ref", "capital", exit_code=2)
    assert told["faults"][0]["line"] == 1
    assert "an address is 0x and 40 hexadecimal digits" in told["faults"][0]["rule"]
