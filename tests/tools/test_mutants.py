"""The generator of faults, on a small contract.

faults
├── each kind is found where it can stand, and what it would put there compiles
├── a check, an effect, an event and a modifier can be left out
└── a fault's key stays when its line moves
weave
├── with every fault woven in, the contract compiles
└── without a fault, the source stays as it is but for the switch's import
"""

from collections.abc import Mapping
from typing import Any

import pytest

from tools.compile import LIBRARY_CONTRACTS, ROOT, run_compiler, settings
from tools.mutants.faults import Fault, faults_of
from tools.mutants.syntax import libraries_of
from tools.mutants.tree import Draw
from tools.mutants.weave import SWITCH, SWITCH_SOURCE, weave

PATH = "contracts/Till.sol"
SOURCE = b"""// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;
import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";

library Word {
    uint256 internal constant OPEN = 1;
    function sold(uint256 word) internal pure returns (uint256) { return word >> 8; }
    function paid(uint256 word) internal pure returns (uint256) { return word & 255; }
}

contract Till is AccessManaged {
    error Till_Short(uint256 amount);
    event Sold(uint256 amount);
    uint256 public word;
    uint256[] private _list;
    constructor(address manager) AccessManaged(manager) {}

    function sell(uint256 amount, uint256 least) external restricted returns (bool) {
        if (amount < least || amount == 0) revert Till_Short(amount);
        word += amount;
        word = word | Word.OPEN;
        for (uint256 i; i < _list.length; ++i) {
            if (!_isOpen(Word.sold(word))) _list.push(amount - 1);
        }
        assembly ("memory-safe") {
            mstore(0, add(amount, 1))
        }
        emit Sold(amount);
        return _isOpen(amount) && true;
    }

    function _isOpen(uint256 amount) private view returns (bool) {
        unchecked {
            return amount + 1 > word;
        }
    }
}
"""


def compiled(sources: Mapping[str, str], what: dict[str, list[str]]) -> dict[str, Any]:
    given = {path: {"content": text} for path, text in sources.items()}
    given |= {path: {"content": (ROOT / path).read_text()} for path in LIBRARY_CONTRACTS}
    chosen = {**settings(), "outputSelection": {PATH: what}}
    return {**run_compiler({"language": "Solidity", "sources": given, "settings": chosen}, ROOT)}


@pytest.fixture(scope="module")
def faults() -> list[Fault]:
    tree = compiled({PATH: SOURCE.decode()}, {"": ["ast"]})["sources"][PATH]["ast"]
    return faults_of(PATH, SOURCE, tree, libraries_of([tree]))


def shown(faults: list[Fault]) -> set[tuple[str, str, str]]:
    return {(fault.kind, fault.before(SOURCE), fault.after(SOURCE)) for fault in faults}


def test_faults__of_each_kind__are_found(faults: list[Fault]) -> None:
    expected = {
        (">= for <", "amount < least", "amount >= least"),
        ("<= for <", "amount < least", "amount <= least"),
        ("!= for ==", "amount == 0", "amount != 0"),
        ("&& for ||", "amount < least || amount == 0", "amount < least && amount == 0"),
        ("-= for +=", "word += amount;", "word -= amount"),
        ("dropped flag", "word | Word.OPEN", "word"),
        ("& for |", "word | Word.OPEN", "word & Word.OPEN"),
        ("one off", "Word.OPEN", "uint256(Word.OPEN + 1)"),
        ("<< for >>", "word >> 8", "word << 8"),
        ("paid for sold", "Word.sold(word)", "Word.paid(word)"),
        ("dropped !", "!_isOpen(Word.sold(word))", "_isOpen(Word.sold(word))"),
        ("+ for -", "amount - 1", "amount + 1"),
        ("|| for &&", "_isOpen(amount) && true", "_isOpen(amount) || true"),
    }
    assert expected - shown(faults) == set()
    assert any(fault.kind == "sub for add" for fault in faults)


def test_faults__of_leaving_out__are_found(faults: list[Fault]) -> None:
    expected = {
        ("dropped check", "amount < least || amount == 0", "false"),
        ("dropped check", "restricted returns (bool) {", "returns (bool) {"),
        ("dropped effect", "word += amount;", ""),
        ("missing event", "emit Sold(amount);", ""),
    }
    assert expected - shown(faults) == set()
    assert not any(fault.before(SOURCE) == "++i" for fault in faults)  # a loop that does not go on ends no test


def test_key__when_the_line_moves__stays(faults: list[Fault]) -> None:
    moved = SOURCE.replace(b"contract Till", b"\n\n\ncontract Till")
    tree = compiled({PATH: moved.decode()}, {"": ["ast"]})["sources"][PATH]["ast"]
    others = faults_of(PATH, moved, tree, libraries_of([tree]))
    before, after = (
        [Draw("", 0, {}, {PATH: source}).key(fault) for fault in found]
        for source, found in ((SOURCE, faults), (moved, others))
    )
    assert before == after
    assert len(faults) >= 30


def test_weave__with_every_fault__compiles(faults: list[Fault]) -> None:
    woven = weave(SOURCE, PATH, dict(enumerate(faults, start=1)))
    answer = compiled({PATH: woven, SWITCH: SWITCH_SOURCE}, {"*": ["evm.bytecode.object"]})
    assert answer["contracts"][PATH]["Till"]["evm"]["bytecode"]["object"]


def test_weave__without_a_fault__adds_the_import_alone() -> None:
    woven = weave(SOURCE, PATH, {})
    assert woven.replace('import {Mutant} from "./libraries/Mutant.sol";\n', "") == SOURCE.decode()
