"""Compiles the contracts once and writes what the node ships: ABI, bytecode and storage layout.

    python -m tools.compile            rewrites node_api/chain/artifacts/*.json
    python -m tools.compile --check    writes nothing; fails where a committed artifact differs

The settings are those of foundry.toml. The output holds no path, time or syntax tree number, so the same sources give
the same bytes on every machine.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NotRequired, TypeAlias, TypedDict, cast

Json: TypeAlias = "bool | int | str | list[Json] | dict[str, Json] | None"
Artifact: TypeAlias = dict[str, Json]


class Place(TypedDict):
    """Bytes of the runtime code that the constructor fills in."""

    start: int
    length: int


class Code(TypedDict):
    """solc's description of creation or runtime code."""

    object: str
    linkReferences: NotRequired[Artifact]
    immutableReferences: NotRequired[dict[str, list[Place]]]


class Evm(TypedDict):
    """The code of one contract."""

    bytecode: Code
    deployedBytecode: Code


class Compiled(TypedDict):
    """What we ask of solc for one contract."""

    abi: list[Json]
    evm: Evm
    storageLayout: Json


class Fault(TypedDict):
    """One message of the compiler."""

    severity: str
    formattedMessage: str


class Answer(TypedDict):
    """solc's answer: contracts by source and name, syntax trees by source."""

    errors: NotRequired[list[Fault]]
    contracts: NotRequired[dict[str, dict[str, Compiled]]]
    sources: NotRequired[dict[str, dict[str, Any]]]


ROOT = Path(__file__).resolve().parent.parent
LAUNCHER = ROOT / "tools" / "solc" / "solc-v0.8.30"
ARTIFACTS = ROOT / "node_api" / "chain" / "artifacts"
# Deployed as published, so listed here and not found among our own sources.
LIBRARY_CONTRACTS = ("node_modules/@openzeppelin/contracts/access/manager/AccessManager.sol",)
# Contracts whose other functions are the code of others: whoever calls one needs the functions of all.
BACKS = {
    "Vouchers": ("VouchersBack", "VouchersBooking", "VouchersRecord"),
    "ProgrammeRegistry": ("ProgrammeBack", "ProgrammePolicies"),
    "CaseDesk": ("CaseDeskBack", "CaseDeskClaims"),
}
# EIP-170: no chain takes a longer runtime code.
MAX_RUNTIME_BYTES = 24_576


class CompilationFailed(Exception):
    """The compiler reported errors; the text is its own, one error after another."""


def settings(root: Path = ROOT) -> Artifact:
    """The compiler settings of foundry.toml in the words of solc's standard JSON."""
    profile = tomllib.loads((root / "foundry.toml").read_text())["profile"]["default"]
    return {
        "optimizer": {"enabled": profile["optimizer"], "runs": profile["optimizer_runs"]},
        "evmVersion": profile["evm_version"],
        "viaIR": profile["via_ir"],
        "metadata": {"appendCBOR": profile["cbor_metadata"], "bytecodeHash": profile["bytecode_hash"]},
        "remappings": list(profile["remappings"]),
    }


def sources(root: Path = ROOT) -> Artifact:
    """Every Solidity file below contracts/, and the published contracts that are deployed beside ours, by path."""
    own = sorted(path.relative_to(root).as_posix() for path in (root / "contracts").rglob("*.sol"))
    return {name: {"content": (root / name).read_text()} for name in (*own, *LIBRARY_CONTRACTS)}


def compile_all(root: Path = ROOT) -> dict[str, Artifact]:
    """Artifacts by contract name.

    Raises:
        CompilationFailed: the sources do not compile, or a contract needs a linked library.
    """
    chosen = settings(root)
    selection = ["abi", "evm.bytecode.object", "evm.bytecode.linkReferences", "evm.deployedBytecode.object"]
    selection += ["evm.deployedBytecode.immutableReferences", "storageLayout"]
    request = {
        "language": "Solidity",
        "sources": sources(root),
        "settings": {**chosen, "outputSelection": {"*": {"*": selection}}},
    }
    answer = run_compiler(request, root)
    found: dict[str, Artifact] = {}
    for path, contracts in sorted(answer.get("contracts", {}).items()):
        name = Path(path).stem
        if is_deployed(path) and name in contracts and contracts[name]["evm"]["bytecode"]["object"]:
            found[name] = artifact(name, path, contracts[name], chosen)
    for front, backs in BACKS.items():
        for back in backs:
            found[front]["abi"] = joined(found[front]["abi"], found[back]["abi"])
    return found


def joined(front: Json, back: Json) -> Json:
    """The functions, events and errors of both: the front's constructor, each thing that both have once."""
    assert isinstance(front, list)
    assert isinstance(back, list)
    own = [entry for entry in back if isinstance(entry, dict) and entry["type"] != "constructor" and entry not in front]
    return [*front, *own]


