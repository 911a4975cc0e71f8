"""What docs/invariants.md and the state machine promise, against the machine's own text.

invariants page
└── its rows are numbered without a gap, and each number is checked: by a check of its name, or at every call
state machine
├── reaches every function that changes something, or Reach.sol says why not
└── reaches every error of our contracts, or Reach.sol says why not
"""

import re
from pathlib import Path

from node_api.chain.contracts import CONTRACTS, contract
from tools.role_table import rows

ROOT = Path(__file__).parents[2]
MACHINE = ROOT / "tests" / "contracts" / "invariants"
REACH = (MACHINE / "Reach.sol").read_text(encoding="utf-8")
LEFT_OUT = set(re.findall(r"\w+", REACH.partition("library Reach")[0]))
PUBLISHED = ("AccessManager", "SettlementToken")
LEAST_INVARIANTS = 20


def test_invariants_page__every_number__is_checked() -> None:
    page = (ROOT / "docs" / "invariants.md").read_text(encoding="utf-8")
    numbers = [int(number) for number in re.findall(r"^\| I(\d+) \|", page, re.MULTILINE)]
    text = "".join(path.read_text(encoding="utf-8") for path in MACHINE.glob("*.sol"))
    at_every_call = re.search(r"^I(\d+) and I(\d+) are checked at every call", page, re.MULTILINE)

    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= LEAST_INVARIANTS
    assert at_every_call is not None
    checked = {int(number) for number in re.findall(r"_must\(\s*(\d+),", text)}
    assert checked | {int(number) for number in at_every_call.groups()} == set(numbers)


def test_state_machine__every_function_that_changes_something__is_reached() -> None:
    reached = {name.split(" ")[0] for name in re.findall(r'list\[\d+\] = "([\w ]+)";', REACH)}
    refused = set(re.findall(r"abi\.encodeCall\(\w+\.(\w+),", (MACHINE / "OtherSteps.sol").read_text(encoding="utf-8")))
    changing = [row for row in rows() if row.contract not in PUBLISHED and row.note != "reads"]
    linked = {row.function for row in changing if row.may <= set(CONTRACTS)}

    missing = {row.function for row in changing} - reached - LEFT_OUT - (linked & refused)
    assert missing == set(), "neither reached nor left out with a reason in Reach.sol"


def test_state_machine__every_error_of_ours__is_reached() -> None:
    reached = set(re.findall(r'list\[\d+\] = "(\w+)\(', REACH))
    ours = {
        error.name
        for name in CONTRACTS
        if name not in PUBLISHED
        for error in contract(name).errors.values()
        if re.match(r"[A-Z]\w+_", error.name)
    }

    missing = ours - reached - LEFT_OUT
    assert missing == set(), "neither reached nor left out with a reason in Reach.sol"
