"""The Solidity tests, run by forge.

forge
├── suite
│   ├── every test and fuzz test passes
│   └── the state machine made at least 100,000 calls
└── coverage
    └── enough lines of contracts/ were run

Under `--ir-minimum` forge counts a line of inline assembly as never run, whatever ran. They count as missed here: assembly is
kept to an instruction or two a helper, see contracts/libraries.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TypedDict

import pytest

from tests.forge import LCOV, MACHINE_REPORTS, ROOT, Done

LEAST_STATE_MACHINE_CALLS = 100_000
LEAST_LINE_COVERAGE = 95.0


class Result(TypedDict):
    """One test of forge's report."""

    status: str
    reason: str | None


@pytest.fixture(scope="module")
def suite(forge_test: Done) -> dict[str, Result]:
    results_line = next((line for line in forge_test.out.splitlines() if line.startswith("{")), None)
    assert results_line is not None, f"forge ran no tests:\n{forge_test.out}\n{forge_test.err}"
    results = {
        f"{contract.rpartition(':')[2]}.{name}": result
        for contract, part in json.loads(results_line).items()
        for name, result in part["test_results"].items()
    }
    failed = [f"{name}: {result['reason']}" for name, result in results.items() if result["status"] != "Success"]
    assert not failed, "\n".join(failed)
    assert forge_test.code == 0, f"{forge_test.out[-4000:]}\n{forge_test.err}"
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


@pytest.fixture(scope="module")
def lines(forge_coverage: Done) -> dict[tuple[str, int], int]:
    """How often each line of contracts/ ran."""
    assert forge_coverage.code == 0, f"{forge_coverage.out[-4000:]}\n{forge_coverage.err[-4000:]}"
    return {
        (source, line): hits for source, line, hits in line_hits(LCOV.read_text()) if source.startswith("contracts/")
    }


@pytest.mark.slow
def test_coverage__when_the_suite_ran__then_enough_lines_of_the_contracts_were_run(
    lines: dict[tuple[str, int], int],
) -> None:
    with_functions = (path for path in ROOT.glob("contracts/*.sol") if re.search(r"\bfunction\b", path.read_text()))
    unseen = {path.relative_to(ROOT).as_posix() for path in with_functions} - {source for source, _ in lines}
    assert not unseen, f"forge counted no line of {sorted(unseen)}"
    missed = sorted(f"{source}:{line}" for (source, line), hits in lines.items() if not hits)
    share = 100 * (len(lines) - len(missed)) / len(lines)
    print(f"Line coverage of contracts/: {share:.2f} % of {len(lines)} lines")
    assert share >= LEAST_LINE_COVERAGE, f"{share:.2f} %; not run:\n" + "\n".join(missed)
