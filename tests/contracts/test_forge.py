"""The Solidity tests, run by forge.

forge
└── suite
    ├── every test and fuzz test passes
    └── the state machine made at least 100,000 calls
"""

import json
import re
from pathlib import Path
from typing import TypedDict

import pytest

from tests.forge import MACHINE_REPORTS, Done

LEAST_STATE_MACHINE_CALLS = 100_000


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
