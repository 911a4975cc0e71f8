"""
replay
├── through the API
│   ├── ends every row as expected, and a second run does nothing
│   └── after a torn journal line: recognises the redemption by the record
├── straight to the contract: ends every row the same way
├── of broken rows
│   ├── by the API and by the contract: each refused with the reason expected, the good ones accepted
│   └── with another expectation: exit code 1, and names the code
├── of a folder that was not loaded, with acts or without, or changed since: says so
├── signed by a device nobody here has: says so
├── past the check while a node serves: refuses
├── through a running node: uses it
├── through a node that limits its callers: goes at their pace
├── on a chain whose clock nobody can move: says what --shift-to-now does
└── with --shift-to-now
    ├── plays what is valid now, skips the rest
    ├── again: skips the same and does nothing
    ├── killed before it knew an outcome: asks for the same again
    └── several together: one that rests on others waits for them; what was played before a stop is noted
"""

from __future__ import annotations

import http.server
import re
import shutil
import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import ClassVar

import httpx
import pytest

from tests.e2e.town import FOLDER, Town, copied, moment, open_street, rows_of, town, write_rows

BROKEN = (  # changed cells of a good row, and the refusal they earn
    ({"redeemed_at": "2026-03-02T11:00:00+08:00", "place": "10", "receipt": "b-1"}, None),
    ({"redeemed_at": "2026-03-02T11:00:01+08:00", "place": "10", "receipt": "b-2"}, "AlreadyRedeemed"),
    ({"redeemed_at": "2026-03-02T11:00:02+08:00", "merchant": "city-museum", "receipt": "b-3"}, "CategoryNotShared"),
    ({"redeemed_at": "2026-03-02T11:00:03+08:00", "items": "1:4999", "receipt": "b-4"}, "MinimumSpendUnmet"),
    ({"redeemed_at": "2026-03-02T11:00:04+08:00", "items": "1:1999", "receipt": "b-5"}, "AmountsOverBill"),
    ({"redeemed_at": "2026-03-02T11:00:05+08:00", "channel": "online", "receipt": "b-6"}, "ChannelClosed"),
    ({"redeemed_at": "2026-03-02T11:00:06+08:00", "signer": "device:thief", "receipt": "b-7"}, "SignatureInvalid"),
    ({"redeemed_at": "2026-03-02T11:00:07+08:00", "merchant": "closed-diner", "receipt": "b-8"}, "MerchantNotActive"),
    ({"redeemed_at": "2026-03-02T11:00:08+08:00", "roll": "meals-devices", "place": "1", "receipt": "b-9",
      "deadline_seconds": "601"}, "DeadlineTooFar"),
    ({"redeemed_at": "2026-03-02T11:00:09+08:00", "roll": "meals-devices", "place": "1", "receipt": "b-10",
      "deadline_seconds": "0"}, "DeadlinePassed"),
    ({"redeemed_at": "2026-03-02T11:00:10+08:00", "roll": "meals-devices", "place": "1", "receipt": "b-11",
      "amount": "1999"}, "AmountMismatch"),
    ({"redeemed_at": "2026-03-02T11:00:11+08:00", "batch": "", "roll": "", "place": "", "receipt": "b-12"},
     "VouchersMissing"),
    ({"redeemed_at": "2026-03-02T11:00:12+08:00", "roll": "meals-devices", "place": "1", "receipt": "b-13",
      "terminal": "device:phone-02"}, "TerminalUnknown"),
    ({"redeemed_at": "2026-03-02T11:00:13+08:00", "roll": "meals-devices", "place": "1", "receipt": "b-14",
      "terminal": "device:till-noodles", "terminal_signer": "device:thief"}, "TerminalSignatureInvalid"),
    ({"redeemed_at": "2026-03-02T11:00:14+08:00", "roll": "meals-devices", "place": "9", "receipt": "b-15",
      "signer": "device:phone-01"}, "VoucherUnknown"),
    ({"redeemed_at": "2026-03-02T11:00:15+08:00", "roll": "meals-devices", "place": "1", "receipt": "b-18",
      "terminal": "device:till-noodles", "max_bill": "5000"}, None),
    ({"redeemed_at": "2026-03-02T11:00:16+08:00", "receipt": "b-19", "max_bill": "5000"}, "OpenCodeUnanswered"),
    ({"redeemed_at": "2026-03-02T11:00:17+08:00", "receipt": "b-20", "terminal": "device:till-noodles",
      "max_bill": "4999"}, "OpenBillTooHigh"),
    ({"redeemed_at": "2026-03-02T11:00:18+08:00", "items": "1:10001", "receipt": "b-21", "terminal": "device:till-noodles",
      "max_bill": "10001"}, "OpenBillLimitPassed"),
    ({"redeemed_at": "2026-03-15T23:59:59+08:00", "roll": "meals-devices", "place": "2", "receipt": "b-16"}, None),
    ({"redeemed_at": "2026-03-16T00:00:00+08:00", "roll": "meals-devices", "place": "3", "receipt": "b-17"}, "Expired"),
)  # fmt: skip


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a town whose folder was loaded."""
    with town(tmp_path_factory.mktemp("loaded") / "data") as built:
        built.run("load", FOLDER)
    return built.data


@pytest.fixture
def place(loaded: Path, tmp_path: Path) -> Iterator[Town]:
    with copied(loaded, tmp_path / "data") as built:
        yield built


def broken_folder(path: Path) -> Path:
    """The folder with rows that break one rule each, between sound ones."""
    shutil.copytree(FOLDER, path)
    like = rows_of(path / "redemptions.csv")[2] | {"channel": "store", "note": "", "place": "11", "max_bill": ""}
    write_rows(
        path / "redemptions.csv",
        [
            like | {"row": str(number), "code": str(number), "expected": expected or ""} | cells
            for number, (cells, expected) in enumerate(BROKEN, start=1)
        ],
    )
    return path


def outcomes(report: Path) -> list[tuple[str, str, str]]:
    return [(row["row"], row["outcome"], row["reason"]) for row in rows_of(report)]


def test_replay__through_the_api__ends_as_expected_and_only_once(place: Town, tmp_path: Path) -> None:
    report, again_report = tmp_path / "one.csv", tmp_path / "two.csv"
    first = place.told("replay", FOLDER, "--report", report)
    head = place.head()
    again = place.told("replay", FOLDER, "--report", again_report)

    assert (first["codes"], first["accepted"], first["accepted_rows"], first["refused"]) == (7, 7, 9, {})
    assert (first["known"], first["activated"]) == (0, 2)
    assert (again["known"], again["accepted_rows"], again["activated"]) == (7, 9, 0)
    assert place.head() == head
    assert report.read_bytes() == again_report.read_bytes()
    rows = rows_of(report)
    assert [row["as_expected"] for row in rows] == ["yes"] * 9
    assert rows[0]["transaction"] == rows[1]["transaction"], "one code for both vouchers of the receipt"
    steps = place.told("audit", "trace", rows[5]["voucher_ids"].split(";")[0])["trace"]["steps"]
    assert [one["roles"] for one in steps if one["what"] == "consented to"] == [["ATTESTOR"]]
    assert all(row["block"].isdigit() and row["voucher_ids"] for row in rows)
    assert place.told("audit", "reconcile")["equal"]
    assert [key["revoked_at"] is None for key in place.told("api-keys", "list")["keys"]].count(True) == 0


def test_replay__times_of_blocks__are_those_of_the_rows(place: Town, tmp_path: Path) -> None:
    place.told("replay", FOLDER, "--report", tmp_path / "out.csv")
    with place.office() as office:
        for row in rows_of(tmp_path / "out.csv"):
            block = office.rpc.call("eth_getBlockByNumber", [hex(int(row["block"])), False])
            assert isinstance(block, dict)
            assert int(str(block["timestamp"]), 16) == datetime.fromisoformat(row["redeemed_at"]).timestamp()


def test_replay__journal_torn_by_a_kill__recognises_the_redemption(place: Town, tmp_path: Path) -> None:
    place.told("replay", FOLDER)
    (journal,) = (place.data / "replays").iterdir()
    lines = journal.read_text().splitlines()
    journal.write_text("\n".join([*lines[:-2], lines[-2][:9]]))
    head = place.head()
    assert place.told("replay", FOLDER)["known"] == 7
    assert place.head() == head


def test_replay__straight_to_the_contract__ends_the_same(place: Town, tmp_path: Path) -> None:
    told = place.told("replay", FOLDER, "--unchecked", "--report", tmp_path / "out.csv")
    assert (told["accepted"], told["accepted_rows"], told["refused"]) == (7, 9, {})
    assert place.told("audit", "reconcile")["equal"]
    assert place.told("replay", FOLDER)["known"] == 7, "the node recognises what was redeemed past it"


@pytest.mark.parametrize("way", [[], ["--unchecked"]], ids=["api", "contract"])
def test_replay__broken_rows__are_refused_as_expected(place: Town, tmp_path: Path, way: list[str]) -> None:
    folder, report = broken_folder(tmp_path / "broken"), tmp_path / "out.csv"
    told = place.told("replay", folder, "--report", report, *way)
    assert told["unexpected"] == []
    assert told["accepted"] == 3
    assert outcomes(report) == [
        (str(number), "refused" if reason else "accepted", reason or "")
        for number, (_, reason) in enumerate(BROKEN, start=1)
    ]
    again = place.told("replay", folder, "--report", tmp_path / "again.csv", *way)
    assert again["known"] == len(BROKEN)
    assert report.read_bytes() == (tmp_path / "again.csv").read_bytes()
    assert place.told("audit", "reconcile")["equal"]


def test_replay__other_than_expected__names_the_code(place: Town, tmp_path: Path) -> None:
    folder = tmp_path / "wrong"
    shutil.copytree(FOLDER, folder)
    rows = rows_of(folder / "redemptions.csv")[:3]
    rows[2]["expected"] = "RegionOutside"
    write_rows(folder / "redemptions.csv", rows)
    assert place.told("replay", folder, exit_code=1)["unexpected"] == [2]
    assert "code 2 (rows 3): accepted, expected RegionOutside" in place.run("replay", folder, exit_code=1).output


def test_replay__not_loaded__says_so(tmp_path: Path) -> None:
    with town(tmp_path / "data") as place:
        told = place.told("replay", FOLDER, exit_code=2)
    assert told["error"] == "NotLoaded"
    assert "vouchertrail load" in told["message"]


def test_replay__not_loaded_with_acts__says_so(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    shutil.copytree(FOLDER, folder)
    row = {"act": "1", "at": "2026-03-03T18:20:00+08:00", "kind": "reverse", "code": "4", "by": "device:till-noodles"}
    write_rows(folder / "acts.csv", [row])
    with town(tmp_path / "data") as place:
        assert place.told("replay", folder, exit_code=2)["error"] == "NotLoaded"


def test_replay__act_about_what_was_added_since__plays_nothing(place: Town, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    shutil.copytree(FOLDER, folder)
    merchants = rows_of(folder / "merchants.csv")
    new = merchants[0] | {"merchant": "new-shop", "name": "New", "terminals": "", "payout": ""}
    write_rows(folder / "merchants.csv", [*merchants, new])
    until = {"until": "2026-03-09T18:20:00+08:00", "merchant": "new-shop"}
    write_rows(folder / "acts.csv", [{"act": "1", "at": "2026-03-03T18:20:00+08:00", "kind": "freeze", **until}])
    head = place.head()
    assert "'new-shop' is not on chain" in place.told("replay", folder, exit_code=2)["message"]
    assert place.head() == head


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("batches.csv", ",fixed,2000,", ",fixed,2500,", "batch meals-20: face is 2000 on chain and 2500 in the files"),
        ("holders.csv", "device:phone-01", "device:phone-09", "roll meals-devices: holder at place 0 is"),
    ],
)
def test_replay__folder_changed_since_it_was_loaded__plays_nothing(
    place: Town, tmp_path: Path, file: str, old: str, new: str, told: str
) -> None:
    folder = tmp_path / "folder"
    shutil.copytree(FOLDER, folder)
    (folder / file).write_text((folder / file).read_text().replace(old, new))
    head = place.head()
    refused = place.told("replay", folder, exit_code=2)
    assert refused["error"] == "FolderDiffers"
    assert told in refused["message"]
    assert place.head() == head
    assert place.told("replay", FOLDER)["accepted"] == 7, "nothing of the changed one was kept"


def test_replay__signed_by_a_device_of_somebody__says_so(place: Town, tmp_path: Path) -> None:
    folder = tmp_path / "strange"
    shutil.copytree(FOLDER, folder)
    rows = rows_of(folder / "redemptions.csv")[2:3]
    rows[0] |= {"signer": "0x" + "ab" * 20, "expected": "SignatureInvalid"}
    write_rows(folder / "redemptions.csv", rows)
    told = place.told("replay", folder, exit_code=2)
    assert told["error"] == "NobodySigns"
    assert "row 3" in told["message"]


def test_replay__shift_to_now__plays_what_is_valid_now(place: Town, tmp_path: Path) -> None:
    place.wait_until(moment("2026-03-20T12:00"))  # meals-20 is over, drinks-5 and elders-30 are not
    told = place.told("replay", FOLDER, "--shift-to-now", "--report", tmp_path / "out.csv")
    found = {row["row"]: row["outcome"] for row in rows_of(tmp_path / "out.csv")}
    assert found == {**dict.fromkeys("1235", "skipped"), **dict.fromkeys("46789", "accepted")}
    assert (told["skipped"], told["accepted"], told["unexpected"]) == (3, 4, [])


def test_replay__shift_to_now_again__skips_the_same_and_does_nothing(place: Town, tmp_path: Path) -> None:
    place.wait_until(moment("2026-03-20T12:00"))
    place.told("replay", FOLDER, "--shift-to-now", "--report", tmp_path / "one.csv")
    place.wait_until(moment("2026-03-20T12:10"))
    again = place.told("replay", FOLDER, "--shift-to-now", "--report", tmp_path / "two.csv")
    assert (again["skipped"], again["accepted"], again["known"], again["unexpected"]) == (3, 4, 4, [])
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()


@pytest.mark.parametrize("until", ["2026-03-20T12:01", "2026-03-20T12:10"], ids=["soon", "behind its deadline"])
@pytest.mark.parametrize("asked", [True, False], ids=["asked", "not asked"])
def test_replay__shift_to_now_killed_before_it_knew_an_outcome__asks_for_the_same_again(
    place: Town, tmp_path: Path, asked: bool, until: str
) -> None:
    place.wait_until(moment("2026-03-20T12:00"))
    folder = tmp_path / "folder"
    shutil.copytree(FOLDER, folder)
    rows = rows_of(folder / "redemptions.csv")
    rows[7] |= {"items": "1:2500"}  # refused, and so in no record
    write_rows(folder / "redemptions.csv", rows)
    assert place.told("replay", folder, "--shift-to-now", exit_code=1)["unexpected"] == [6]
    (journal,) = (place.data / "replays").iterdir()
    lines = [line for line in journal.read_text().splitlines() if not line.startswith('[6,"')]
    begun = next(line for line in lines if line.startswith("[6,"))
    if not asked:
        lines[lines.index(begun)] = f"[6,{int(begun[3:-1]) - 1}]"
    journal.write_text("\n".join(lines) + "\n")
    place.wait_until(moment(until))
    again = place.told("replay", folder, "--shift-to-now", exit_code=1)
    assert (again["unexpected"], again["refused"], again["known"]) == ([6], {"AmountsOverBill": 1}, 4 - 1)


def test_replay__codes_that_rest_on_others_played_together__wait_for_them(place: Town, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    shutil.copytree(FOLDER, folder)
    like = rows_of(folder / "redemptions.csv")[3] | {"note": ""}
    uses = [(place_of, expected) for place_of in range(2, 14) for expected in ("", "AlreadyRedeemed")]
    rows = [
        like | {"row": str(n), "code": str(n), "place": str(use), "receipt": f"r-{n}", "expected": expected}
        for n, (use, expected) in enumerate(uses, start=1)
    ]
    write_rows(folder / "redemptions.csv", rows)
    place.wait_until(moment("2026-03-20T12:00"))
    told = place.told("replay", folder, "--shift-to-now", "--together", "8")
    assert (told["accepted"], told["refused"], told["unexpected"]) == (12, {"AlreadyRedeemed": 12}, [])


def test_replay__that_stops_among_codes_played_together__has_noted_those_before(place: Town, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    shutil.copytree(FOLDER, folder)
    like = rows_of(folder / "redemptions.csv")[3] | {"note": "", "channel": "online", "expected": "ChannelClosed"}
    rows = [like | {"row": str(n), "code": str(n), "receipt": f"r-{n}"} for n in range(1, 101)]
    write_rows(folder / "redemptions.csv", [*rows[:99], rows[99] | {"signer": "0x" + "ab" * 20}])
    place.wait_until(moment("2026-03-20T12:00"))
    told = place.told("replay", folder, "--shift-to-now", "--together", "4", exit_code=2)
    assert told["error"] == "NobodySigns"
    (journal,) = (place.data / "replays").iterdir()
    assert journal.read_text().count("ChannelClosed") >= 99 - 4 * 4


def test_replay__past_the_check_while_a_node_serves__is_refused(place: Town) -> None:
    with open_street(place):
        told = place.told("replay", FOLDER, "--unchecked", exit_code=1)
    assert told["error"] == "NodeServes"


def test_replay__through_a_running_node__uses_it(place: Town) -> None:
    with open_street(place) as street:
        told = place.told("replay", FOLDER, "--url", street.url)
        assert told["accepted"] == 7
        assert place.told("replay", FOLDER, exit_code=1)["error"] == "NotStarted"


def test_replay__through_a_node_that_limits_its_callers__goes_at_their_pace(
    place: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOUCHERTRAIL_RATE_LIMIT", "2")
    monkeypatch.setenv("VOUCHERTRAIL_RATE_BURST", "1")
    assert place.told("replay", FOLDER)["accepted"] == 7


class OtherEngine(http.server.BaseHTTPRequestHandler):
    """A chain whose clock nobody can move: anvil behind an engine's name that is not its own."""

    protocol_version = "HTTP/1.1"
    behind: ClassVar[str]

    def do_POST(self) -> None:
        asked = self.rfile.read(int(self.headers["Content-Length"]))
        content = httpx.post(self.behind, content=asked, headers={"Content-Type": "application/json"}).content
        answer = re.sub(rb'"anvil/[^"]*"', b'"Nethermind/v1.30.0"', content)
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


def test_replay__clock_that_nobody_can_move__says_what_shift_to_now_does(
    place: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with place.office() as office:
        OtherEngine.behind = office.handle.url
    elsewhere = Town(tmp_path / "elsewhere")  # a node whose chain others run
    shutil.copytree(place.data, elsewhere.data, ignore=shutil.ignore_patterns("chain"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), OtherEngine) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("VOUCHERTRAIL_CHAIN_URL", f"http://127.0.0.1:{server.server_port}")
        told = elsewhere.told("replay", FOLDER, exit_code=2)
        server.shutdown()
    assert told["error"] == "ClockFixed"
    assert "--shift-to-now every row is played at once" in told["message"]
