"""People barred from every programme of a real node, from the command line.

bar
├── spread → one freeze for each person and programme, each in its own transaction, time and end; called again: goes on
├── too many for the hours named → wrong use, nothing sent
├── at once → all frozen; twice is once
└── somebody frozen already → left out
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.town import FOLDER, Json, Town, moment, town

PEOPLE = "ada\nben\n\nada\n"


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


def test_bar__at_once__leaves_out_who_is_frozen(place: Town, people: Path) -> None:
    barring = ("freezes", "bar", people, "--until", "2026-03-20T00:00:00+08:00", "--reason", "misuse", "--now")
    assert [place.told(*barring)["sent"] for _ in range(2)] == [4, 0]
    people.write_text("ada\nben\ncy\n", encoding="utf-8")
    more = place.told(*barring)
    assert (more["sent"], more["freezes"]) == (2, 2)
    assert len(freezes(place)) == 6
