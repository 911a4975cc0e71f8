"""Measures which lines of the contracts the Solidity tests run; fails where it is too few.

    python -m tools.coverage

Under `--ir-minimum` forge counts a line of inline assembly as never run, whatever ran. They count as missed here: assembly is
kept to an instruction or two a helper, see contracts/libraries.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LCOV = ROOT / "build" / "coverage" / "contracts.lcov"
LEAST = 95.0
# They reach no line that the other tests do not (each file measured alone); the files would take two thirds as long again.
SKIPPED = (
    "gas/*", "invariants/*",
    "Access.t.sol", "Base.t.sol", "ClaimRules.t.sol", "Edges.t.sol", "Hostile.t.sol", "Kinds.t.sol", "OpenCodes.t.sol",
    "Redeem.t.sol", "RedeemHand.t.sol", "Release.t.sol", "Releases.t.sol", "Signatures.t.sol", "Sweep.t.sol",
    "Terminals.t.sol", "Transferred.t.sol", "ValidityCases.t.sol",
)  # fmt: skip
COMMAND = [
    *("forge", "coverage", "--ir-minimum", "--report", "lcov", "--report-file", str(LCOV)),
    *(argument for name in SKIPPED for argument in ("--skip", f"tests/contracts/{name}")),
]
# The tests deploy what was compiled for this, not the code that ships.
ENVIRONMENT = {"FOUNDRY_PROFILE": "coverage", "COMPILED": "true"}


def main() -> int:
    """The exit code says whether the tests pass and run enough lines."""
    LCOV.parent.mkdir(parents=True, exist_ok=True)
    LCOV.unlink(missing_ok=True)
    done = subprocess.run(
        COMMAND, cwd=ROOT, env={**os.environ, **ENVIRONMENT}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        print(f"{done.stdout[-4000:]}\n{done.stderr[-4000:]}", file=sys.stderr)
        return 1
    lines = {(source, line): hits for source, line, hits in line_hits(LCOV.read_text())}
    faults = faults_of(lines, ROOT)
    missed = sorted(f"{source}:{line}" for (source, line), hits in lines.items() if not hits)
    print(f"Line coverage of contracts/: {share_of(lines):.2f} % of {len(lines)} lines")
    print("\n".join([*faults, "Not run:", *missed] if faults else []), file=sys.stderr)
    return 1 if faults else 0


def line_hits(lcov: str) -> Iterator[tuple[str, int, int]]:
    """Source file below contracts/, line and how often it ran, of every `DA:` record."""
    source = ""
    for record in lcov.splitlines():
        kind, _, value = record.partition(":")
        if kind == "SF":
            source = value
        elif kind == "DA" and source.startswith("contracts/"):
            line, hits = value.split(",")[:2]
            yield source, int(line), int(hits)


def share_of(lines: Mapping[tuple[str, int], int]) -> float:
    """Per cent of the lines that ran."""
    return 100 * sum(1 for hits in lines.values() if hits) / len(lines) if lines else 0.0


def faults_of(lines: Mapping[tuple[str, int], int], root: Path) -> list[str]:
    """What is wrong with a measurement: contracts that it does not know, too few lines."""
    with_functions = (path for path in root.glob("contracts/*.sol") if re.search(r"\bfunction\b", path.read_text()))
    unseen = {path.relative_to(root).as_posix() for path in with_functions} - {source for source, _ in lines}
    faults = [f"forge counted no line of {name}" for name in sorted(unseen)]
    if share_of(lines) < LEAST:
        faults.append(f"{share_of(lines):.2f} % of the lines were run, {LEAST:g} % are wanted")
    return faults


if __name__ == "__main__":
    sys.exit(main())
