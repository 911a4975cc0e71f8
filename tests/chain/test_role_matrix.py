"""Every function of every contract against every role, on a real deployment: the table is tests/cases/roles.json.

the table
├── has exactly the functions of the contracts
└── every function that changes something stands in docs/storage.md, section 7
a function
├── when the caller may: it should not refuse the caller
└── when the caller may not: it should refuse the caller, with the error of the table and the caller's address
a back, called at its own address
└── when anybody but ADMIN calls what a role or a link guards: it should refuse the caller
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from coincurve import PrivateKey

from node_api.chain.contracts import CONTRACTS, contract, custom_errors
from node_api.chain.keys import KeyRole
from node_api.chain.rpc import Request
from node_api.chain.rpc_errors import RpcError
from tests.world import World
from tools.compile import BACKS
from tools.role_table import Row, callers, rows

ROOT = Path(__file__).parents[2]
THROUGH = "through"
# Decodes as anything: numbers and offsets of zero, so lists and texts are empty.
ZEROS = bytes(64 * 32)
REFUSALS = frozenset(error for row in rows() for error in row.others if error)
GUARDED = ("AccessManagedUnauthorized", "Vouchers_CallerNotLinked")


@dataclass(frozen=True, slots=True)
class Deployed:
    """The contracts, and an address for every caller of the table."""

    world: World
    callers: dict[str, str]

    def answers(self, calls: list[tuple[str, str, bytes]]) -> list[tuple[str, str]]:
        """Name of the error and its data, for (caller, target, call data); ("", THROUGH) where the call goes through."""
        requests: list[Request] = [
            ("eth_call", [{"from": sender, "to": target, "data": "0x" + data.hex()}, "latest"])
            for sender, target, data in calls
        ]
        return [_named(outcome) for outcome in self.world.rpc.try_batch(requests)]


def _named(outcome: object) -> tuple[str, str]:
    if not isinstance(outcome, RpcError):
        return "", THROUGH
    data = outcome.data.removeprefix("0x")
    error = custom_errors().get(bytes.fromhex(data)[:4])
    return ("" if error is None else error.name), data


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    world = World(tmp_path_factory.mktemp("roles")).start()
    world.fund()
    world.issue()
    key = world.address_of(PrivateKey())
    world.send(KeyRole.REGISTRAR, "MerchantRegistry", "addKey", 1, key)
    without = (KeyRole.WALLET_MASTER, KeyRole.COURIER)  # no account; an outsider to every contract
    known = {role.name: world.roles.address(role) for role in KeyRole if role not in without}
    known |= {name: str(address) for name, address in world.addresses.items() if name in callers()}
    known |= {
        "merchant's key": str(key),
        "terminal": str(world.address_of(world.terminal)),
        "holder": str(world.holder_addresses[0]),
        "outsider": str(world.address_of(PrivateKey())),
    }
    yield Deployed(world, known)
    world.stop()
    world.rpc.close()


def call_data(deployed: Deployed, row: Row) -> bytes:
    """A call that decodes; where zeros would not tell who asks, one that does."""
    function = contract(row.contract).function(row.function)
    treasurers = contract("Vouchers").function("openBatches").encode([[], []])
    no_items: list[object] = []
    group = (1, deployed.callers["terminal"], b"", no_items)
    arguments: dict[str, list[object]] = {
        "redeem": [[group]],
        "book": [[(1, no_items)], []],
        "redeemWithConsents": [[group], []],
        "execute": [deployed.callers["Vouchers"], treasurers],
        "schedule": [deployed.callers["Vouchers"], treasurers, 0],
    }
    chosen = arguments.get(row.function)
    return function.selector + ZEROS if chosen is None else function.encode(chosen)


def test_table__against_the_contracts__has_every_function() -> None:
    written = {(row.contract, row.function) for row in rows()}
    compiled = {(name, function) for name in CONTRACTS for function in contract(name).functions}

    assert compiled - written == set(), "functions without a row in tests/cases/roles.json"
    assert written - compiled == set(), "rows without a function"


def test_table__against_the_storage_page__tells_of_every_change() -> None:
    page = (ROOT / "docs" / "storage.md").read_text(encoding="utf-8")
    section = page.partition("## 7 Who may call")[2]
    told = set(re.findall(r"`(?:\w+\.)?(\w+)`", section))
    ours = [row for row in rows() if row.contract not in ("SettlementToken", "AccessManager")]

    changing = {row.function for row in ours if row.note != "reads"} - {"setAuthority"}
    assert changing - told == set(), "functions missing in docs/storage.md, section 7"


def test_table__callers__are_all_tried(deployed: Deployed) -> None:
    assert set(deployed.callers) == set(callers())
    assert len({address.lower() for address in deployed.callers.values()}) == len(callers())


@pytest.mark.parametrize("name", CONTRACTS)
def test_function__of_every_caller__answers_as_written(deployed: Deployed, name: str) -> None:
    tried = [(row, caller) for row in rows() if row.contract == name for caller in callers()]
    target = str(deployed.world.addresses[name])
    calls = [(deployed.callers[caller], target, call_data(deployed, row)) for row, caller in tried]

    answers = zip(tried, deployed.answers(calls), strict=True)
    faults = [
        f"{name}.{row.function}, {caller}: {error or data}"
        for (row, caller), (error, data) in answers
        if not is_as_written(row, caller, deployed.callers[caller], error, data)
    ]
    assert faults == []


def is_as_written(row: Row, caller: str, address: str, error: str, data: str) -> bool:
    if caller in row.may:
        return error not in REFUSALS
    return data != THROUGH and error in row.others and (not error or address[2:].lower() in data)


@pytest.mark.parametrize(("front", "back"), [(front, back) for front, backs in BACKS.items() for back in backs])
def test_back__at_its_own_address__answers_to_nobody_but_admin(deployed: Deployed, front: str, back: str) -> None:
    own = contract(back).functions
    guarded = [row.function for row in rows() if row.contract == front and row.others and row.others[0] in GUARDED]
    tried = [
        (function, caller)
        for function in guarded
        if function in own
        for caller in callers()
        if caller not in ("ADMIN", "AccessManager")
    ]
    target = str(deployed.world.deployment.contracts[back].address)
    calls = [(deployed.callers[caller], target, own[function].selector + ZEROS) for function, caller in tried]

    answers = deployed.answers(calls)
    assert tried
    assert [who for who, (error, _) in zip(tried, answers, strict=True) if error not in GUARDED] == []
