"""The domain's rules and the table that the contracts pass too (tests/contracts/Rules.t.sol).

table, with that of the calendar's edges
├── its names are unique, its keys are known
├── it has at least 80 cases
└── it has every reason of the domain, and the domain has every reason of the contract
judge
└── each case → accepted, or that reason alone
"""

import json
from pathlib import Path

import pytest

from node_api.domain.refusals import RuleRefusal
from tests.domain.rule_cases import RuleCase, load, rule_cases

ROOT = Path(__file__).parent.parent.parent
CASES = rule_cases()
ALL_CASES = CASES + rule_cases("calendar.json")
REASONS = {reason.__name__ for reason in RuleRefusal.__subclasses__()}


def reasons_on_chain() -> set[str]:
    """The errors of `IVouchersErrors` above the line from which on calls revert."""
    text = (ROOT / "contracts/interfaces/IVouchersErrors.sol").read_text(encoding="utf-8")
    refusals = text.split("// From here on: why a call reverts.")[0]
    return {
        line.split("Vouchers_")[1].split("(")[0] for line in refusals.splitlines() if line.strip().startswith("error")
    }


def test_table__its_names__are_unique() -> None:
    names = [case.name for case in ALL_CASES]
    assert len(set(names)) == len(names) >= 80


def test_table__its_keys__are_known() -> None:
    world = load("world.json")
    assert isinstance(world, dict)
    known = {*world, "spentElsewhere"} - {"batch", "roll", "spend"}
    assert {key for case in ALL_CASES for key in case.given} <= known
    for key, one in (("batches", "batch"), ("rolls", "roll"), ("spends", "spend"), ("spentElsewhere", "spend")):
        entries = [entry for case in ALL_CASES for entry in json.loads(json.dumps(case.given.get(key, [])))]
        assert {name for entry in entries for name in entry} <= set(world[one])


def test_table__each_reason__occurs() -> None:
    assert {case.expect for case in CASES} == REASONS | {"accepted"}


def test_domain__its_reasons__are_the_contracts() -> None:
    assert reasons_on_chain() == REASONS


@pytest.mark.parametrize("case", ALL_CASES, ids=lambda case: case.name)
def test_judge__case__agrees_with_the_table(case: RuleCase) -> None:
    refusal = case.refusal()
    assert (refusal.name if refusal else "accepted") == case.expect
