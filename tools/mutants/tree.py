"""The copy of the project in which faults are tried: woven contracts, the tests as they are, compiled once."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.compile import CompilationFailed, run_compiler, settings, sources
from tools.mutants.faults import Fault, faults_of
from tools.mutants.syntax import libraries_of
from tools.mutants.weave import SWITCH, SWITCH_SOURCE, weave

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "build" / "mutants"
TREE = FOLDER / "tree"
# Faults whose function has no room on the stack for a switch: never drawn. Key → what it is, and what caught it alone.
UNWOVEN = json.loads((Path(__file__).parent / "unwoven.json").read_text())


@dataclass(frozen=True, slots=True)
class Draw:
    """The faults of one run.

    Attributes:
        seed: hash of the contracts, hex.
        found: how many faults there are altogether.
        faults: those drawn, by their number from 1 on.
        sources: the contracts by path, as they are.
    """

    seed: str
    found: int
    faults: Mapping[int, Fault]
    sources: Mapping[str, bytes]

    def key(self, fault: Fault) -> str:
        """Names a fault by what it is, wherever its line moves: twelve hex digits."""
        return key_of(self.sources, fault)


def key_of(given: Mapping[str, bytes], fault: Fault) -> str:
    """See `Draw.key`."""
    source = given[fault.path]
    lines = source.splitlines()
    told = "\n".join((fault.path, lines[fault.line - 1].decode().strip(), fault.before(source), fault.after(source)))
    return hashlib.sha256(told.encode()).hexdigest()[:12]


def draw(count: int) -> Draw:
    """Draws faults by the hash of the contracts: first a line, then one of its faults.

    Raises:
        CompilationFailed: the contracts do not compile.
    """
    given = sources(ROOT)
    trees = run_compiler(_request(given), ROOT).get("sources", {})
    own = {path: (ROOT / path).read_bytes() for path in sorted(given) if path.startswith("contracts/")}
    seed = hashlib.sha256(b"".join(own.values())).hexdigest()
    libraries = libraries_of(trees[path]["ast"] for path in own)
    faults = [
        fault
        for path, source in own.items()
        for fault in faults_of(path, source, trees[path]["ast"], libraries)
        if key_of(own, fault) not in UNWOVEN
    ]
    by_line: dict[tuple[str, int], list[Fault]] = {}
    for fault in faults:
        by_line.setdefault((fault.path, fault.line), []).append(fault)
    chance = random.Random(seed)
    lines = chance.sample(sorted(by_line), min(count, len(by_line)))
    drawn = {number: chance.choice(by_line[line]) for number, line in enumerate(lines, start=1)}
    return Draw(seed, len(faults), drawn, own)


def prepare(drawn: Draw) -> None:
    """Makes the tree of this draw and compiles it; does nothing where it is there.

    Raises:
        CompilationFailed: woven they do not compile: a mistake of the generator.
    """
    stamp = FOLDER / "seed"
    wanted = f"{drawn.seed} {len(drawn.faults)} {_tests_hash()}"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    shutil.rmtree(TREE, ignore_errors=True)
    TREE.mkdir(parents=True)
    for name in ("tools", "node_modules"):
        (TREE / name).symlink_to(ROOT / name)
    for name in ("contracts", "tests/contracts", "tests/cases"):
        shutil.copytree(ROOT / name, TREE / name)
    for path, source in drawn.sources.items():
        here = {number: fault for number, fault in drawn.faults.items() if fault.path == path}
        if here:
            (TREE / path).write_text(weave(source, path, here))
    (TREE / SWITCH).write_text(SWITCH_SOURCE)
    (TREE / "build").mkdir()
    _write_settings()
    _compile()
    stamp.write_text(wanted)


def _request(given: Mapping[str, object]) -> dict[str, object]:
    chosen = {**settings(ROOT), "outputSelection": {"*": {"": ["ast"]}}}
    return {"language": "Solidity", "sources": given, "settings": chosen}


def _tests_hash() -> str:
    digest = hashlib.sha256()
    for path in sorted((ROOT / "tests" / "contracts").rglob("*.sol")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _write_settings() -> None:
    """The project's, but with the contracts compiled, for code that may be longer than a chain takes, and with the fewest
    fuzz runs that still find bounds.
    """
    text = (ROOT / "foundry.toml").read_text().replace('skip = ["contracts/**"]\n', "")
    text = text.replace("optimizer_runs = 1000000", "optimizer_runs = 1\ncode_size_limit = 1000000")
    (TREE / "foundry.toml").write_text(text.replace("runs = 256", "runs = 16"))


def _compile() -> None:
    command = ["forge", "build", "--skip", "tests/contracts/gas/**"]
    done = subprocess.run(command, cwd=TREE, env=environment(0), capture_output=True, text=True, check=False)
    if done.returncode:
        raise CompilationFailed(f"{done.stdout[-4000:]}\n{done.stderr[-4000:]}")


def environment(number: int) -> dict[str, str]:
    """What forge is started with: the fault that is on, 0 for none."""
    steps = os.environ.get("MUTANT_STEPS", "1000")
    return {
        **os.environ,
        "FOUNDRY_BLOCK_COINBASE": f"0x{number:040x}",
        "MACHINE_STEPS": steps,
        "FOUNDRY_PROFILE": "default",
        "COMPILED": "true",
    }


def write_report(path: Path, report: Mapping[str, object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n")
