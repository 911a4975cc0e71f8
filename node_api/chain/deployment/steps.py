"""The language deployment steps are written in: plain data, arguments by name."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from types import ModuleType

from node_api.chain.contracts import AbiFunction, contract
from node_api.chain.deployment.errors import ParameterFault, PlanFault
from node_api.chain.keys import KeyRole


@dataclass(frozen=True, slots=True)
class AddressOf:
    """The address an earlier `Deploy` of that name got."""

    name: str


@dataclass(frozen=True, slots=True)
class AccountOf:
    """The account of a role's key file."""

    role: KeyRole


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value that may differ from chain to chain; its default stands in the migration's PARAMETERS."""

    name: str


@dataclass(frozen=True, slots=True)
class SelectorsOf:
    """The selectors of a contract's functions."""

    contract: str
    functions: tuple[str, ...]


_INTEGER = re.compile(r"(u?)int(\d+)")

Value = bool | int | str | bytes | AddressOf | AccountOf | Parameter | SelectorsOf | Sequence["Value"]


@dataclass(frozen=True, slots=True)
class View:
    """Something the chain can be asked: `function` of the contract at step `target` returns `expected`."""

    target: str
    function: str
    arguments: Mapping[str, Value]
    expected: Value


@dataclass(frozen=True, slots=True)
class Deploy:
    """Creates a contract.

    Attributes:
        name: under which later steps and clients find its address; unique over all migrations.
        contract: the shipped contract.
        arguments: of its constructor, by parameter name.
        sender: whose key signs.
    """

    name: str
    contract: str
    arguments: Mapping[str, Value] = field(default_factory=dict)
    sender: KeyRole = KeyRole.ADMIN


@dataclass(frozen=True, slots=True)
class Call:
    """Calls a contract once.

    Attributes:
        name: of the step; unique within its migration.
        target: name of the `Deploy` whose contract is called.
        function: that is called.
        arguments: by parameter name.
        sender: whose key signs.
        shown_by: what the chain answers once it is done, where it can be asked; spares a call done otherwise.
    """

    name: str
    target: str
    function: str
    arguments: Mapping[str, Value]
    sender: KeyRole = KeyRole.ADMIN
    shown_by: View | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A step with the id the journal knows it by: `<migration number>.<name>`."""

    id: str
    action: Deploy | Call


@dataclass(frozen=True, slots=True)
class Plan:
    """All migrations' steps, in order.

    Attributes:
        steps: in the order they are carried out.
        parameters: their values for this chain.
    """

    steps: tuple[Step, ...]
    parameters: Mapping[str, int | str]

    def contract_at(self, name: str) -> str:
        """The shipped contract that the `Deploy` of that name creates. Raises PlanFault."""
        for step in self.steps:
            if isinstance(step.action, Deploy) and step.action.name == name:
                return step.action.contract
        raise PlanFault(f"no step deploys {name!r}")

    def function_of(self, action: Deploy | Call) -> AbiFunction:
        """What a step calls: a constructor or a function. Raises PlanFault, AbiFault."""
        if isinstance(action, Deploy):
            return contract(action.contract).constructor
        return contract(self.contract_at(action.target)).function(action.function)


def migrations_folder() -> Path:
    """The migrations of this installation: those packed into the wheel, else those beside the package."""
    packed = Path(str(files("node_api"))) / "migrations" / "contracts"
    return packed if packed.is_dir() else Path(str(files("node_api"))).parent / "migrations" / "contracts"


def load_plan(folder: Path, given: Mapping[str, int | str] | None = None) -> Plan:
    """Reads the numbered migrations of a folder, lowest first.

    Args:
        folder: holds `NNNN_<what>.py` files, each with STEPS and, where it has any, PARAMETERS.
        given: values for parameters, instead of their defaults.

    Raises:
        PlanFault: no migration, a number twice, or a name twice.
        ParameterFault: a parameter nobody has, or a value that is not of its type or that a contract does not take.
    """
    steps: list[Step] = []
    parameters: dict[str, int | str] = {}
    paths = sorted(path for path in folder.glob("*.py") if re.fullmatch(r"\d{4}_\w+\.py", path.name))
    if not paths:
        raise PlanFault(f"no deployment steps in {folder}")
    for path in paths:
        module = _load(path)
        parameters |= getattr(module, "PARAMETERS", {})
        steps += [Step(f"{path.name[:4]}.{action.name}", action) for action in module.STEPS]
    for name, value in (given or {}).items():
        if name not in parameters:
            raise ParameterFault(f"no step has a parameter {name!r}; there are {', '.join(sorted(parameters))}")
        try:
            parameters[name] = type(parameters[name])(value)
        except ValueError:
            kind = type(parameters[name]).__name__
            raise ParameterFault(f"parameter {name!r} is of type {kind}, {value!r} is not") from None
    _require_unique("step", [step.id for step in steps])
    _require_unique("deployment", [step.action.name for step in steps if isinstance(step.action, Deploy)])
    plan = Plan(tuple(steps), parameters)
    for name in given or {}:
        for kind in _kinds(plan, name):
            _require_fit(name, parameters[name], kind)
    return plan


def _kinds(plan: Plan, parameter: str) -> Iterator[str]:
    """The types of the arguments that a parameter is given as."""
    for step in plan.steps:
        function = plan.function_of(step.action)
        types = dict(zip(function.parameters, function.inputs, strict=True))
        for name, value in step.action.arguments.items():
            if value == Parameter(parameter):
                yield types[name]


def _require_fit(name: str, value: int | str, kind: str) -> None:
    """Raises ParameterFault where an integer is out of its type's bounds, or a text has characters that cannot be shown."""
    integer = _INTEGER.fullmatch(kind)
    if integer is not None and isinstance(value, int):
        bits = int(integer[2])
        lowest, highest = (0, (1 << bits) - 1) if integer[1] else (-1 << (bits - 1), (1 << (bits - 1)) - 1)
        if not lowest <= value <= highest:
            rule = f"the contracts take it as {kind}, from {lowest} to {highest:,}"
            raise ParameterFault(
                f"parameter {name!r} is {value}; the rule: {rule}; what to do: give a value from there"
            )
    if isinstance(value, str) and not value.isprintable():
        rule = "it is a text of characters that can be shown"
        raise ParameterFault(f"parameter {name!r} is {value!r}; the rule: {rule}; what to do: give one without others")


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"vouchertrail_migration_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _require_unique(what: str, names: Sequence[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise PlanFault(f"{what} named twice: {', '.join(twice)}")
