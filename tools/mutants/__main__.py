"""Draws faults, tries each, and says which the tests let pass.

    python -m tools.mutants                80 faults, by the hash of the contracts
    python -m tools.mutants --count 400    more of them
    python -m tools.mutants --list         only tells what would be tried

A fault that changes nothing stands in harmless.json with its reason, by its key. The run fails where less than 95 of 100 are
caught, or one that is not caught has no reason there. What was tried stays in build/mutants: the same command goes on from there.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

from tools.mutants.lane import Outcome, try_fault
from tools.mutants.tree import FOLDER, Draw, draw, prepare, write_report

HARMLESS = Path(__file__).parent / "harmless.json"
DONE = FOLDER / "done.jsonl"
LEAST_CAUGHT = 95
AT_ONCE = 2


def main() -> int:
    """The exit code says whether enough faults were caught and all others are known to change nothing."""
    parser = argparse.ArgumentParser(
        description="Put small faults into the contracts and see whether the tests notice."
    )
    parser.add_argument("--count", type=int, default=80, help="how many faults")
    parser.add_argument("--list", action="store_true", help="tell what would be tried, and try nothing")
    chosen = parser.parse_args()
    drawn = draw(chosen.count)
    print(f"seed {drawn.seed}: {len(drawn.faults)} of {drawn.found} faults", flush=True)
    if chosen.list:
        for number in drawn.faults:
            print(_told(drawn, number))
        return 0
    prepare(drawn)
    outcomes = dict(sorted(_outcomes(drawn)))
    return _conclude(drawn, outcomes)


def _outcomes(drawn: Draw) -> Iterator[tuple[int, Outcome]]:
    """Of every fault, those tried before first."""
    done = _tried(drawn)
    yield from done.items()
    waiting = [number for number in drawn.faults if number not in done]
    if not waiting:
        return
    sound = try_fault(0)
    if sound.caught_by is not None:
        raise SystemExit(f"Without any fault {sound.caught_by} fails: mend that first.")
    print(f"without a fault the lane takes {sound.seconds} s", flush=True)
    with ThreadPoolExecutor(AT_ONCE) as pool, DONE.open("a") as file:
        for number, outcome in zip(waiting, pool.map(try_fault, waiting), strict=True):
            entry = {"stamp": _stamp(), "number": number, **asdict(outcome)}
            file.write(json.dumps(entry) + "\n")
            file.flush()
            said = f"caught by {outcome.caught_by}" if outcome.caught_by else "SURVIVED"
            print(f"{said} ({outcome.seconds} s)\n{_told(drawn, number)}", flush=True)
            yield number, outcome


def _stamp() -> str:
    return (FOLDER / "seed").read_text()


def _tried(drawn: Draw) -> dict[int, Outcome]:
    """What the same faults and tests gave before."""
    if not DONE.exists():
        return {}
    entries = [json.loads(line) for line in DONE.read_text().splitlines()]
    return {
        entry["number"]: Outcome(entry["caught_by"], entry["seconds"])
        for entry in entries
        if entry["stamp"] == _stamp() and entry["number"] in drawn.faults
    }


def _told(drawn: Draw, number: int) -> str:
    fault = drawn.faults[number]
    source = drawn.sources[fault.path]
    head = f"    {fault.path}:{fault.line} {fault.kind} [{number}, {drawn.key(fault)}]"
    return f"{head}\n    - {fault.before(source)}\n    + {fault.after(source)}"


def _conclude(drawn: Draw, outcomes: dict[int, Outcome]) -> int:
    harmless: dict[str, dict[str, str]] = json.loads(HARMLESS.read_text())
    survived = [number for number, outcome in outcomes.items() if outcome.caught_by is None]
    unexplained = [number for number in survived if drawn.key(drawn.faults[number]) not in harmless]
    share = 100 * (len(outcomes) - len(survived)) / len(outcomes)
    write_report(FOLDER / "report.json", _report(drawn, outcomes))
    for number in survived:
        why = harmless.get(drawn.key(drawn.faults[number]))
        print(f"survived{'' if why is None else ', changes nothing: ' + why['why']}\n{_told(drawn, number)}")
    slowest = max(outcome.seconds for outcome in outcomes.values())
    print(
        f"{len(outcomes) - len(survived)} of {len(outcomes)} caught ({share:.1f} %), {len(unexplained)} unexplained,",
        end=" ",
    )
    print(f"{slowest} s at most for one")
    return 1 if unexplained or share < LEAST_CAUGHT else 0


def _report(drawn: Draw, outcomes: dict[int, Outcome]) -> dict[str, object]:
    faults = [
        {
            "number": number,
            "key": drawn.key(fault),
            "where": f"{fault.path}:{fault.line}",
            "kind": fault.kind,
            "before": fault.before(drawn.sources[fault.path]),
            "after": fault.after(drawn.sources[fault.path]),
            **asdict(outcomes[number]),
        }
        for number, fault in drawn.faults.items()
    ]
    return {"seed": drawn.seed, "found": drawn.found, "faults": faults}


if __name__ == "__main__":
    sys.exit(main())
