"""Rules that change, from the command line of a real node: proposed, waited for, activated, taken back, looked up.

rules
├── propose: keeps what is not named, waits seven days, does nothing twice; refused while another version waits
├── activate: refused before its time; then once, and the batches already open keep theirs
├── withdraw, reject: end what waits; the number is not used again
└── show: which version stood at a time, by whom and why; for people and for programs
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.town import FOLDER, Json, Town, town


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Town]:
    with town(tmp_path / "data") as built:
        built.run("load", FOLDER)
        yield built


def show(place: Town, *options: str) -> Json:
    told: Json = place.told("rules", "show", "1", *options)["rules"]
    return told


def test_rules__changed_by_two_people__stand_from_their_activation_on(place: Town) -> None:
    terms = ("--day-amount", "5000", "--open-seconds", "120", "--open-max-bill", "20000", "--widen-channel", "1")
    proposing = ("rules", "propose", "1", "--reason", "shops asked", *terms)
    proposed = place.told(*proposing)
    assert (proposed["version"], proposed["state"]) == (2, "proposed")
    assert proposed["terms"]["day_amount"] == 5_000
    assert (proposed["terms"]["open_seconds"], proposed["terms"]["open_max_bill"]) == (120, 20_000)
    assert proposed["terms"]["max_deadline"] == show(place)["versions"][0][0]["rules"]["max_deadline"]
    assert place.told(*proposing)["transaction"] is None

    other = place.told("rules", "propose", "1", "--reason", "another", "--month-count", "3", exit_code=1)
    assert other["error"] == "ProgrammeRegistry_RulesWaiting"
    early = place.told("rules", "activate", "1", "2", exit_code=1)
    assert early["error"] == "ProgrammeRegistry_RulesNotRipe"
    assert "notice" in early["message"]

    place.wait_until(proposed["ripe_at"])
    activated = place.told("rules", "activate", "1", "2")
    assert (activated["state"], activated["transaction"] is None) == ("active", False)
    assert place.told("rules", "activate", "1", "2")["transaction"] is None

    now = show(place)
    assert (now["stood"]["rules"]["version"], now["widening"]["channels"]) == (2, 2)
    assert (now["stood"]["rules"]["open_seconds"], now["stood"]["rules"]["open_max_bill"]) == (120, 20_000)
    assert [state for _, state in now["versions"]] == ["replaced", "active"]
    before = show(place, "--at", str(proposed["ripe_at"] - 1))
    assert (before["stood"]["rules"]["version"], before["widening"]["channels"]) == (1, 0)
    local = place.run("rules", "show", "1", "--at", "2026-02-01").output
    assert "none: the programme was not published" in local
    told = place.run("rules", "show", "1").output
    for words in ("shops asked", "replaced", "active", "channels 1", "day_amount"):
        assert words in told


def test_rules__taken_back_or_turned_down__never_stand(place: Town) -> None:
    place.told("rules", "propose", "1", "--reason", "first", "--first-only")
    withdrawn = place.told("rules", "withdraw", "1", "2", "--reason", "a slip")
    assert (withdrawn["state"], place.told("rules", "withdraw", "1", "2", "--reason", "x")["transaction"]) == (
        "withdrawn",
        None,
    )
    again = place.told("rules", "propose", "1", "--reason", "second", "--widen-region", "33", "--widen-region", "")
    assert (again["version"], again["widening"]["regions"]) == (3, [0x3300000002, 0])
    assert place.told("rules", "reject", "1", "3", "--reason", "too wide")["state"] == "withdrawn"
    gone = place.told("rules", "activate", "1", "3", exit_code=1)
    assert gone["error"] == "ProgrammeRegistry_RulesNotWaiting"
    assert show(place)["stood"]["rules"]["version"] == 1
    assert show(place)["versions"][2][0]["withdrawn"]["reason"] == "too wide"


def test_rules__asked_wrongly__say_so(place: Town) -> None:
    assert place.told("rules", "show", "nowhere", exit_code=1)["error"] == "ProgrammeUnknown"
    place.run("rules", "show", "1", "--at", "soon", exit_code=2)
    place.run("rules", "propose", "1", "--reason", "x", "--widen-region", "6a", exit_code=2)
