"""`vouchertrail audit` and `vouchertrail index`, as a person or a program calls them.

audit
├── trace ............ for people, JSON, CSV; 1 where a check fails or there is no such voucher; 2 for no number
├── programme ........ by number and by reference; 1 for an unknown one
├── merchant ......... by number and by reference; 1 for an unknown one
└── reconcile ........ 0 where all agrees; 1 and the difference named where not; 3 where the state is gone
index
├── follow, status, rebuild
├── verify, later ..... removes what a killed one left, and nothing that another uses
└── verify ........... 0 where a rebuild is equal; 1 and the table named where not, or where room is wanted for the other one
"""

from __future__ import annotations

import csv
import fcntl
import io
import json
import os
import resource
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from node_api.__main__ import cli
from tests.storage.conftest import told  # noqa: F401 - the fixture
from tests.world import CHAIN_ID, World

Run = Callable[..., Result]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def run(told: World, data: Path, monkeypatch: pytest.MonkeyPatch) -> Run:  # noqa: F811
    """Calls the command on a node of its own beside the told chain."""
    monkeypatch.setenv("VOUCHERTRAIL_CHAIN_URL", told.rpc.url)
    monkeypatch.setenv("VOUCHERTRAIL_CHAIN_ID", str(CHAIN_ID))
    monkeypatch.setenv("VOUCHERTRAIL_DEPLOYMENTS", str(told.folder / "deployments"))

    def call(*arguments: str) -> Result:
        return CliRunner().invoke(cli, [*arguments, "--data", str(data)])

    return call


@pytest.fixture
def redeemed(told: World) -> str:  # noqa: F811
    return str(told.voucher(1, 1, 0))


def tamper(data: Path, statement: str) -> None:
    with sqlite3.connect(data / "node.sqlite") as database:
        database.execute(statement)
    database.close()


def test_trace__for_people__tells_life_custody_and_checks(run: Run, redeemed: str) -> None:
    result = run("audit", "trace", redeemed)
    assert result.exit_code == 0, result.output
    for told_of in (redeemed, "REDEEMED", "the operator could have signed", "ECDSA", "programme approved", "APPROVER"):
        assert told_of in result.output


def test_trace__for_programs__is_json_or_rows(run: Run, redeemed: str) -> None:
    told_of = json.loads(run("audit", "trace", redeemed, "--json").output)
    assert told_of["sound"] is True
    assert told_of["trace"]["facts"]["voucher"] == redeemed
    assert told_of["trace"]["state"] == "REDEEMED"
    rows = list(csv.DictReader(io.StringIO(run("audit", "trace", redeemed, "--csv").output)))
    assert [row["what"] for row in rows][-2:] == ["redeemed", "merchant paid"]


def test_trace__of_a_tampered_redemption__ends_with_one(run: Run, redeemed: str, data: Path) -> None:
    run("index", "follow")
    tamper(data, "UPDATE redemptions SET amount = amount + 1 WHERE number = 1")
    result = run("audit", "trace", redeemed)
    assert result.exit_code == 1
    assert "NO" in result.output


@pytest.mark.parametrize(("voucher", "code"), [("1", 1), ("-1", 2), ("x", 2), ("٣", 2), (str(1 << 59), 2)])
def test_trace__of_no_voucher__ends_with_a_code(run: Run, voucher: str, code: int) -> None:
    assert run("audit", "trace", *(["--", voucher] if voucher == "-1" else [voucher])).exit_code == code


def test_programme__by_number_and_reference__is_the_same(run: Run) -> None:
    by_number = json.loads(run("audit", "programme", "2", "--json").output)
    assert by_number == json.loads(run("audit", "programme", "programme-Travel", "--json").output)
    assert by_number["report"]["programme"]["state"] == "CLOSED"
    assert "the season is over" in run("audit", "programme", "2").output
    rows = list(csv.DictReader(io.StringIO(run("audit", "programme", "2", "--csv").output)))
    assert [row["returned"] for row in rows] == ["599400", "600000"]


def test_merchant__by_number_and_reference__is_the_same(run: Run) -> None:
    by_number = json.loads(run("audit", "merchant", "1", "--json").output)
    assert by_number == json.loads(run("audit", "merchant", "shop-1", "--json").output)
    assert len(by_number["report"]["refusals"]) == 2
    rows = list(csv.DictReader(io.StringIO(run("audit", "merchant", "shop-1", "--csv").output)))
    assert [(row["line"], row["redeemed"], row["settled"], row["payable"]) for row in rows] == [
        ("1/1", "5000", "5000", "0"),
        ("1/2", "300", "0", "300"),
        ("2/1", "600", "600", "0"),
    ]
    assert "payout account" in run("audit", "merchant", "shop-1").output


@pytest.mark.parametrize("kind", ["programme", "merchant"])
def test_report__of_an_unknown_one__names_it(run: Run, kind: str) -> None:
    result = run("audit", kind, "no-such-thing", "--json")
    assert result.exit_code == 1
    assert "no-such-thing" in json.loads(result.output)["message"]


