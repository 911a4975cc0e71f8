"""Reading migrations: what is wrong with them is said before anything is sent.

load_plan
├── the released ones → in order, ids from the file's number
├── a number or a name twice, an unknown parameter, no file → refused
├── a parameter given as text → of its default's type
└── a value that a contract does not take → refused; both sides of its bounds
a step that names what is not there → refused when it is prepared
"""

from __future__ import annotations

from pathlib import Path

import pytest

from node_api.chain.contracts import AbiFault
from node_api.chain.deployment.errors import ParameterFault, PlanFault
from node_api.chain.deployment.journal import Journal
from node_api.chain.deployment.resolve import NotYetKnown, Resolver
from node_api.chain.deployment.steps import AddressOf, Call, Deploy, Parameter, Plan, Step, load_plan, migrations_folder
from node_api.chain.keys import KeyRing
from node_api.chain.roles import GUARDED

HEAD = "from node_api.chain.deployment.steps import Deploy\n"


def resolver(tmp_path: Path, *steps: Step) -> Resolver:
    return Resolver(Plan(steps, {}), Journal(tmp_path / "journal.jsonl"), KeyRing(tmp_path))


def test_load__when_the_released_ones__then_in_order_and_complete() -> None:
    plan = load_plan(migrations_folder())
    assert [step.id.split(".")[0] for step in plan.steps] == sorted(step.id.split(".")[0] for step in plan.steps)
    assert {name: plan.contract_at(name) for name in GUARDED} == {name: name for name in GUARDED}
    with pytest.raises(PlanFault, match="no step deploys 'Moon'"):
        plan.contract_at("Moon")


def test_load__when_a_parameter_is_given__then_of_its_defaults_type() -> None:
    assert load_plan(migrations_folder(), {"token_decimals": "3"}).parameters["token_decimals"] == 3
    with pytest.raises(PlanFault, match="parameter 'token_decimals' is of type int, 'two' is not"):
        load_plan(migrations_folder(), {"token_decimals": "two"})
    with pytest.raises(PlanFault, match="no step has a parameter 'colour'; there are grant_delay_seconds"):
        load_plan(migrations_folder(), {"colour": "red"})


@pytest.mark.parametrize(
    ("name", "fit", "unfit"),
    [
        ("token_decimals", 0, -1),
        ("token_decimals", 255, 256),
        ("grant_delay_seconds", 2**32 - 1, 2**32),
        ("token_name", "券", "\udcff"),
    ],
)
def test_load__when_a_value_does_not_fit__then_refused(name: str, fit: int | str, unfit: int | str) -> None:
    assert load_plan(migrations_folder(), {name: fit}).parameters[name] == fit
    with pytest.raises(ParameterFault, match=f"parameter '{name}' is .*; the rule: .*; what to do: "):
        load_plan(migrations_folder(), {name: unfit})


@pytest.mark.parametrize(
    ("files", "fault"),
    [
        ({}, "no deployment steps"),
        ({"notes.py": HEAD}, "no deployment steps"),
        (
            {
                "0001_a.py": HEAD + "STEPS = [Deploy('A', 'X', {})]",
                "0001_b.py": HEAD + "STEPS = [Deploy('A', 'X', {})]",
            },
            "0001.A",
        ),
        (
            {
                "0001_a.py": HEAD + "STEPS = [Deploy('A', 'X', {})]",
                "0002_b.py": HEAD + "STEPS = [Deploy('A', 'X', {})]",
            },
            "twice: A",
        ),
    ],
)
def test_load__when_a_migration_is_wrong__then_refused(tmp_path: Path, files: dict[str, str], fault: str) -> None:
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    with pytest.raises(PlanFault, match=fault):
        load_plan(tmp_path)


def test_prepare__when_something_is_not_there__then_refused(tmp_path: Path) -> None:
    manager = Step("0001.AccessManager", Deploy("AccessManager", "AccessManager", {}))
    found = resolver(tmp_path, manager)
    with pytest.raises(AbiFault, match="initialAdmin"):
        found.prepare(manager.action)
    with pytest.raises(NotYetKnown, match=r"once step 0001\.AccessManager has run"):
        found.prepare(Deploy("Vouchers", "Vouchers", {"manager": AddressOf("AccessManager")}))
    with pytest.raises(PlanFault, match="no step deploys 'Moon'"):
        found.prepare(Call("call", "Moon", "fly", {}))
    with pytest.raises(PlanFault, match="parameter 'colour' has no value"):
        found.value(Parameter("colour"))
    with pytest.raises(AbiFault, match="no function fly"):
        found.prepare(Call("call", "AccessManager", "fly", {}))
