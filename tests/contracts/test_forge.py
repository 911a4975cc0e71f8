"""The Solidity tests, run by forge.

forge
├── suite
│   ├── every test and fuzz test passes
│   └── the state machine made at least 50,000 calls
└── coverage
    ├── enough lines of contracts/ were run
    └── forge still sees no line of inline assembly

Under `--ir-minimum` forge counts a line of an assembly block as never run, whatever ran: those lines are left out of the share
and shown beside it. What they do is held by the tests of signatures, digests, rolls and regions.
"""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TypedDict

import pytest

ROOT = Path(__file__).resolve().parents[2]
LCOV = ROOT / "build" / "coverage" / "contracts.lcov"
MACHINE_REPORTS = ROOT / "build"
LEAST_STATE_MACHINE_CALLS = 50_000
LEAST_LINE_COVERAGE = 95.0


class Result(TypedDict):
    """One test of forge's report."""

    status: str
    reason: str | None


def forge(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    command = ["forge", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def suite() -> dict[str, Result]:
    for report in MACHINE_REPORTS.glob("machine-*.txt"):
        report.unlink()
    done = forge("test", "--json")
    results_line = next((line for line in done.stdout.splitlines() if line.startswith("{")), None)
    assert results_line is not None, f"forge ran no tests:\n{done.stdout}\n{done.stderr}"
    results = {
        f"{contract.rpartition(':')[2]}.{name}": result
        for contract, part in json.loads(results_line).items()
        for name, result in part["test_results"].items()
    }
    failed = [f"{name}: {result['reason']}" for name, result in results.items() if result["status"] != "Success"]
    assert not failed, "\n".join(failed)
    assert done.returncode == 0, f"{done.stdout[-4000:]}\n{done.stderr}"
    return results


@pytest.mark.slow
def test_forge_suite__when_run__then_every_test_passes_and_none_is_missing(suite: dict[str, Result]) -> None:
    files = Path(__file__).parent.rglob("*.t.sol")
    written = {name for file in files for name in re.findall(r"^contract (\w+Test)\b", file.read_text(), re.MULTILINE)}
    assert written
    assert not written - {test.partition(".")[0] for test in suite}


@pytest.mark.slow
@pytest.mark.usefixtures("suite")
def test_state_machine__when_run__then_it_made_enough_calls() -> None:
    reports = [report.read_text(encoding="utf-8") for report in MACHINE_REPORTS.glob("machine-*.txt")]
    calls = [int(line.split()[1]) for report in reports for line in report.splitlines() if line.startswith("calls ")]
    print(f"State machine: {sum(calls)} calls from {len(calls)} seeds")
    assert sum(calls) >= LEAST_STATE_MACHINE_CALLS


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


def assembly_lines(text: str) -> Iterator[int]:
    """Numbers of the lines of a source, from 1, that stand in an assembly block."""
    depth = 0
    for number, line in enumerate(text.splitlines(), start=1):
        code = line.partition("//")[0]
        if depth or re.match(r"\s*assembly\b", code):
            yield number
            depth += code.count("{") - code.count("}")


@pytest.fixture(scope="module")
def lines() -> dict[tuple[str, int], int]:
    """How often each line of contracts/ ran."""
    LCOV.parent.mkdir(parents=True, exist_ok=True)
    done = forge(
        *("coverage", "--ir-minimum", "--report", "lcov", "--report-file", str(LCOV)),
        *("--no-match-path", "tests/contracts/{gas,invariants}/*"),
        FOUNDRY_PROFILE="coverage",
    )
    assert done.returncode == 0, f"{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return {
        (source, line): hits for source, line, hits in line_hits(LCOV.read_text()) if source.startswith("contracts/")
    }


@pytest.fixture(scope="module")
def blind(lines: dict[tuple[str, int], int]) -> set[tuple[str, int]]:
    """The lines among them that stand in an assembly block."""
    sources = {source for source, _ in lines}
    return {
        (source, line) for source in sources for line in assembly_lines((ROOT / source).read_text(encoding="utf-8"))
    } & set(lines)


@pytest.mark.slow
def test_coverage__when_a_line_is_assembly__then_forge_does_not_see_it(
    lines: dict[tuple[str, int], int], blind: set[tuple[str, int]]
) -> None:
    assert blind
    assert not {place for place in blind if lines[place]}, "forge sees assembly now: count it"


@pytest.mark.slow
def test_coverage__when_the_suite_ran__then_enough_lines_of_the_contracts_were_run(
    lines: dict[tuple[str, int], int], blind: set[tuple[str, int]]
) -> None:
    unseen = {path.relative_to(ROOT).as_posix() for path in ROOT.glob("contracts/*.sol")} - {
        source for source, _ in lines
    }
    assert not unseen, f"forge counted no line of {sorted(unseen)}"
    missed = sorted(
        f"{source}:{line}" for (source, line), hits in lines.items() if not hits and (source, line) not in blind
    )
    seen = len(lines) - len(blind)
    share = 100 * (seen - len(missed)) / seen
    print(
        f"Line coverage of contracts/: {share:.2f} % of {seen} lines; {len(blind)} more are assembly, which forge cannot see"
    )
    assert share >= LEAST_LINE_COVERAGE, f"{share:.2f} %; not run:\n" + "\n".join(missed)