def is_deployed(path: str) -> bool:
    """Whether a source file names a contract of its own: one straight below contracts/, or a published one."""
    return path in LIBRARY_CONTRACTS or re.fullmatch(r"contracts/\w+\.sol", path) is not None


def run_compiler(request: Mapping[str, object], root: Path) -> Answer:
    """One call of the launcher; warnings are dropped, errors raised."""
    command = [str(LAUNCHER), "--standard-json", "--base-path", str(root)]
    done = subprocess.run(command, input=json.dumps(request), capture_output=True, text=True, check=False)
    if done.returncode:
        raise CompilationFailed(done.stderr.strip())
    answer = cast(Answer, json.loads(done.stdout))
    errors = [error["formattedMessage"] for error in answer.get("errors", []) if error["severity"] == "error"]
    if errors:
        raise CompilationFailed("\n".join(errors))
    return answer


def artifact(name: str, path: str, output: Compiled, chosen: Artifact) -> Artifact:
    """What the node and its users need of one compiled contract."""
    creation, runtime = output["evm"]["bytecode"], output["evm"]["deployedBytecode"]
    if creation.get("linkReferences"):
        raise CompilationFailed(f"{name} needs a linked library; make its functions internal")
    return {
        "contractName": name,
        "sourceName": path.removeprefix("node_modules/"),
        "compiler": {"version": LAUNCHER.name.removeprefix("solc-v"), "settings": chosen},
        "abi": output["abi"],
        "bytecode": f"0x{creation['object']}",
        "deployedBytecode": f"0x{runtime['object']}",
        "immutableReferences": list_immutables(runtime.get("immutableReferences", {})),
        "storageLayout": without_tree_numbers(output["storageLayout"]),
    }


def list_immutables(references: Mapping[str, list[Place]]) -> list[Json]:
    """Where the constructor writes into the runtime code, ascending, in bytes.

    The compiler keys them by syntax tree number, which moves with every edit; which is which is not needed to compare.
    """
    places = sorted((place for found in references.values() for place in found), key=lambda place: place["start"])
    return [{"start": place["start"], "length": place["length"]} for place in places]


def without_tree_numbers(value: Json) -> Json:
    """The storage layout without the syntax tree numbers in its type names, which move with every edit."""
    if isinstance(value, dict):
        kept = {key: entry for key, entry in value.items() if key != "astId"}
        return {strip_number(key): without_tree_numbers(entry) for key, entry in kept.items()}
    if isinstance(value, list):
        return [without_tree_numbers(entry) for entry in value]
    return strip_number(value) if isinstance(value, str) else value


def strip_number(name: str) -> str:
    return re.sub(r"\)\d+", ")", name)


def render(value: Artifact) -> str:
    return json.dumps(value, indent=1, ensure_ascii=True) + "\n"


def differences(compiled: Mapping[str, Artifact], folder: Path = ARTIFACTS) -> list[str]:
    """What is wrong with the committed artifacts, one line each; empty where they are what the sources give."""
    committed = {path.stem: path.read_text() for path in sorted(folder.glob("*.json"))}
    faults = [f"{name}.json is missing" for name in compiled if name not in committed]
    faults += [f"{name}.json has no contract any more" for name in committed if name not in compiled]
    stale = (name for name in compiled if name in committed and committed[name] != render(compiled[name]))
    return faults + [f"{name}.json is not what the sources compile to" for name in stale]


def oversized(compiled: Mapping[str, Artifact]) -> list[str]:
    """Contracts whose runtime code no chain would take, with their size in bytes."""
    sizes = {name: runtime_bytes(entry) for name, entry in compiled.items()}
    return [
        f"{name}: {size} bytes, {MAX_RUNTIME_BYTES} at most" for name, size in sizes.items() if size > MAX_RUNTIME_BYTES
    ]


def runtime_bytes(entry: Mapping[str, Json]) -> int:
    return (len(str(entry["deployedBytecode"])) - 2) // 2


def write(compiled: Mapping[str, Artifact], folder: Path = ARTIFACTS) -> None:
    """Makes the folder hold exactly these artifacts."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("*.json"):
        if path.stem not in compiled:
            path.unlink()
    for name, entry in compiled.items():
        (folder / f"{name}.json").write_text(render(entry))


def main() -> int:
    """Writes or checks the artifacts; the exit code says whether all is well."""
    parser = argparse.ArgumentParser(description="Compile the contracts into node_api/chain/artifacts.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a committed artifact differs")
    chosen = parser.parse_args()
    try:
        compiled = compile_all()
    except CompilationFailed as failure:
        print(failure, file=sys.stderr)
        return 1
    for name, entry in compiled.items():
        print(f"{name:<20} {runtime_bytes(entry):>6} bytes")
    faults = oversized(compiled)
    if chosen.check:
        faults += differences(compiled)
    else:
        write(compiled)
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
