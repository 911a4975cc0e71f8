"""How each of the staff's commands reads as a contract call: whose key, which function, what gas at most."""

from __future__ import annotations

from node_api.chain.keys import KeyRole
from node_api.chain.pipeline import Call
from node_api.chain.roles import ROLE_IDS
from node_api.services.ports import staff_commands as s
from node_api.services.ports.treasury_terms import MerchantTerms

_GAS, _TEXT_BYTE = 400_000, 100
_REGISTRY, _TREASURY, _DESK, _ROLES = "MerchantRegistry", "Treasury", "CaseDesk", "AccessManager"
_BATCH = 10_000  # for each batch there is: all are looked at


def staff_call(command: object) -> Call | None:
    """The call that carries a command out, its gas a bound well above what was measured; None for one that is not the staff's."""
    return (
        _step_call(command)
        or _terms_call(command)
        or _account_call(command)
        or _money_call(command)
        or _place_call(command)
        or _role_call(command)
    )


def _step_call(command: object) -> Call | None:
    match command:
        case s.RejectMerchant():
            return _reasoned(KeyRole.APPROVER, _REGISTRY, "reject", command.merchant, command.reason)
        case s.ReinstateMerchant():
            return _reasoned(KeyRole.APPROVER, _REGISTRY, "reinstate", command.merchant, command.reason)
        case s.ProposeRemoval():
            return _reasoned(KeyRole.REGISTRAR, _REGISTRY, "proposeRemoval", command.merchant, command.reason)
        case s.RemoveMerchant():
            return _reasoned(KeyRole.APPROVER, _REGISTRY, "remove", command.merchant, command.reason)
        case _:
            return None


def _terms_call(command: object) -> Call | None:
    match command:
        case s.ProposeChange():
            return Call(
                KeyRole.REGISTRAR, _REGISTRY, "proposeChange", (command.merchant, merchant_tuple(command.terms)), _GAS
            )
        case s.ChangeMerchant():
            return Call(KeyRole.APPROVER, _REGISTRY, "change", (command.merchant, merchant_tuple(command.terms)), _GAS)
        case s.ProposePayout():
            return Call(KeyRole.REGISTRAR, _REGISTRY, "proposePayout", (command.merchant, command.account), _GAS)
        case s.ApprovePayout():
            return Call(KeyRole.APPROVER, _REGISTRY, "approvePayout", (command.merchant, command.account), _GAS)
        case s.WithdrawPayout():
            return _reasoned(KeyRole.REGISTRAR, _REGISTRY, "withdrawPayout", command.merchant, command.reason)
        case _:
            return None


def _account_call(command: object) -> Call | None:
    match command:
        case s.AddKey():
            return _account("addKey", command.merchant, command.key)
        case s.RemoveKey():
            return _account("removeKey", command.merchant, command.key)
        case s.ReplaceKey():
            return _account("replaceKey", command.merchant, command.old, command.key)
        case s.RemoveTerminal():
            return _account("removeTerminal", command.merchant, command.terminal)
        case s.ReplaceTerminal():
            return _account("replaceTerminal", command.merchant, command.old, command.terminal)
        case s.LimitTerminal():
            return _account("limitTerminal", command.merchant, command.terminal, command.daily_limit)
        case _:
            return None


def _money_call(command: object) -> Call | None:
    match command:
        case s.ProposeMove():
            arguments = (command.from_line, command.to_line, command.amount, command.reason)
            gas = _GAS + _TEXT_BYTE * len(command.reason.encode())
            return Call(KeyRole.TREASURER, _TREASURY, "proposeMove", arguments, gas)
        case s.ApproveMove():
            return Call(KeyRole.APPROVER, _TREASURY, "approveMove", (command.move,), _GAS)
        case s.WithdrawMove():
            return _reasoned(KeyRole.TREASURER, _TREASURY, "withdrawMove", command.move, command.reason)
        case s.DepositFromFunder():
            deposit = (command.line, command.amount, bytes.fromhex(command.slip.removeprefix("0x")))
            return Call(KeyRole.TREASURER, _TREASURY, "depositFromFunder", deposit, _GAS)
        case s.DisallowToken():
            return Call(KeyRole.APPROVER, _TREASURY, "disallowToken", (command.token,), _GAS)
        case _:
            return None


def _place_call(command: object) -> Call | None:
    match command:
        case s.ProposePlace():
            arguments = (command.roll, command.place, command.account, command.reason)
            gas = _GAS + _BATCH * command.batches + _TEXT_BYTE * len(command.reason.encode())
            return Call(KeyRole.REGISTRAR, _DESK, "proposeReassignment", arguments, gas)
        case s.ApprovePlace():
            place = (command.roll, command.place, command.account)
            return Call(KeyRole.APPROVER, _DESK, "approveReassignment", place, _GAS + _BATCH * command.batches)
        case s.WithdrawPlace():
            gas = _GAS + _TEXT_BYTE * len(command.reason.encode())
            place_back = (command.roll, command.place, command.reason)
            return Call(KeyRole.REGISTRAR, _DESK, "withdrawReassignment", place_back, gas)
        case _:
            return None


def _role_call(command: object) -> Call | None:
    auditor, relayer = ROLE_IDS[KeyRole.AUDITOR], ROLE_IDS[KeyRole.OPERATOR]
    match command:
        case s.AppointAuditor():
            return Call(KeyRole.ADMIN, _ROLES, "grantRole", (auditor, command.account, 0), _GAS)
        case s.GrantRelayer():
            return Call(KeyRole.ADMIN, _ROLES, "grantRole", (relayer, command.account, 0), _GAS)
        case s.RevokeRelayer():
            return Call(KeyRole.ADMIN, _ROLES, "revokeRole", (relayer, command.account), _GAS)
        case s.SyncRelayer():
            return Call(KeyRole.ADMIN, "Vouchers", "syncRelayer", (command.account,), _GAS)
        case _:
            return None


def merchant_tuple(terms: MerchantTerms) -> tuple[object, ...]:
    """The struct of a merchant's terms."""
    return (terms.categories, terms.region, terms.channels, terms.payout)


def _account(function: str, *arguments: object) -> Call:
    return Call(KeyRole.REGISTRAR, _REGISTRY, function, arguments, _GAS)


def _reasoned(role: KeyRole, contract: str, function: str, number: int, reason: str) -> Call:
    return Call(role, contract, function, (number, reason), _GAS + _TEXT_BYTE * len(reason.encode()))
