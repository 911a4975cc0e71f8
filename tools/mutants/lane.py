"""The fast lane: forge's unit and rule tests, then a short run of the state machine, until something fails."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from dataclasses import dataclass

from tools.mutants.tree import TREE, environment

SECONDS = 240
"""A fault that lets the tests run for so long on a busy machine keeps them from ending: that is noticed, too."""
_UNIT = ("--no-match-path", "tests/contracts/{gas,invariants}/*")
_MACHINE = ("--match-path", "tests/contracts/invariants/Invariants.t.sol", "--match-test", "seed[12]$")
LANES = (_UNIT, _MACHINE)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the lane said of one fault.

    Attributes:
        caught_by: the first test that failed; None where all passed.
        seconds: on the clock.
    """

    caught_by: str | None
    seconds: float


def try_fault(number: int) -> Outcome:
    """Runs the lane with the fault on; 0 runs it with none."""
    began = time.monotonic()
    for chosen in LANES:
        caught_by = _failing(number, chosen)
        if caught_by is not None:
            break
    return Outcome(caught_by, round(time.monotonic() - began, 1))


def _failing(number: int, chosen: tuple[str, ...]) -> str | None:
    command = ["forge", "test", "--json", "--fail-fast", "-j", "1", "--skip", "tests/contracts/gas/**", *chosen]
    process = subprocess.Popen(
        command,
        cwd=TREE,
        env=environment(number),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        out, err = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return f"no end within {SECONDS} s"
    if process.returncode == 0:
        return None
    line = next((line for line in out.splitlines() if line.startswith("{")), None)
    if line is None:
        raise RuntimeError(f"forge ran no tests:\n{out[-2000:]}\n{err[-2000:]}")
    failed = [
        f"{contract.rpartition(':')[2]}.{name.partition('(')[0]}"
        for contract, part in json.loads(line).items()
        for name, result in part["test_results"].items()
        if result["status"] == "Failure"
    ]
    return failed[0] if failed else "a test that did not run"
