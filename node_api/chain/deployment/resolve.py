"""Turns the data of a step into bytes: names into addresses, roles into accounts, arguments into call data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from eth_account.signers.local import LocalAccount

from node_api.chain.contracts import AbiFunction, contract
from node_api.chain.deployment.errors import PlanFault
from node_api.chain.deployment.journal import Journal
from node_api.chain.deployment.steps import (
    AccountOf,
    AddressOf,
    Call,
    Deploy,
    Parameter,
    Plan,
    SelectorsOf,
    Value,
    View,
)
from node_api.chain.keys import KeyRole


class Accounts(Protocol):
    """Where a deployment gets its accounts from; `KeyRing` is one."""

    def address(self, role: KeyRole) -> str:
        """The role's account, checksummed."""
        ...

    def account(self, role: KeyRole) -> LocalAccount:
        """The role's account, able to sign."""
        ...


class NotYetKnown(PlanFault):
    """The address is not known before an earlier step has run."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A step's transaction before it is signed.

    Attributes:
        to: address that is called; None where a contract is created.
        data: call data, or creation code with its arguments.
        arguments: as resolved, for people and for comparison.
    """

    to: str | None
    data: bytes
    arguments: dict[str, str]


class Resolver:
    """Knows the values of one deployment."""

    def __init__(self, plan: Plan, journal: Journal, accounts: Accounts) -> None:
        self._plan = plan
        self._journal = journal
        self._accounts = accounts
        self._step_of = {step.action.name: step.id for step in plan.steps if isinstance(step.action, Deploy)}

    def prepare(self, action: Deploy | Call) -> Prepared:
        """The transaction of a step. Raises NotYetKnown, PlanFault, AbiFault."""
        data = self._encoded(self._plan.function_of(action), action.arguments)
        if isinstance(action, Deploy):
            return Prepared(None, contract(action.contract).creation + data, self.told(action.arguments))
        return Prepared(self.address(action.target), data, self.told(action.arguments))

    def question(self, view: View) -> tuple[str, AbiFunction, bytes, object]:
        """What to ask the chain for a view: address, function, call data, and the answer that is expected."""
        function = contract(self._plan.contract_at(view.target)).function(view.function)
        return (
            self.address(view.target),
            function,
            self._encoded(function, view.arguments),
            self.value(view.expected),
        )

    def address(self, name: str) -> str:
        """Where the `Deploy` of that name created, or is about to create, its contract. Raises NotYetKnown."""
        step = self._step_of.get(name)
        if step is None:
            raise PlanFault(f"no step deploys {name!r}")
        found = self._journal.address_of(step)
        if found is None:
            raise NotYetKnown(f"the address of {name} is known once step {step} has run")
        return found

    def told(self, arguments: Mapping[str, Value]) -> dict[str, str]:
        """The arguments as text; an address that is not known yet is told by its name."""
        return {name: self._told(value) for name, value in arguments.items()}

    def value(self, value: Value) -> object:
        """The plain value: for an address its text, for selectors a list of bytes. Raises NotYetKnown, PlanFault."""
        match value:
            case AddressOf(name):
                return self.address(name)
            case AccountOf(role):
                return self._accounts.address(role)
            case Parameter(name):
                if name not in self._plan.parameters:
                    raise PlanFault(f"parameter {name!r} has no value")
                return self._plan.parameters[name]
            case SelectorsOf(name, functions):
                return [contract(name).function(function).selector for function in functions]
            case str() | bytes() | bool() | int():
                return value
            case Sequence():
                return [self.value(entry) for entry in value]

    def _encoded(self, function: AbiFunction, arguments: Mapping[str, Value]) -> bytes:
        return function.encode(function.in_order({name: self.value(value) for name, value in arguments.items()}))

    def _told(self, value: Value) -> str:
        try:
            plain = self.value(value)
        except NotYetKnown:
            return f"<{value.name}>" if isinstance(value, AddressOf) else "<not yet known>"
        if isinstance(value, SelectorsOf):
            return f"{value.contract}: {', '.join(value.functions)}"
        return "0x" + plain.hex() if isinstance(plain, bytes) else str(plain)
