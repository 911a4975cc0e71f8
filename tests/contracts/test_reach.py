"""What the runs of the state machine reached together, against the ABIs.

reach
├── every function that an account may call went through
├── every named error occurred
└── nothing is excepted that is not there, or was reached
"""

from collections import Counter
from collections.abc import Mapping

import pytest

from node_api.chain.contracts import contract, custom_errors
from tests.contracts.conftest import MACHINE_REPORTS, Done
from tools.role_table import rows

CONTRACTS = ("Vouchers", "ProgrammeRegistry", "MerchantRegistry", "Treasury", "CaseDesk")

# Never drawn, and why or where they are tested instead.
ELSEWHERE: Mapping[str, str] = {
    "link": "goes through when the release is deployed",
    "Vouchers_NumbersUsedUp": "16 million batches away",
    "Treasury_PayoutFailed": "a token that fails: SettlementFaults.t.sol",
    "Treasury_PayoutNotWhole": "a token that lies: SettlementFaults.t.sol",
    "Treasury_BudgetTooLarge": "far above these budgets: Budgets.t.sol",
    "redeemWithConsents": "no programme of the machine asks for consents: Rules.t.sol",
    "syncAttestor": "likewise: Access.t.sol",
    "Vouchers_ConsentMissing": "likewise: Rules.t.sol",
    "Vouchers_RedemptionLimitPassed": "no programme of the machine has limits: RedeemLimits.t.sol",
    "Vouchers_DayLimitPassed": "likewise: RedeemLimits.t.sol",
    "Vouchers_MonthLimitPassed": "likewise: RedeemLimits.t.sol",
    "Vouchers_NotFirstRedemption": "likewise: RedeemLimits.t.sol",
    "Vouchers_MerchantLimitPassed": "likewise: RedeemLimits.t.sol",
    "Vouchers_TerminalLimitPassed": "limits of terminals are out of reach: RedeemLimits.t.sol",
    "CaseDesk_TerminalLimitPassed": "likewise: Reversals.t.sol",
}


@pytest.fixture(scope="module")
def reached(forge_test: Done) -> Counter[str]:
    """How often each function went through and each error occurred, over all runs."""
    assert forge_test.code == 0, f"{forge_test.out[-4000:]}\n{forge_test.err}"
    counts: Counter[str] = Counter()
    for report in sorted(MACHINE_REPORTS.glob("machine-*.txt")):
        for line in report.read_text(encoding="utf-8").splitlines():
            match line.split():
                case ["passed", name, selector, times]:
                    counts[f"{name} {selector}"] += int(times)
                case ["refused", selector, times]:
                    counts[selector] += int(times)
    return counts


def callable_functions() -> dict[str, str]:
    """Contract and selector → name, of all that some account outside the release may call to change something."""
    return {
        f"{row.contract} 0x{contract(row.contract).function(row.function).selector.hex()}": row.function
        for row in rows()
        if row.contract in CONTRACTS and row.note != "reads" and row.may - {"AccessManager", *CONTRACTS}
    }


def named_errors() -> dict[str, str]:
    """Selector → name, of the errors of our contracts."""
    return {
        f"0x{selector.hex()}": error.name
        for selector, error in custom_errors().items()
        if error.name.partition("_")[0] in CONTRACTS
    }


@pytest.mark.slow
def test_functions__over_all_runs__went_through(reached: Counter[str]) -> None:
    wanted = {key: name for key, name in callable_functions().items() if name not in ELSEWHERE}
    for key, name in sorted(wanted.items(), key=lambda item: item[1]):
        print(f"{reached[key]:>8} {key.partition(' ')[0]}.{name}")
    assert not [name for key, name in wanted.items() if not reached[key]]


@pytest.mark.slow
def test_errors__over_all_runs__occurred(reached: Counter[str]) -> None:
    wanted = {key: name for key, name in named_errors().items() if name not in ELSEWHERE}
    for key, name in sorted(wanted.items(), key=lambda item: item[1]):
        print(f"{reached[key]:>8} {name}")
    assert not [name for key, name in wanted.items() if not reached[key]]


@pytest.mark.slow
def test_exceptions__over_all_runs__are_needed(reached: Counter[str]) -> None:
    known = callable_functions() | named_errors()
    assert not ELSEWHERE.keys() - set(known.values())
    assert not [name for key, name in known.items() if name in ELSEWHERE and reached[key]]
