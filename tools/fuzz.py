"""Runs the state machine from many seeds and adds up what they reached.

    python -m tools.fuzz --calls 2000000    until so many calls were made, with all cores
    python -m tools.fuzz --first 2001       from another seed on

A failure ends it with the seed and the command that brings it back. Reports of the seeds stay in build/.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from tools.reach import ELSEWHERE, callable_functions, counted, named_errors

ROOT = Path(__file__).resolve().parents[1]
SEEDS_A_ROUND = 8
FIRST = 1_001
STEPS = 5_000
TEST = ("--match-path", "tests/contracts/invariants/Invariants.t.sol")


def main() -> int:
    """The exit code says whether every seed ran through and together they reached all that the tests ask for."""
    parser = argparse.ArgumentParser(description="Run the state machine from many seeds.")
    parser.add_argument("--calls", type=int, default=2_000_000, help="how many calls, at least")
    parser.add_argument("--steps", type=int, default=STEPS, help="steps of each seed")
    parser.add_argument("--first", type=int, default=FIRST, help="the first seed; 1 to 8 are those of the tests")
    chosen = parser.parse_args()
    sums: Counter[str] = Counter()
    seed, began = chosen.first, time.monotonic()
    while sums["calls"] < chosen.calls:
        if not run(seed, chosen.steps):
            return 1
        sums += counted(ROOT / "build" / f"machine-{number}.txt" for number in range(seed, seed + SEEDS_A_ROUND))
        seed += SEEDS_A_ROUND
        took = time.monotonic() - began
        print(f"seeds {chosen.first} to {seed - 1}: {sums['calls']:,} calls, {took:,.0f} s", flush=True)
    return conclude(sums)


def run(first: int, steps: int) -> bool:
    """Eight seeds; tells what failed, and how to see it again."""
    chosen = {"MACHINE_SEED": str(first - 1), "MACHINE_STEPS": str(steps)}
    done = subprocess.run(
        ["forge", "test", *TEST], cwd=ROOT, env={**os.environ, **chosen}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        told = " ".join(f"{name}={value}" for name, value in chosen.items())
        print(f"{done.stdout[-6000:]}\n{done.stderr[-2000:]}\nAgain: {told} .venv/bin/forge test {' '.join(TEST)}")
    return done.returncode == 0


def conclude(sums: Counter[str]) -> int:
    """Prints how often everything came about; what the tests do not except and no seed reached makes it fail."""
    known = callable_functions() | named_errors()
    for key, name in sorted(known.items(), key=lambda item: item[1]):
        if name not in ELSEWHERE:
            print(f"{sums[key]:>10,} {f'{key.split()[0]}.{name}' if ' ' in key else name}")
    missed = [name for key, name in known.items() if not sums[key] and name not in ELSEWHERE]
    print(f"{len(known) - len(ELSEWHERE) - len(missed)} functions and errors reached, {len(missed)} missed {missed}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
