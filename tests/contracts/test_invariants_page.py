"""What docs/invariants.md and the state machine promise, against the machine's own text.

invariants page
└── its rows are numbered without a gap, and each number is checked: by a check of its name, or at every call
state machine
└── tries every function that one contract does for another from outside; test_reach.py sees to the others
"""

import re
from pathlib import Path

from node_api.chain.contracts import CONTRACTS
from tools.role_table import rows

ROOT = Path(__file__).parents[2]
MACHINE = ROOT / "tests" / "contracts" / "invariants"
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


def test_state_machine__every_function_of_linked_contracts__is_tried_from_outside() -> None:
    tried = set(re.findall(r"abi\.encodeCall\(\w+\.(\w+),", (MACHINE / "OtherSteps.sol").read_text(encoding="utf-8")))
    linked = {row.function for row in rows() if row.may and row.may <= set(CONTRACTS) and row.contract not in PUBLISHED}

    assert linked - {"setAuthority"} <= tried
