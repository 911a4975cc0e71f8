"""
demo
├── loads, replays, reconciles and ends; a second run does nothing and gives the same figures
│   └── tells people every programme's identity and what to try next
├── with the story: tells it step by step, the money adding up after each, and counts it apart
│   └── tells people a line a step
├── serves until it is told to stop, and again
├── on a chain that others run: refuses
└── on a chain that began after the first programme did: refuses
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.e2e.town import FOLDER, Town


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Town]:
    """A town where nothing stands yet."""
    built = Town(tmp_path / "data")
    on_terminate = signal.getsignal(signal.SIGTERM)  # the command sets its own, here for the whole test run
    yield built
    signal.signal(signal.SIGTERM, on_terminate)
    built.stop()


def test_demo__run_again__does_everything_once(place: Town) -> None:
    first = place.told("demo", "--no-serve", "--port", "0", "--folder", FOLDER)
    again = place.told("demo", "--no-serve", "--port", "0", "--folder", FOLDER)
    figures = first["figures"]
    counts = (
        "programmes",
        "lines",
        "merchants",
        "batches",
        "rolls",
        "vouchers",
        "redemptions",
        "codes",
        "refused_codes",
    )
    assert [figures[name] for name in counts] == [2, 3, 4, 4, 4, 81, 9, 7, 0]
    assert (figures["differences"], figures["unexpected"]) == (0, 0)
    assert figures["supply_gas"] > 0
    assert [(entry["ref"], entry["deposited"], entry["equal"]) for entry in figures["identities"]] == [
        ("meals-2026", 700_000, True),
        ("museums-2026", 50_000, True),
    ]
    assert again["figures"] == figures
    assert first["transactions_loaded"] == 26
    assert again["transactions_loaded"] == 0

    told = place.run("demo", "--no-serve", "--port", "0", "--folder", FOLDER).output
    assert "museums-2026" in told
    assert "NO" not in told.split("What to try next")[0].split()
    example = told.split("audit trace ")[1].split()[0]
    assert place.told("audit", "trace", example)["sound"]


def test_demo__serving__until_told_to_stop(place: Town) -> None:
    for ending in (signal.SIGTERM, signal.SIGINT):
        _serve_until(place, ending)


def _serve_until(place: Town, ending: signal.Signals) -> None:
    env = {**os.environ, "VOUCHERTRAIL_DATA": str(place.data)}
    line = [sys.executable, "-m", "node_api", "demo", "--port", "0", "--folder", str(FOLDER)]
    with subprocess.Popen(line, env=env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = next(line for line in process.stdout if line.startswith("serving at "))
        url = said.split()[2].rstrip(",")
        assert httpx.get(f"{url}/readyz").json()["ready"]
        process.send_signal(ending)
        assert process.wait(timeout=60) == 0


def test_demo__chain_of_others__refuses(place: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOUCHERTRAIL_CHAIN_URL", "http://127.0.0.1:1")
    assert place.told("demo", "--folder", FOLDER, exit_code=2)["error"] == "ClockFixed"


def test_demo__chain_begun_late__refuses(place: Town) -> None:
    place.run("chain", "start", "--genesis-at", "1800000000")
    told = place.told("demo", "--no-serve", "--folder", FOLDER, exit_code=2)
    assert told["error"] == "ChainBegunLate"
    assert "2027-01-15T08:00:00Z" in told["message"]
    assert place.head() == 0
    assert not (place.data / "keys").exists()


def test_demo__with_a_story__tells_it_apart_and_only_once(place: Town) -> None:
    first = place.told("demo", "--no-serve", "--port", "0", "--folder", FOLDER, "--story")
    again = place.told("demo", "--no-serve", "--port", "0", "--folder", FOLDER, "--story")
    figures, story = first["figures"], first["figures"]["story"]
    counts = ("programmes", "lines", "merchants", "batches", "rolls", "vouchers", "redemptions", "codes")
    assert [figures[name] for name in counts] == [2, 3, 4, 4, 4, 81, 9, 7]
    assert [entry["ref"] for entry in figures["identities"]] == ["meals-2026", "museums-2026"]
    assert (story["vouchers"], story["redemptions"], story["refused_codes"], story["unexpected"]) == (20, 6, 2, 0)
    told = [step["what"].split(":")[0] for step in story["steps"] if not step["what"].startswith("voucher")]
    assert told[1:] == [
        *("propose rules", "reverse", "dispute", "decide", "activate rules", "freeze", "lift"),
        *("book", "book", "capture", "release", "extend", "settle", "sweep", "close"),
    ]
    assert all(step["adds_up"] for step in story["steps"])
    assert story["steps"][-1]["money"]["returned"] == 120_000
    assert again["figures"] == figures

    shown = place.run("demo", "--no-serve", "--port", "0", "--folder", FOLDER, "--story").output
    assert "deposited = available + committed + payable + settled + returned" in shown
    assert "140,000 = 60,000 + 80,000 + 0 + 0 + 0" in shown
    last = next(line for line in shown.splitlines() if "close: its time is over (treasurer)" in line)
    assert last.endswith("140,000 = 0 + 0 + 0 + 20,000 + 120,000")
    assert "DOES NOT ADD UP" not in shown
