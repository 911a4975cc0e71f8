"""What `create` makes, run by geth itself, where it is built (`make geth`).

a signer and an observer → up, the hash of block 0 is the computed one, every finding of `check` equal, down
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from node_api.chain.rpc import RpcClient
from node_api.network.check import check_node
from node_api.network.create import create_network
from node_api.network.plan import Role
from node_api.network.processes import start, stop
from node_api.network.rules import WEAKNESSES
from node_api.network.standing import wait_until_up
from tests.network.conftest import at_free_ports, organisations, parameters

PATIENCE = 300.0


@pytest.mark.slow
def test_geth__when_it_runs_a_network__then_it_is_the_planned_one(folder: Path, geth: Path) -> None:
    members = at_free_ports((replace(organisations(1)[0], roles=(Role.VALIDATOR, Role.OBSERVER)),))
    network = create_network(folder, parameters(), members, WEAKNESSES).network
    try:
        start(folder, network, geth)
        for node in wait_until_up(folder, network, PATIENCE):
            with RpcClient(node.url) as rpc:
                findings = check_node(rpc, network)
            assert {one.what: one.found for one in findings if one.state != "equal"} == {}
            assert len(findings) == 12
    finally:
        assert stop(folder)
