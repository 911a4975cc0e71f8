"""The settings of a voucher node that follow from a network's plan.

planned
├── all on this machine → reads observers, then its own validator; sends to its own validator, then the others
├── on several machines → its own nodes, and of the others what they offer to the outside
├── nobody in particular → whatever is near; nothing is → refused
├── gas between two blocks → what all nodes of this machine carry out, or one of its own does; a block's at most; Besu's → any
└── another organisation, another network → refused
settings
├── are the plan's where they are not given, and what is given goes first
└── no such network → refused by name
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import ValidationError

from node_api.chain.profile import GAS_A_SECOND
from node_api.config import Settings
from node_api.network.create import create_network
from node_api.network.endpoints import planned
from node_api.network.plan import Engine, Role
from tests.network.conftest import Make, organisations, parameters

RPC = 8545  # of the treasury's validator; the regulator's, its observer and the others' follow


def urls(found: dict[str, object], name: str) -> list[str]:
    return [one for one in str(found[name]).split(",") if one]


def at(*ports: int) -> list[str]:
    return [f"http://127.0.0.1:{RPC + port}" for port in ports]


def test_planned__when_all_are_near__then_observers_are_read_and_validators_sent_to(make: Make, folder: Path) -> None:
    network = make()
    found = planned(folder.parent, "city", "operator")
    assert urls(found, "chain_url") == at(2, 4)
    assert urls(found, "chain_send_url") == at(4, 0, 1, 3, 5)
    assert (found["chain_id"], found["chain_genesis_hash"]) == (31374, network.genesis_hash)
    assert found["chain_engine"] == "geth-clique"
    assert urls(planned(folder.parent, str(folder / "regulator"), "regulator"), "chain_url") == at(2, 1)


def test_planned__when_on_several_machines__then_own_nodes_and_what_others_offer(make: Make, folder: Path) -> None:
    members = list(organisations(4))
    members = [replace(one, host=f"192.0.2.{number}") for number, one in enumerate(members, start=1)]
    members[1] = replace(members[1], rpc_host="192.0.2.2", rpc_jwt="callers.pem")
    make(Engine.BESU_QBFT, tuple(members))
    operator = planned(folder.parent, "city", "operator")
    assert urls(operator, "chain_url") == ["http://192.0.2.2:8546", "http://127.0.0.1:8545"]
    assert urls(operator, "chain_send_url") == ["http://127.0.0.1:8545"]
    nobody = planned(folder.parent, "city", None)
    assert (urls(nobody, "chain_url"), urls(nobody, "chain_send_url")) == (["http://192.0.2.2:8546"], [])


@pytest.mark.parametrize(
    ("block_time", "cores", "gas"),
    [(1, 2, 2 * GAS_A_SECOND // 7), (2, 3, 6 * GAS_A_SECOND // 7), (9, 64, 500_000_000)],
)
def test_planned__when_all_are_near__then_they_share_the_cores(
    folder: Path, monkeypatch: pytest.MonkeyPatch, block_time: int, cores: int, gas: int
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: cores)
    create_network(folder, parameters(block_time=block_time), organisations(5), ())
    found = planned(folder.parent, "city", "operator")
    assert (found["chain_block_gas"], found["chain_hold_seconds"]) == (gas, block_time - 0.3)


def test_planned__when_on_several_machines__then_a_core_for_each(make: Make, folder: Path) -> None:
    members = tuple(replace(one, host=f"192.0.2.{number}") for number, one in enumerate(organisations(5), start=1))
    network = make(members=members)
    found = planned(folder.parent, "city", "operator")
    assert found["chain_block_gas"] == network.parameters.block_time * GAS_A_SECOND // 2
    assert "chain_hold_seconds" not in found


def test_planned__when_of_besu__then_any_gas(make: Make, folder: Path) -> None:
    make(Engine.BESU_QBFT)
    assert not {"chain_block_gas", "chain_hold_seconds"} & set(planned(folder.parent, "city", "operator"))


def test_planned__when_nothing_is_near__then_refused(make: Make, folder: Path) -> None:
    members = [replace(one, host=f"192.0.2.{number}") for number, one in enumerate(organisations(5), start=1)]
    make(members=tuple(replace(one, roles=(Role.VALIDATOR,)) for one in members))
    with pytest.raises(ValueError, match="name your organisation"):
        planned(folder.parent, "city", None)
    with pytest.raises(ValueError, match="bank is no organisation of city: auditor, merchants"):
        planned(folder.parent, "city", "bank")
    with pytest.raises(ValueError, match="there is no network in"):
        planned(folder.parent, "town", None)


def test_settings__then_the_plans_where_not_given(make: Make, folder: Path) -> None:
    network = make()
    data = folder.parent.parent
    settings = Settings(data=data, network="city", organisation="operator", chain_confirmations=9)
    outside = settings.outside_chain()
    assert outside is not None
    assert (outside.readers, outside.senders) == (tuple(at(2, 4)), tuple(at(4, 0, 1, 3, 5)))
    assert (outside.chain_id, outside.genesis_hash) == (31374, network.genesis_hash)
    assert (outside.engine, outside.confirmations) == ("geth-clique", 9)
    chosen = Settings(data=data, network="city", chain_url=" http://a:1 , http://b:2", chain_id=7)
    assert chosen.outside_chain() is not None
    assert (chosen.outside_chain().readers, chosen.chain_id) == (("http://a:1", "http://b:2"), 7)  # type: ignore[union-attr]
    assert Settings(data=data).outside_chain() is None


def test_settings__when_there_is_no_such_network__then_refused(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="there is no network in"):
        Settings(data=tmp_path, network="town")
