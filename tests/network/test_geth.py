"""What `create` makes, run by geth itself, where it is built (`make geth`).

a signer and an observer → up, the hash of block 0 is the computed one, every finding of `check` equal, down
a signer that answers and has not unlocked its account
├── the watch lets it be; once it is unlocked it seals
└── let go after it was held → refused in a minute, and it is to be started anew
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from node_api.chain.rpc import RpcClient
from node_api.network import sealing
from node_api.network.check import check_node
from node_api.network.create import create_network
from node_api.network.holding import Held, hold, let_go
from node_api.network.keys import SIGNER_PASSWORD_FILE
from node_api.network.plan import Network, Role
from node_api.network.processes import start, stop
from node_api.network.rules import WEAKNESSES
from node_api.network.stall_watch import StallWatch
from node_api.network.standing import head_of, wait_until_up
from tests.network.conftest import at_free_ports, organisations, parameters, validators
from tests.network.geth_control import until

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


@contextmanager
def locked(folder: Path, geth: Path) -> Iterator[tuple[Network, RpcClient, Callable[[], object]]]:
    """A network of one node, which answers and waits for the password of its account; the last one gives it."""
    network = create_network(folder, parameters(), at_free_ports(validators(1)), WEAKNESSES).network
    node = network.nodes[0]
    pipe = folder / node.seat.organisation.name / node.seat.role / SIGNER_PASSWORD_FILE
    password = pipe.read_bytes()
    pipe.unlink()
    os.mkfifo(pipe, 0o600)
    start(folder, network, geth, watch=False)
    try:
        with RpcClient(node.seat.url) as rpc:
            until(lambda: head_of(node) is not None)
            yield network, rpc, lambda: pipe.write_bytes(password)
    finally:
        assert stop(folder)


@pytest.mark.slow
def test_signer__when_its_account_is_locked__then_nobody_has_it_seal_before(folder: Path, geth: Path) -> None:
    with locked(folder, geth) as (network, rpc, unlock):
        watch = StallWatch(folder, network)
        watch.look()
        assert rpc.call("eth_mining") is False
        unlock()
        assert wait_until_up(folder, network, 30.0)


@pytest.mark.slow
def test_release__when_the_account_stays_locked__then_refused(
    folder: Path, geth: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "WITHIN_SECONDS", 1.0)
    with locked(folder, geth) as (network, rpc, unlock):
        name = network.nodes[0].seat.organisation.name
        hold(folder, name)
        with pytest.raises(Held, match=f"{name}-validator does not unlock its account 0x"):
            let_go(folder, name, rpc)
        assert rpc.call("eth_mining") is False
        unlock()
