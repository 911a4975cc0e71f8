"""The measurement of the contracts' lines.

coverage
├── when enough lines ran
│   └── nothing should be wrong
├── when too few ran
│   └── it should say how many
├── when forge knows nothing of a contract
│   └── it should name the contract
└── what is left out
    └── should be there
"""

from pathlib import Path

import pytest

from tools.coverage import ROOT, SKIPPED, faults_of, line_hits, share_of

LCOV = "TN:\nSF:contracts/A.sol\nDA:3,7\nDA:4,0\nend_of_record\nSF:tests/contracts/A.t.sol\nDA:9,0\nend_of_record\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "contracts").mkdir()
    (tmp_path / "contracts" / "A.sol").write_text("contract A { function a() external {} }")
    (tmp_path / "contracts" / "Empty.sol").write_text("contract Empty { uint256 a; }")
    return tmp_path


def test_coverage__when_enough_ran__then_nothing_is_wrong(root: Path) -> None:
    lines = {("contracts/A.sol", line): 1 for line in range(19)} | {("contracts/A.sol", 20): 0}
    assert faults_of(lines, root) == []


def test_coverage__when_too_few_ran__then_it_says_how_many(root: Path) -> None:
    lines = {(source, line): hits for source, line, hits in line_hits(LCOV)}
    assert lines == {("contracts/A.sol", 3): 7, ("contracts/A.sol", 4): 0}
    assert share_of(lines) == 50
    assert faults_of(lines, root) == ["50.00 % of the lines were run, 95 % are wanted"]


def test_coverage__when_a_contract_is_unknown__then_it_is_named(root: Path) -> None:
    (root / "contracts" / "B.sol").write_text("contract B { function b() external {} }")
    lines = {("contracts/A.sol", 3): 7}
    assert faults_of(lines, root) == ["forge counted no line of contracts/B.sol"]


def test_coverage__of_what_is_left_out__each_is_there() -> None:
    assert all(any((ROOT / "tests" / "contracts").glob(name)) for name in SKIPPED)
