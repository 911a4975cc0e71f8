"""People barred from every programme of a real node, from the command line.

bar
├── spread → one freeze for each person and programme, each in its own transaction, time and end; called again: goes on
├── too many for the hours named → wrong use, nothing sent
├── one of them appealed against or lifted meanwhile → not frozen anew, and the others are
├── one of them refused, for it was frozen by hand meanwhile → told, and the others are frozen
├── at once → all frozen; twice is once
├── called twice at one moment → both go by one schedule, and nobody is frozen twice
├── somebody frozen already → left out
├── the file with the mark that other programs begin UTF-8 with → the first person is barred, too
└── a file not in UTF-8, of nobody, or with a header → wrong use
"""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from node_api.domain.barring import schedule
from tests.e2e.town import BEFORE_ANYTHING, FOLDER, Json, Town, moment, town

PEOPLE = "ada\nben\n\nada\n"
BARRING = ("freezes", "bar", "--until", "2026-03-20T00:00:00+08:00", "--reason", "misuse", "--over", "24")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Town]:
    with town(tmp_path / "data") as built:
        built.run("load", FOLDER)
        yield built


@pytest.fixture
def people(tmp_path: Path) -> Path:
    path = tmp_path / "people.txt"
    path.write_text(PEOPLE, encoding="utf-8")
    return path


def freezes(place: Town) -> list[Json]:
    found: list[Json] = place.told("freezes", "list")["freezes"]
    return found


def test_bar__spread__freezes_each_by_itself(place: Town, people: Path) -> None:
    barring = ("freezes", "bar", people, "--until", "2026-03-20T00:00:00+08:00", "--reason", "misuse", "--over", "24")
    told = place.told(*barring)
    assert (told["freezes"], told["sent"] + told["left"]) == (4, 4)
    (kept,) = (place.data / "bars").iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    while told["left"]:
        place.wait_until(told["next"])
        told = place.told(*barring)
        assert told["sent"] >= 1
    assert place.told(*barring)["sent"] == 0

    found = freezes(place)
    assert sorted(one["what"]["number"] for one in found) == [1, 1, 2, 2]
    assert len({one["what"]["holder"] for one in found}) == 4
    ends = {step["until"] for one in found for step in one["steps"]}
    assert len(ends) == 4
    assert max(ends) <= moment("2026-03-20T00:00")
    transactions = {step["tx"]["hash"] for one in found for step in one["steps"]}
    assert len(transactions) == 4


def test_bar__too_many_for_the_hours__sends_nothing(place: Town, people: Path) -> None:
    people.write_text("\n".join(f"person-{number}" for number in range(4)), encoding="utf-8")
    barring = ("freezes", "bar", people, "--until", "2026-03-20T00:00:00+08:00", "--reason", "misuse", "--over", "1")
    assert place.told(*barring, exit_code=2)["error"] == "SpreadTooNarrow"
    assert freezes(place) == []


@pytest.mark.parametrize("step", [("lift", "--reason", "the wrong person"), ("appeal", "--letter", "it was not me")])
def test_bar__when_one_was_decided_on_meanwhile__goes_on_with_the_others(
    place: Town, people: Path, step: tuple[str, ...]
) -> None:
    told = place.told(*BARRING, people)
    place.wait_until(told["next"])
    assert place.told(*BARRING, people)["sent"] >= 1
    (first, *_) = freezes(place)
    holder = ("holder", str(first["what"]["number"]), "--holder", first["what"]["holder"])
    place.told("freezes", step[0], *holder, *step[1:])

    place.wait_until(moment("2026-03-10T00:00"))

    assert place.told(*BARRING, people)["left"] == 0
    found = freezes(place)
    assert len(found) == 4
    (again,) = [one for one in found if one["what"] == first["what"]]
    assert [one["kind"] for one in again["steps"]] == ["frozen", {"lift": "lifted", "appeal": "appealed"}[step[0]]]


def test_bar__when_one_is_refused__freezes_the_others_and_says_so(place: Town, people: Path) -> None:
    place.told(*BARRING, people)
    (kept,) = (place.data / "bars").iterdir()
    one = json.loads(kept.read_text(encoding="utf-8"))[0]
    holder = ("holder", str(one["programme"]), "--holder", one["holder"])
    place.told("freezes", "freeze", *holder, "--until", "2026-03-25T00:00:00+08:00", "--reason", "by hand")
    place.wait_until(moment("2026-03-10T00:00"))

    told = place.told(*BARRING, people, exit_code=1)

    assert told["error"] == "CaseDesk_FreezeNotLonger"
    assert "3 freezes sent, 0 to come, 1 refused" in told["message"]
    assert len(freezes(place)) == 4


def test_bar__at_once__leaves_out_who_is_frozen(place: Town, people: Path) -> None:
    barring = ("freezes", "bar", people, "--until", "2026-03-20T00:00:00+08:00", "--reason", "misuse", "--now")
    assert [place.told(*barring)["sent"] for _ in range(2)] == [4, 0]
    people.write_text("ada\nben\ncy\n", encoding="utf-8")
    more = place.told(*barring)
    assert (more["sent"], more["freezes"]) == (2, 2)
    assert len(freezes(place)) == 6


def test_bar__called_twice_at_one_moment__draws_one_schedule(
    place: Town, people: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    others: list[subprocess.Popen[str]] = []

    def draw(*given: Any, **how: Any) -> object:
        """The other one gets as far as it can before this one draws its schedule."""
        env = os.environ | {"VOUCHERTRAIL_DATA": str(place.data), "VOUCHERTRAIL_CHAIN_GENESIS_AT": str(BEFORE_ANYTHING)}
        line = [sys.executable, "-m", "node_api", *map(str, BARRING), str(people), "--json"]
        others.append(subprocess.Popen(line, env=env, stdout=subprocess.PIPE, text=True))
        with suppress(subprocess.TimeoutExpired):
            others[0].wait(timeout=15)
        return schedule(*given, **how)

    monkeypatch.setattr("node_api.cli.barring.schedule", draw)
    told = place.told(*BARRING, people)

    said, _ = others[0].communicate(timeout=60)
    assert json.loads(said)["next"] == told["next"] > 0
    place.wait_until(moment("2026-03-10T00:00"))
    assert place.told(*BARRING, people)["left"] == 0
    assert [[step["kind"] for step in one["steps"]] for one in freezes(place)] == [["frozen"]] * 4


def test_bar__a_file_with_a_mark__bars_the_first_person_too(place: Town, people: Path) -> None:
    people.write_text("ada\nben\n", encoding="utf-8")
    place.told(*BARRING[:-2], people, "--now")
    people.write_text("ada\nben\n", encoding="utf-8-sig")
    assert place.told(*BARRING[:-2], people, "--now")["freezes"] == 0  # they are the same people
    assert len(freezes(place)) == 4


def test_bar__a_file_of_no_people__sends_nothing(place: Town, people: Path) -> None:
    for content in (b"holder\nada\n", "\u7532\n".encode("gb18030"), b"\n", b"a" * 129):
        people.write_bytes(content)
        assert place.told(*BARRING[:-2], people, "--now", exit_code=2)["total"] == 1
    assert freezes(place) == []
    people.write_text("\u7532 0042\n", encoding="utf-8")  # as whoever claims may be called
    assert place.told(*BARRING[:-2], people, "--now")["sent"] == 2
