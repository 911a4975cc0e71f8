"""docs/storage.md against what the compiler says.

storage page
├── every slot of every contract stands on the page under its name
└── every event of the page that is not a later one is declared with these types, and no other
"""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "storage.md").read_text("utf-8")
CONTRACTS = ("Vouchers", "Treasury", "ProgrammeRegistry", "MerchantRegistry", "CaseDesk")
SLOT_ROW = re.compile(r"^\| (\d+)(?:–(\d+))? \| (.*?) \|", re.MULTILINE)
EVENT_ROW = re.compile(r"^event (\w+)\((.*?)\);(\s*// later)?", re.MULTILINE)


def artifact(name: str) -> dict[str, list[dict[str, object]]]:
    loaded: dict[str, list[dict[str, object]]] = json.loads(
        (ROOT / "node_api" / "chain" / "artifacts" / f"{name}.json").read_text()
    )
    return loaded


def section(name: str, level: str) -> str:
    """The part of the page under the heading of a contract."""
    found = re.search(rf"^{level} (?:\d )?{name}\n(.*?)(?=^#|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None, f"docs/storage.md has no heading for {name}"
    return found.group(1)


def slots_of_page(name: str) -> dict[str, int]:
    slots: dict[str, int] = {}
    for first, last, names in SLOT_ROW.findall(section(name, "###" if name == "CaseDesk" else "##")):
        listed = re.findall(r"`(\w+)`", names)
        assert len(listed) == int(last or first) - int(first) + 1, f"{name}: slots {first}–{last} list {listed}"
        slots |= {label: int(first) + offset for offset, label in enumerate(listed)}
    return slots


@pytest.mark.parametrize("name", CONTRACTS)
def test_storage_page__every_slot__stands_under_its_name(name: str) -> None:
    layout = json.loads(json.dumps(artifact(name)["storageLayout"]))["storage"]
    compiled = {entry["label"]: int(entry["slot"]) for entry in layout if entry["label"] != "_consumingSchedule"}
    assert slots_of_page(name) == compiled


def test_storage_page__events_in_use__are_those_declared() -> None:
    page = {
        (name, tuple(re.sub(r"^(\S+) (\*?)\w+$", r"\1\2", part.strip()) for part in arguments.split(",")))
        for name, arguments, later in EVENT_ROW.findall(PAGE)
        if not later
    }
    declared = set()
    for contract in CONTRACTS:
        for entry in json.loads(json.dumps(artifact(contract)["abi"])):
            if entry["type"] == "event" and entry["name"] not in ("AuthorityUpdated", "EIP712DomainChanged"):
                declared.add((entry["name"], tuple(argument(item) for item in entry["inputs"])))
    links = {event for event in declared if event[0] == "ContractsLinked"}
    assert page - links == declared - links


def argument(item: dict[str, object]) -> str:
    kind = str(item["internalType"]).removeprefix("struct ")
    return f"{kind}*" if item["indexed"] else kind
