"""Runs slither over the contracts and compares what it finds with what is known: a finding without a reason fails.

    python -m tools.slither

Findings of medium and high impact count. Those inside published code alone (node_modules) are its publisher's. The rest stand
in tools/slither.json, each with its reason: either one by one (`where`), or as a kind of finding (`says`, a pattern of slither's
words). A row that nothing matches any more fails, too.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crytic_compile import CryticCompile
from crytic_compile.compilation_unit import CompilationUnit
from crytic_compile.compiler.compiler import CompilerVersion
from crytic_compile.platform.solc_standard_json import SolcStandardJson, parse_standard_json_output
from slither import Slither
from slither.detectors import all_detectors
from slither.detectors.abstract_detector import AbstractDetector, DetectorClassification

from tools.compile import LAUNCHER, ROOT, run_compiler, settings, sources

KNOWN = Path(__file__).with_suffix(".json")
GRAVE = (DetectorClassification.HIGH, DetectorClassification.MEDIUM)


@dataclass(frozen=True, slots=True)
class Finding:
    """What slither says of one place.

    Attributes:
        check: slither's name of the detector.
        where: contract and name of the first thing it is about.
        says: slither's words, places in files left out.
    """

    check: str
    where: str
    says: str


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a finding, or a kind of them, is no fault. One of `where` and `says` is empty."""

    check: str
    where: str
    says: str
    why: str

    def explains(self, finding: Finding) -> bool:
        if self.check != finding.check:
            return False
        return self.where == finding.where if self.where else re.search(self.says, finding.says) is not None


class Sources(SolcStandardJson):
    """The contracts as slither takes them: syntax trees alone, which need no code to be made."""

    def compile(self, crytic_compile: CryticCompile, **_: Any) -> None:
        """See the base class."""
        unit = CompilationUnit(crytic_compile, "standard_json")
        version = LAUNCHER.name.removeprefix("solc-v")
        unit.compiler_version = CompilerVersion(compiler="solc", version=version, optimized=True)
        chosen = {**settings(), "outputSelection": {"*": {"*": ["abi"], "": ["ast"]}}}
        answer: dict[str, Any] = {
            **run_compiler({"language": "Solidity", "sources": sources(), "settings": chosen}, ROOT)
        }
        for contracts in answer["contracts"].values():
            for contract in contracts.values():
                none = {"object": "", "sourceMap": ""}
                contract["evm"] = {"bytecode": none, "deployedBytecode": none}
        parse_standard_json_output(answer, unit, solc_working_dir=str(ROOT))


def findings() -> set[Finding]:
    """Every grave finding about code of ours."""
    slither = Slither(CryticCompile(Sources({"language": "Solidity", "sources": {}})))
    detectors: list[Any] = [one for one in vars(all_detectors).values() if isinstance(one, type)]
    for detector in detectors:
        if issubclass(detector, AbstractDetector) and detector.IMPACT in GRAVE:
            slither.register_detector(detector)
    results = [result for found in slither.run_detectors() for result in found]
    return {_finding(result) for result in results if _is_ours(result)}


def _finding(result: Mapping[str, Any]) -> Finding:
    says = re.sub(r" ?\((?:contracts|node_modules)/[^)]*\)", "", result["description"].splitlines()[0])
    return Finding(result["check"], _name(result["elements"][0]), says.strip())


def _name(element: Mapping[str, Any]) -> str:
    """`Contract.function` or `Contract.slot`; of a local variable or a line, its function's."""
    if element["type"] == "contract":
        return str(element["name"])
    parent = element["type_specific_fields"]["parent"]
    if parent["type"] == "contract":
        return f"{parent['name']}.{element['name']}"
    return _name(parent)


def _is_ours(result: Mapping[str, Any]) -> bool:
    files = [str(element["source_mapping"]["filename_relative"]) for element in result["elements"]]
    return any(file.startswith("contracts/") for file in files)


def reasons() -> list[Reason]:
    """What is known, from the file."""
    rows: list[dict[str, str]] = json.loads(KNOWN.read_text(encoding="utf-8"))
    return [Reason(row["check"], row.get("where", ""), row.get("says", ""), row["why"]) for row in rows]


def faults(found: set[Finding], known: list[Reason]) -> Iterator[str]:
    """What has no reason, and reasons for nothing; one line each."""
    for finding in sorted(found, key=lambda one: (one.check, one.where)):
        if not any(reason.explains(finding) for reason in known):
            yield f"{finding.check} at {finding.where}: {finding.says}"
    for reason in known:
        if not any(reason.explains(finding) for finding in found):
            yield f"nothing is found any more for {reason.check} at {reason.where or reason.says}: take the row out"


def main() -> int:
    """The exit code says whether every finding has its reason."""
    found, known = findings(), reasons()
    told = list(faults(found, known))
    for line in told:
        print(line, file=sys.stderr)
    print(f"slither: {len(found)} findings of medium or high impact, {len(known)} reasons, {len(told)} faults")
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main())
