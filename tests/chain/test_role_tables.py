"""Who may call what: the deployment's table and the contract tests' table.

tables
└── every row of one → stands in the other with the same role
"""

import re
from pathlib import Path

from node_api.chain.roles import GUARDED, ROLE_IDS

TESTS = Path(__file__).parent.parent / "contracts"
CONTRACTS = {
    "VOUCHERS": "Vouchers",
    "PROGRAMMES": "ProgrammeRegistry",
    "MERCHANTS": "MerchantRegistry",
    "TREASURY": "Treasury",
    "DESK": "CaseDesk",
}


def test_tables__every_row__stands_in_both() -> None:
    text = (TESTS / "RoleTable.sol").read_text(encoding="utf-8")
    rows = re.findall(r"Row\(Target\.(\w+), I\w+\.(\w+)\.selector, Roles\.(\w+)\)", text)
    tested = {(CONTRACTS[target], function, role) for target, function, role in rows}
    deployed = {
        (contract, function, role.name)
        for contract, roles in GUARDED.items()
        for role, functions in roles.items()
        for function in functions
    }
    assert len(rows) == len(tested)
    assert tested == deployed


def test_tables__role_ids__are_the_contracts() -> None:
    text = (TESTS.parent.parent / "contracts/libraries/Roles.sol").read_text(encoding="utf-8")
    ids = {name: int(number) for name, number in re.findall(r"constant (\w+) = (\d+);", text)}
    assert {role.name: number for role, number in ROLE_IDS.items()} == ids
