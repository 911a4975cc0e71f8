"""Notice, rejection and validity by policy, from the command line and over HTTP of a real node.

notice
└── a programme is loaded with one → it waits, is refused a second early, and is activated when the notice is over
rejection
└── a proposed programme → described, proposed, rejected for good; all of it is shown
policy
├── proposed by one, approved by another → batches outside it are named before anything is sent
├── an exception → asked for, granted, opens that batch
├── exceptions for batches that differ in their kind alone → each asked for and granted by itself
└── withdrawn or turned down → never in force
experience
├── a batch shorter than people took → warned about by load and mint_batch; never refused
└── over HTTP → what the chain would say, policies, and a programme's life
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from node_api.domain.access import ApiRole
from node_api.domain.ids import Amount
from node_api.services.import_folder import ImportFolder, check_folder
from node_api.services.loading.terms import programme_terms, rules_terms
from node_api.services.ports.treasury import DraftProgramme, LineTerms
from tests.e2e.town import FOLDER, Town, moment, open_street, rows_of, town, write_rows

DAY = 86_400
TABLE = "category,face_from,condition_from,shortest_days,longest_days\n1,0,0,10,40\n7,1000,,30,\n"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Town]:
    with town(tmp_path / "data") as built:
        yield built


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "policy.csv"
    path.write_text(TABLE, encoding="utf-8")
    return path


def folder_with(path: Path, file: str, **changes: str) -> Path:
    """A copy of the folder, its first row of a file changed."""
    shutil.copytree(FOLDER, path)
    rows = rows_of(path / file)
    rows = [{**dict.fromkeys(changes, ""), **row} for row in rows]
    rows[0].update(changes)
    write_rows(path / file, rows)
    return path


def with_batch(path: Path, **changes: str) -> Path:
    """A copy of the folder with a batch more, like its first one."""
    shutil.copytree(FOLDER, path)
    rows = [{**dict.fromkeys(changes, ""), **row} for row in rows_of(path / "batches.csv")]
    write_rows(path / "batches.csv", [*rows, {**rows[0], "batch": "fair", **changes}])
    return path


def test_notice__loaded_with_a_programme__holds_its_activation(place: Town, tmp_path: Path) -> None:
    digest = "0x" + "ab" * 32
    folder = folder_with(
        tmp_path / "folder",
        "programmes.csv",
        notice_seconds=str(10 * DAY),
        how_to_use=digest,
        how_to_use_uri="https://example.org/how",
    )
    assert place.told("load", folder)["waiting"] == ["meals-2026", "museums-2026"]
    life = place.told("programmes", "show", "meals-2026")
    earliest = life["publication"]["earliest"]
    published = next(step for step in life["steps"] if step["name"] == "published")
    assert earliest == published["tx"]["block"]["timestamp"] + 10 * DAY > moment("2026-03-02T00:00")
    assert life["publication"]["how_to_use"] == {"hash": digest, "uri": "https://example.org/how"}
    assert life["publication"]["quota"] > 0

    place.wait_until(moment("2026-03-02T00:00"))
    assert place.told("load", folder)["waiting"] == ["meals-2026", "museums-2026"]
    early = place.told("programmes", "activate", "meals-2026", exit_code=1)
    assert early["error"] == "ProgrammeRegistry_NoticeRunning"
    place.wait_until(earliest)
    assert place.told("load", folder)["waiting"] == ["museums-2026"]
    assert place.told("programmes", "show", "meals-2026")["programme"]["state"] == "ACTIVE"
    differs = folder_with(tmp_path / "other", "programmes.csv", notice_seconds="1")
    assert place.told("load", differs, exit_code=2)["error"] == "FolderDiffers"


def test_rejection__of_a_proposed_programme__is_for_good(place: Town, tmp_path: Path) -> None:
    draft(place, "autumn")
    text = tmp_path / "conditions.txt"
    text.write_text("One voucher a bill.", encoding="utf-8")
    describing = ("programmes", "describe", "autumn", "--notice", "3600", "--conditions", text)
    assert [place.told(*describing)["done"] for _ in range(2)] == [True, False]
    place.run("programmes", "describe", "autumn", "--conditions-uri", "urn:x", exit_code=2)
    assert [place.told("programmes", "propose", "autumn")["done"] for _ in range(2)] == [True, False]
    late = place.told("programmes", "describe", "autumn", exit_code=1)
    assert late["error"] == "ProgrammeRegistry_StateWrong"
    rejecting = ("programmes", "reject", "autumn", "--reason", "no funds")
    assert [place.told(*rejecting)["done"] for _ in range(2)] == [True, False]
    assert place.told("programmes", "approve", "autumn", exit_code=1)["error"] == "ProgrammeRegistry_StateWrong"
    life = place.told("programmes", "show", "autumn")
    assert life["programme"]["state"] == "REJECTED"
    assert [(step["name"], step["reason"]) for step in life["steps"]][-1] == ("rejected", "no funds")
    assert "no funds" in place.run("programmes", "show", "autumn").output


def test_steps__by_command__take_a_programme_from_draft_to_active(place: Town) -> None:
    draft(place, "autumn")
    for step in ("propose", "approve", "publish"):
        assert [place.told("programmes", step, "autumn")["done"] for _ in range(2)] == [True, False]
    assert place.told("programmes", "activate", "autumn", exit_code=1)["error"] == "ProgrammeRegistry_TooEarly"
    place.wait_until(moment("2026-03-02T00:00"))
    assert [place.told("programmes", "activate", "autumn")["done"] for _ in range(2)] == [True, False]


def test_policy__in_force__names_batches_outside_it_before_anything_is_sent(
    place: Town, table: Path, tmp_path: Path
) -> None:
    place.run("load", FOLDER)
    proposing = ("validity", "propose", table, "--reason", "harvest")
    assert [place.told(*proposing)["done"] for _ in range(2)] == [True, False]
    waiting = place.told("validity", "propose", table, "--reason", "another", exit_code=1)
    assert waiting["error"] == "ProgrammeRegistry_PolicyWaiting"
    assert [place.told("validity", "approve", "1")["done"] for _ in range(2)] == [True, False]
    assert place.told("validity", "show")["in_force"] == 1
    assert "harvest" in place.run("validity", "show").output

    short = with_batch(tmp_path / "short", valid_until="2026-03-04T00:00:00+08:00")
    head = place.head()
    refused = place.told("load", short, exit_code=1)
    assert refused["error"] == "ValidityRefused"
    assert "batch fair: ProgrammeRegistry_ValidityTooShort: category 1 valid for 172,800 seconds" in refused["message"]
    assert place.head() == head

    asking = ("validity", "propose-exception", short, "fair", "--reason", "a fair of two days")
    assert [place.told(*asking)["done"] for _ in range(2)] == [True, False]
    place.run("validity", "propose-exception", short, "nothing", "--reason", "x", exit_code=2)
    (asked,) = place.told("validity", "show")["exceptions"]
    assert (asked["ref"], asked["decided"]) == ("fair", None)
    assert place.told("load", short, exit_code=1)["error"] == "ValidityRefused"
    assert [place.told("validity", "grant-exception", asked["id"])["done"] for _ in range(2)] == [True, False]
    assert place.told("load", short)["sent"]["OpenBatches"]["transactions"] == 1


def test_exception__of_every_kind__opens_the_batch_of_that_kind(place: Town, table: Path, tmp_path: Path) -> None:
    place.run("load", FOLDER)
    place.run("validity", "propose", table, "--reason", "harvest")
    place.run("validity", "approve", "1")
    until = {"valid_until": "2026-03-04T00:00:00+08:00"}
    kinds = {"fixed": "", "percentage": "1000", "stored": ""}
    folders = {
        kind: with_batch(tmp_path / kind, kind=kind, percentage=percentage, **until)
        for kind, percentage in kinds.items()
    }
    for folder in folders.values():
        asking = ("validity", "propose-exception", folder, "fair", "--reason", "a fair of two days")
        assert [place.told(*asking)["done"] for _ in range(2)] == [True, False]
    fixed, percentage, stored = place.told("validity", "show")["exceptions"]
    for asked in (percentage, stored):
        assert place.told("validity", "grant-exception", asked["id"])["done"]

    head = place.head()
    assert place.told("load", folders["fixed"], exit_code=1)["error"] == "ValidityRefused"
    assert place.head() == head
    assert place.told("load", folders["stored"])["sent"]["OpenBatches"]["transactions"] == 1
    assert (fixed["decided"], len({fixed["id"], percentage["id"], stored["id"]})) == (None, 3)


def test_policy__ended_while_it_waits__is_never_in_force(place: Town, table: Path, tmp_path: Path) -> None:
    place.run("load", FOLDER)
    place.run("validity", "propose", table, "--reason", "one")
    assert place.told("validity", "withdraw", "1", "--reason", "a slip")["done"]
    place.run("validity", "propose", table, "--reason", "two")
    assert place.told("validity", "reject", "2", "--reason", "too strict")["done"]
    assert place.told("validity", "approve", "2", exit_code=1)["error"] == "ProgrammeRegistry_PolicyNotWaiting"
    shown = place.told("validity", "show")
    assert (shown["in_force"], [one["withdrawn"]["reason"] for one in shown["policies"]]) == (
        None,
        ["a slip", "too strict"],
    )
    short = with_batch(tmp_path / "short", valid_until="2026-03-04T00:00:00+08:00")
    assert place.told("validity", "propose-exception", short, "fair", "--reason", "in time")["done"]
    (asked,) = place.told("validity", "show")["exceptions"]
    assert place.told("validity", "reject-exception", asked["id"], "--reason", "not needed")["done"]
    assert place.told("load", short)["sent"]["OpenBatches"]["transactions"] == 1
    bad = table.with_name("bad.csv")
    bad.write_text(TABLE.replace("10,40", "ten,40"), encoding="utf-8")
    place.run("validity", "propose", bad, "--reason", "x", exit_code=2)


def draft(place: Town, ref: str) -> None:
    """A programme like the first of the folder, drafted alone."""
    folder = check_folder(FOLDER)
    assert isinstance(folder, ImportFolder)
    row = folder.programmes[0]
    with place.office() as office:
        token = office.book.token(row.token)
        assert token is not None
    terms = replace(programme_terms(row, token), name="Autumn")
    lines = (LineTerms(token, 0, "residents", "meals", Amount(100_000)),)
    place.do(DraftProgramme(ref, terms, rules_terms(row), lines))


def test_experience__of_redemptions__warns_and_refuses_nothing(
    place: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("node_api.domain.validity.LEAST_SAMPLE", 3)
    place.run("load", FOLDER)
    place.run("replay", FOLDER)
    long = with_batch(tmp_path / "long")
    assert place.told("load", long)["warnings"] == []
    shutil.rmtree(tmp_path / "long")
    short = with_batch(
        tmp_path / "short",
        batch="sale",
        valid_from="2026-03-31T00:00:00+08:00",
        valid_until="2026-03-31T06:00:00+08:00",
    )
    told = place.told("load", short, "--dry-run")
    (warning,) = told["warnings"]
    assert warning.startswith("batch sale is valid for 0.2 days; of ")
    assert "warning: batch sale" in place.run("load", short, "--dry-run").output
    assert place.told("load", short)["sent"]["OpenBatches"]["transactions"] == 1
    holders = tmp_path / "holders.txt"
    holders.write_text("zoe\n", encoding="utf-8")
    minted = place.told("mint_batch", holders, "--batch", "sale", "--ref", "sale", "--dry-run")
    assert minted["warnings"][0].startswith("batch sale is valid for 0.2 days")


def test_api__asked_of_a_batch__says_what_the_chain_would(place: Town, table: Path) -> None:
    place.run("load", FOLDER)
    place.run("validity", "propose", table, "--reason", "harvest")
    place.run("validity", "approve", "1")
    batch = {
        "ref": "fair",
        "programme": 1,
        "categories": [1],
        "face_value": 2000,
        "valid_from": moment("2026-03-02T00:00"),
        "valid_until": moment("2026-03-12T00:00"),
    }
    with open_street(place) as street:
        staff = street.client(ApiRole.TREASURER)
        said = staff.post("/v1/validity/check", json=batch).json()
        assert (said["accepted"], said["reason"], said["warning"]) == (True, None, None)
        late = {**batch, "valid_until": moment("2026-03-12T00:00") - 1}
        said = staff.post("/v1/validity/check", json=late).json()
        assert (said["accepted"], said["reason"]) == (False, "ProgrammeRegistry_ValidityTooShort")
        standing = staff.get("/v1/validity").json()
        assert (standing["in_force"], standing["policies"][0]["faces"]) == (1, [1000])
        life = staff.get("/v1/programmes/meals-2026/life").json()
        assert [step["name"] for step in life["steps"]] == ["drafted", "proposed", "approved", "published"]
