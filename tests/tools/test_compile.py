"""The compiled contracts that ship with the node. That the sources give them is compared by `make artifacts-check`.

artifacts
├── fit every chain
├── a changed artifact is named
├── settings
│   ├── are the same for ape and forge
│   └── are recorded in every artifact
├── storage layout holds no syntax tree number
└── launcher
    ├── does not read outside of what it may
    └── answers with the whole output through a pipe
"""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from tools import compile as compiler
from tools.compile import ARTIFACTS, LAUNCHER, ROOT, Artifact


@pytest.fixture(scope="module")
def committed() -> dict[str, Artifact]:
    return {path.stem: json.loads(path.read_text()) for path in ARTIFACTS.glob("*.json")}


def test_contracts__as_committed__then_none_exceeds_what_a_chain_takes(committed: dict[str, Artifact]) -> None:
    assert {"AccessManager", "Vouchers", "Treasury"} <= committed.keys()
    assert compiler.oversized(committed) == []
    longest = max(committed.values(), key=compiler.runtime_bytes)
    padded = {**longest, "deployedBytecode": "0x" + "00" * (compiler.MAX_RUNTIME_BYTES + 1)}
    assert compiler.oversized({"Padded": padded}) == ["Padded: 24577 bytes, 24576 at most"]


def test_artifacts__when_one_is_changed__then_it_is_named(committed: dict[str, Artifact], tmp_path: Path) -> None:
    compiler.write(committed, tmp_path)
    assert compiler.differences(committed, tmp_path) == []
    changed = {**committed, "Treasury": {**committed["Treasury"], "bytecode": "0x00"}}
    assert compiler.differences(changed, tmp_path) == ["Treasury.json is not what the sources compile to"]
    compiler.write({"Treasury": committed["Treasury"]}, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["Treasury.json"]


def test_settings__when_read__then_ape_and_forge_have_the_same() -> None:
    ape = yaml.safe_load((ROOT / "ape-config.yaml").read_text())["solidity"]
    ours = compiler.settings()
    assert ours["optimizer"] == {"enabled": ape["optimize"], "runs": ape["optimization_runs"]}
    assert (ours["viaIR"], ours["evmVersion"]) == (ape["via_ir"], ape["evm_version"])
    assert ours["remappings"] == ape["import_remapping"]
    assert LAUNCHER.name == f"solc-v{ape['version']}"


@pytest.mark.parametrize("path", sorted(ARTIFACTS.glob("*.json")), ids=lambda path: path.stem)
def test_artifact__when_read__then_it_records_how_it_was_made_and_nothing_of_the_machine(path: Path) -> None:
    artifact = json.loads(path.read_text())
    assert artifact["compiler"] == {"version": "0.8.30", "settings": compiler.settings()}
    assert str(ROOT) not in path.read_text()
    assert "astId" not in path.read_text()
    assert all(place["length"] == 32 for place in artifact["immutableReferences"])


def ask_launcher(request: Mapping[str, object], folder: Path) -> dict[str, list[dict[str, str]]]:
    done = subprocess.run(
        [LAUNCHER, "--standard-json", "--base-path", folder],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        check=True,
    )
    answer: dict[str, list[dict[str, str]]] = json.loads(done.stdout)
    return answer


def test_launcher__when_an_import_leaves_the_base_path__then_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "outside.sol").write_text("pragma solidity 0.8.30;")
    (tmp_path / "project").mkdir()
    source = '// SPDX-License-Identifier: MIT\npragma solidity 0.8.30; import "../outside.sol";'
    request = {"language": "Solidity", "sources": {"contracts/A.sol": {"content": source}}}
    assert "not found" in ask_launcher(request, tmp_path / "project")["errors"][0]["message"]
    (tmp_path / "project" / "outside.sol").symlink_to(tmp_path / "outside.sol")
    assert "outside of allowed" in ask_launcher(request, tmp_path / "project")["errors"][0]["message"]


def test_launcher__when_the_output_is_longer_than_a_pipe_holds__then_all_of_it_arrives(tmp_path: Path) -> None:
    functions = "".join(f"function f{number}() public pure {{}}" for number in range(600))
    source = f"pragma solidity 0.8.30; contract A {{ {functions} }}"
    selection = {"*": {"*": ["abi", "evm.methodIdentifiers"], "": ["ast"]}}
    request = {
        "language": "Solidity",
        "sources": {"A.sol": {"content": source}},
        "settings": {"outputSelection": selection},
    }
    answer = ask_launcher(request, tmp_path)
    assert len(json.dumps(answer)) > 200_000
    assert answer["contracts"]


def test_launcher__when_asked_for_its_version__then_prints_one_that_tools_can_parse() -> None:
    done = subprocess.run([LAUNCHER, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[1].startswith("Version: 0.8.30+commit.")
