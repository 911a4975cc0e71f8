"""How each command about versions of rules reads as a contract call."""

from __future__ import annotations

from node_api.chain.keys import KeyRole
from node_api.chain.pipeline import Call
from node_api.services.ports import treasury as t
from node_api.services.ports.rules_commands import (
    ActivateRules,
    ProposeRules,
    RejectRules,
    SetTransferCaps,
    WithdrawRules,
)
from node_api.services.ports.treasury_terms import RulesTerms

_REGISTRY = "ProgrammeRegistry"
_FIRST_ONLY, _TRANSFERABLE = 4, 8
_PROPOSE, _ACTIVATE, _END, _REGION, _TEXT_BYTE = 500_000, 400_000, 150_000, 60_000, 800


def rules_call(command: t.Command) -> Call | None:
    """The call that carries a command about rules out; None for any other. Gas is a bound well above what was measured."""
    match command:
        case ProposeRules(programme=programme, widening=widening, reason=reason):
            opened = (widening.categories, list(widening.regions), widening.channels)
            gas = _PROPOSE + _REGION * len(widening.regions) + _TEXT_BYTE * len(reason.encode())
            arguments = (programme, rules_tuple(command.rules), opened, reason)
            return Call(KeyRole.TREASURER, _REGISTRY, "proposeRules", arguments, gas)
        case SetTransferCaps(programme=programme, version=version):
            caps = (command.per_transfer, command.per_month)
            return Call(KeyRole.TREASURER, _REGISTRY, "setTransferCaps", (programme, version, caps), _END)
        case ActivateRules(programme=programme, version=version):
            gas = _ACTIVATE + 16 * _REGION
            return Call(KeyRole.APPROVER, _REGISTRY, "activateRules", (programme, version), gas)
        case WithdrawRules(programme=programme, version=version, reason=reason):
            gas = _END + _TEXT_BYTE * len(reason.encode())
            return Call(KeyRole.TREASURER, _REGISTRY, "withdrawRules", (programme, version, reason), gas)
        case RejectRules(programme=programme, version=version, reason=reason):
            gas = _END + _TEXT_BYTE * len(reason.encode())
            return Call(KeyRole.APPROVER, _REGISTRY, "rejectRules", (programme, version, reason), gas)
        case _:
            return None


def rules_tuple(rules: RulesTerms) -> tuple[object, ...]:
    """`RulesTerms` of `Programme.sol`."""
    return (
        rules.max_deadline,
        rules.reversal_window,
        rules.dispute_window,
        rules.step_up_threshold,
        rules.merchant_daily_limit,
        rules.redemption_amount,
        rules.redemption_count,
        rules.day_amount,
        rules.day_count,
        rules.month_amount,
        rules.month_count,
        rules.open_seconds,
        rules.open_max_bill,
        (_FIRST_ONLY if rules.first_only else 0) | (_TRANSFERABLE if rules.transferable else 0),
    )
