"""What runs of the state machine reached, read from their reports, and what there is to reach, read from the ABIs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from node_api.chain.contracts import contract, custom_errors
from tools.role_table import rows

CONTRACTS = ("Vouchers", "ProgrammeRegistry", "MerchantRegistry", "Treasury", "CaseDesk")

# Never drawn, and why or where they are tested instead.
ELSEWHERE: Mapping[str, str] = {
    "link": "goes through when the release is deployed",
    "Vouchers_NumbersUsedUp": "16 million batches away",
    "Treasury_PayoutFailed": "a token that fails: SettlementFaults.t.sol",
    "Treasury_PayoutNotWhole": "a token that lies: SettlementFaults.t.sol",
    "Treasury_BudgetTooLarge": "far above these budgets: Budgets.t.sol",
}


def counted(reports: Iterable[Path]) -> Counter[str]:
    """How often each function went through (by contract and selector) and each error occurred (by selector); and `calls`."""
    counts: Counter[str] = Counter()
    for report in reports:
        for line in report.read_text(encoding="utf-8").splitlines():
            match line.split():
                case ["passed", name, selector, times]:
                    counts[f"{name} {selector}"] += int(times)
                case ["refused", selector, times]:
                    counts[selector] += int(times)
                case ["calls", times]:
                    counts["calls"] += int(times)
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
