"""Compares the gas measured by forge with what is recorded in bench/gas and with the design's targets.

`python -m tools.gas` measures into build/gas and fails when a figure differs from the record or passes its limit. `--record`
writes the new figures down; a rise then needs `--because "reason"`, which is kept in bench/gas/rises.md.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RECORD = ROOT / "bench" / "gas"
MEASURED = ROOT / "build" / "gas"
GROUPS = ("supply", "redemption")
# Bookings and stored value may add 1 % to a redemption, so today's contracts must stay that much below the design's targets.
RESERVE_PERCENT = {"supply": 0, "redemption": 1}


@dataclass(frozen=True, slots=True)
class Line:
    """One measure, in gas. `recorded` and `limit` are None where there is none yet."""

    name: str
    measured: int
    recorded: int | None
    limit: int | None

    @property
    def changed(self) -> bool:
        return self.measured != self.recorded

    @property
    def rose(self) -> bool:
        return self.recorded is not None and self.measured > self.recorded

    @property
    def over(self) -> bool:
        return self.limit is not None and self.measured > self.limit


def measure() -> None:
    """Runs forge's gas tests; their figures go to build/gas.

    Raises:
        SystemExit: a measure failed to run.
    """
    shutil.rmtree(MEASURED, ignore_errors=True)
    environment = {
        "FORGE_SNAPSHOT_CHECK": "false",
        "FORGE_SNAPSHOT_EMIT": "true",
        "FOUNDRY_SNAPSHOTS": str(MEASURED.relative_to(ROOT)),
    }
    command = ["forge", "test", "--match-path", "tests/contracts/gas/*"]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"The measures did not run:\n{done.stdout[-6000:]}\n{done.stderr[-2000:]}")


def figures(folder: Path) -> dict[str, int]:
    """All figures in a folder of forge snapshots, by name; empty where there are none."""
    found: dict[str, int] = {}
    for group in GROUPS:
        file = folder / f"{group}.json"
        if file.exists():
            found |= {name: int(value) for name, value in json.loads(file.read_text()).items()}
    return found


def limits() -> dict[str, int]:
    """What today's contracts may use, by measure: the design's target less the reserve for later rules."""
    targets: dict[str, dict[str, int]] = json.loads((RECORD / "targets.json").read_text())
    return {
        name: target * (100 - RESERVE_PERCENT[group]) // 100
        for group, measures in targets.items()
        for name, target in measures.items()
    }


def compare() -> list[Line]:
    """The measures beside their record and limit, those that vanished excluded."""
    recorded = figures(RECORD)
    measured = figures(MEASURED)
    allowed = limits()
    if missing := allowed.keys() - measured.keys():
        raise SystemExit(f"Targets without a measure: {', '.join(sorted(missing))}")
    return [Line(name, value, recorded.get(name), allowed.get(name)) for name, value in measured.items()]


def table(lines: list[Line]) -> str:
    """The comparison as text, one measure a line."""
    rows = [f"{'measure':<62} {'gas':>8} {'recorded':>9} {'limit':>8}"]
    for line in lines:
        marks = " ".join(
            mark
            for mark, holds in (("OVER", line.over), ("rose", line.rose), ("changed", line.changed and not line.rose))
            if holds
        )
        recorded = "" if line.recorded is None else str(line.recorded)
        limit = "" if line.limit is None else str(line.limit)
        rows.append(f"{line.name:<62} {line.measured:>8} {recorded:>9} {limit:>8} {marks}".rstrip())
    return "\n".join(rows)


def record(lines: list[Line], because: str | None) -> None:
    """Writes the measured figures into the record and, where one rose, why.

    Raises:
        SystemExit: a figure rose and no reason was given.
    """
    risen = [line for line in lines if line.rose]
    if risen and not because:
        raise SystemExit('Figures rose: say why with --because "reason".')
    RECORD.mkdir(parents=True, exist_ok=True)
    for group in GROUPS:
        shutil.copyfile(MEASURED / f"{group}.json", RECORD / f"{group}.json")
    if risen:
        with (RECORD / "rises.md").open("a") as file:
            file.write(f"\n## {datetime.now(tz=UTC):%Y-%m-%d}: {because}\n\n")
            file.writelines(f"- {line.name}: {line.recorded} → {line.measured}\n" for line in risen)


def main() -> int:
    """Returns the exit code: 0 when every figure is as recorded and within its limit."""
    parser = argparse.ArgumentParser(description="Measure gas and compare it with bench/gas.")
    parser.add_argument("--record", action="store_true", help="write the new figures down")
    parser.add_argument("--because", help="why a figure rose")
    options = parser.parse_args()
    measure()
    lines = compare()
    print(table(lines))
    if options.record:
        record(lines, options.because)
    elif any(line.changed for line in lines):
        print('\nNot as recorded. Lower the figure, or: make gas BECAUSE="reason"')
        return 1
    return 1 if any(line.over for line in lines) else 0


if __name__ == "__main__":
    sys.exit(main())
