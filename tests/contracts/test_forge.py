"""The Solidity tests, run by forge.

forge
├── suite
│   ├── every test, fuzz test and invariant passes
│   └── the state machine made at least 50,000 calls
└── coverage: enough lines of contracts/ were run
"""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypedDict

import pytest

ROOT = Path(__file__).resolve().parents[2]
LCOV = ROOT / "build" / "coverage" / "contracts.lcov"
LEAST_STATE_MACHINE_CALLS = 50_000
LEAST_LINE_COVERAGE = 95.0


class Result(TypedDict):
    """One test of forge's report; `kind` has one key: Unit, Fuzz or Invariant."""

    status: str
    reason: str | None
    kind: Mapping[str, Mapping[str, int]]


def forge(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    command = ["forge", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def suite() -> dict[str, Result]:
    done = forge("test", "--json")
    report = next((line for line in done.stdout.splitlines() if line.startswith("{")), None)
    assert report is not None, f"forge ran no tests:\n{done.stdout}\n{done.stderr}"
    results = {
        f"{contract.rpartition(':')[2]}.{name}": result
        for contract, part in json.loads(report).items()
        for name, result in part["test_results"].items()
    }
    failed = [f"{name}: {result['reason']}" for name, result in results.items() if result["status"] != "Success"]
    assert not failed, "\n".join(failed)
    assert done.returncode == 0, f"{done.stdout[-4000:]}\n{done.stderr}"
    return results


@pytest.mark.slow
def test_forge_suite__when_run__then_every_test_passes_and_none_is_missing(suite: dict[str, Result]) -> None:
    written = {file.name.partition(".")[0] for file in Path(__file__).parent.rglob("*.t.sol")}
    assert written
    assert len(suite) >= len(written)


@pytest.mark.slow
def test_state_machine__when_run__then_it_made_enough_calls(suite: dict[str, Result]) -> None:
    calls = [result["kind"]["Invariant"]["calls"] for result in suite.values() if "Invariant" in result["kind"]]
    assert max(calls, default=0) >= LEAST_STATE_MACHINE_CALLS


def line_hits(lcov: str) -> Iterator[tuple[str, int, int]]:
    """Source file, line and how often it ran, of every `DA:` record."""
    source = ""
    for record in lcov.splitlines():
        kind, _, value = record.partition(":")
        if kind == "SF":
            source = value
        elif kind == "DA":
            line, hits = value.split(",")[:2]
            yield source, int(line), int(hits)


@pytest.mark.slow
def test_coverage__when_the_suite_ran__then_enough_lines_of_the_contracts_were_run() -> None:
    LCOV.parent.mkdir(parents=True, exist_ok=True)
    done = forge(
        *("coverage", "--ir-minimum", "--report", "lcov", "--report-file", str(LCOV)),
        *("--no-match-path", "tests/contracts/gas/*"),
        FOUNDRY_PROFILE="coverage",
    )
    assert done.returncode == 0, f"{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    lines = {
        (source, line): hits for source, line, hits in line_hits(LCOV.read_text()) if source.startswith("contracts/")
    }
    unseen = {path.relative_to(ROOT).as_posix() for path in ROOT.glob("contracts/*.sol")} - {
        source for source, _ in lines
    }
    assert not unseen, f"forge counted no line of {sorted(unseen)}"
    missed = sorted(f"{source}:{line}" for (source, line), hits in lines.items() if not hits)
    share = 100 * (len(lines) - len(missed)) / len(lines)
    print(f"Line coverage of contracts/: {share:.2f} % of {len(lines)} lines")
    assert share >= LEAST_LINE_COVERAGE, f"{share:.2f} %; not run:\n" + "\n".join(missed)
