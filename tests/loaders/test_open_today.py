"""One programme of an import folder, open now.

open_today
├── the programme's rows, what they name and nothing else; no acts
├── all times moved by the same whole days, so that now lies in the middle
├── without faults, like the folder it comes from
└── no such programme → refused, nothing written
"""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from node_api.loaders.open_today import NoSuchProgramme, open_today
from node_api.services.import_folder import ImportFolder, check_folder
from tests.e2e.town import FOLDER

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_open_today__then_the_programmes_rows_and_what_they_name(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for path in FOLDER.glob("*.csv"):
        (source / path.name).write_bytes(path.read_bytes())
    (source / "acts.csv").write_text("never read\n")
    out = tmp_path / "out"
    open_today(source, out, "museums-2026", NOW)
    assert [row["programme"] for row in rows(out, "programmes.csv")] == ["museums-2026"]
    assert {row["merchant"] for row in rows(out, "merchants.csv")} == {
        row["merchant"] for row in rows(FOLDER, "redemptions.csv") if row["programme"] == "museums-2026"
    }
    batches = {row["batch"] for row in rows(out, "batches.csv")}
    assert {row["batch"] for row in rows(out, "issues.csv")} == batches
    assert len(rows(out, "redemptions.csv")) < len(rows(FOLDER, "redemptions.csv"))
    assert not (out / "acts.csv").exists()
    assert isinstance(check_folder(out), ImportFolder)


def test_open_today__then_now_lies_in_the_middle_of_its_time(tmp_path: Path) -> None:
    moved = open_today(FOLDER, tmp_path / "out", "meals-2026", NOW)
    assert moved == timedelta(days=moved.days)
    for name, columns in (("programmes.csv", ["starts_at", "ends_at"]), ("redemptions.csv", ["redeemed_at"])):
        before = [row for row in rows(FOLDER, name) if row["programme"] == "meals-2026"]
        for old, new in zip(before, rows(tmp_path / "out", name), strict=True):
            times = [(datetime.fromisoformat(old[one]), datetime.fromisoformat(new[one])) for one in columns]
            assert [after - first for first, after in times] == [moved] * len(columns)
    (programme,) = rows(tmp_path / "out", "programmes.csv")
    begins, ends = (datetime.fromisoformat(programme[name]) for name in ("starts_at", "ends_at"))
    assert abs((NOW - begins) - (ends - NOW)) < timedelta(days=2)


def test_open_today__when_there_is_no_such_programme__then_refused(tmp_path: Path) -> None:
    with pytest.raises(NoSuchProgramme, match="has no programme 'parks'"):
        open_today(FOLDER, tmp_path / "out", "parks", NOW)
    assert not (tmp_path / "out").exists()