def test_report__at_an_older_block__is_as_of_that_block(told: World, run: Run) -> None:  # noqa: F811
    before_close = told.head() - 3  # the close and the return of two rests are the last blocks
    told_of = json.loads(run("audit", "programme", "2", "--block", str(before_close), "--json").output)
    assert told_of["report"]["block"]["number"] == before_close
    assert told_of["report"]["programme"]["state"] != "CLOSED"
    assert run("audit", "programme", "2", "--block", "9999").exit_code == 1


def test_reconcile__where_all_agrees__ends_with_zero(run: Run) -> None:
    result = run("audit", "reconcile", "--json")
    assert result.exit_code == 0
    told_of = json.loads(result.output)
    assert told_of["equal"] is True
    assert told_of["lines"] == 4
    assert "Differences (0)" in run("audit", "reconcile").output
    assert run("audit", "reconcile", "--programme", "programme-Meals").exit_code == 0


def test_reconcile__with_a_difference__names_it_and_ends_with_one(run: Run, data: Path) -> None:
    run("index", "follow")
    tamper(data, "UPDATE line_totals SET settled = settled + 7 WHERE line = 65537")
    result = run("audit", "reconcile", "--json")
    assert result.exit_code == 1
    differences = json.loads(result.output)["differences"]
    assert {"subject": "line 65537", "term": "settled"}.items() <= differences[1].items()
    assert differences[1]["values"] == {"chain": 5000, "days": 5000, "events": 5000, "index": 5007}
    assert "line 1/1 " in run("audit", "reconcile").output
    rows = list(csv.DictReader(io.StringIO(run("audit", "reconcile", "--csv").output)))
    assert {row["term"] for row in rows if row["equal"] == "no"} == {"payable", "settled"}


def test_reconcile__with_another_holder__names_it_for_programs_too(run: Run, data: Path, redeemed: str) -> None:
    run("index", "follow")
    other = f"X'{'ab' * 20}'"
    columns = "block, log_index, tx_index, voucher, sender, receiver"
    tamper(data, f"INSERT INTO transfers ({columns}) VALUES (90, 999, 0, {redeemed}, {other}, {other})")  # noqa: S608
    result = run("audit", "reconcile", "--json")
    assert result.exit_code == 1
    differences = {one["term"]: one["values"] for one in json.loads(result.output)["differences"]}
    assert differences["holder"]["index"] == int("ab" * 20, 16)


def test_index__is_followed_told_and_rebuilt(run: Run, told: World, data: Path) -> None:  # noqa: F811
    assert f"block {told.head()}" in run("index", "follow").output
    result = run("index", "status", "--json")
    assert result.exit_code == 0, result.exception
    status = json.loads(result.output)
    assert (status["block"], status["head"]) == (told.head(), told.head())
    assert status["rows"]["redemptions"] == 5
    assert run("index", "verify").exit_code == 0
    tamper(data, "DELETE FROM issues WHERE batch = 3")
    result = run("index", "verify")
    assert result.exit_code == 1
    assert "issues: 4 rows here, 5 rebuilt" in result.output
    assert json.loads(run("index", "status", "--json").output)["digest"] != status["digest"]
    assert run("index", "rebuild").exit_code == 0
    assert run("index", "verify").exit_code == 0
    assert f"digest                 {status['digest']}" in run("index", "status").output


def test_index__verified_without_room_for_the_other_one__says_where_room_is_wanted(run: Run, data: Path) -> None:
    assert run("index", "follow").exit_code == 0
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        result = run("index", "verify", "--json")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    said = json.loads(result.output)
    assert (result.exit_code, said["error"]) == (1, "RebuildNotKept")
    assert f"in {tempfile.gettempdir()}/vouchertrail-" in said["message"]
    assert "TMPDIR" in said["message"]
    assert "VOUCHERTRAIL_DATABASE" not in said["message"]


def test_index__verified__removes_what_a_killed_one_left(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "room"))
    killed, running, young = (tmp_path / "room" / f"vouchertrail-rebuilt-{name}" for name in ("a", "b", "c"))
    for folder in (killed, running, young):
        folder.mkdir(parents=True)
        (folder / "rebuilt.sqlite").write_bytes(b"rows")
    for folder in (killed, running):
        os.utime(folder, (0, 0))
    descriptor = os.open(running, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        assert run("index", "verify").exit_code == 0
    finally:
        os.close(descriptor)
    assert sorted((tmp_path / "room").iterdir()) == [running, young]


def test_index__of_other_contracts__is_refused(run: Run, data: Path) -> None:
    run("index", "follow")
    tamper(data, "UPDATE checkpoint SET identity = 'another chain'")
    result = run("audit", "reconcile", "--json")
    assert result.exit_code == 1
    assert json.loads(result.output)["error"] == "IndexForeign"


def test_commands__without_a_chain__end_with_three(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOUCHERTRAIL_CHAIN_URL", "http://127.0.0.1:9")
    assert run("audit", "reconcile").exit_code == 3
    assert run("index", "status").exit_code == 3
