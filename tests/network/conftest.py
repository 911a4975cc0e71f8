"""Networks for the tests of this folder, made by the same functions as the command's."""

from __future__ import annotations

import os
import random
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from node_api.chain.anvil import free_port
from node_api.domain.ids import Address, UnixSeconds
from node_api.network.create import create_network
from node_api.network.faults import PlanRefused
from node_api.network.plan import Engine, Network, Organisation, Parameters, Role, seats
from node_api.network.processes import NotRunning, find_program
from node_api.network.rules import WEAKNESSES, require_sound

GENESIS_AT = UnixSeconds(1_700_000_000)
SENDER = Address("0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc")
SENDER_KEY = "0x8b3a350cf5c34c9194ca85829a2df0ec3153be0318b5e2d3348e872092edffba"
"""Of the sender; development software has had it in its manual for years, so that nobody takes it for a secret."""
MEMBERS = ("treasury", "regulator", "merchants", "operator", "auditor")

Make = Callable[..., Network]
FIRST_PORT, PORTS_EACH = 12_000, 4_000
STAND_IN = Path(__file__).with_name("stand_in.py")


def parameters(engine: Engine = Engine.GETH_CLIQUE, **changed: object) -> Parameters:
    values: dict[str, object] = {"chain_id": 31374, "block_time": 1, "gas_limit": 500_000_000} | changed
    return Parameters(name="city", engine=engine, genesis_at=GENESIS_AT, **values)  # type: ignore[arg-type]


def organisations(count: int = 5, host: str = "127.0.0.1") -> tuple[Organisation, ...]:
    """So many validators; the second one has an observer, too, and the first an account that sends."""
    found = [Organisation(name, name.title(), host, (Role.VALIDATOR,)) for name in MEMBERS[:count]]
    found[0] = Organisation(MEMBERS[0], "财政局", host, (Role.VALIDATOR,), accounts=(SENDER,))
    if count > 1:
        found[1] = Organisation(MEMBERS[1], "Regulator", host, (Role.VALIDATOR, Role.OBSERVER))
    return tuple(found)


def validators(count: int) -> tuple[Organisation, ...]:
    """So many organisations with a validator each, and no observer."""
    return tuple(replace(one, roles=(Role.VALIDATOR,)) for one in organisations(count))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "networks" / "city"


@pytest.fixture(scope="session")
def made_before(tmp_path_factory: pytest.TempPathFactory) -> dict[object, Path]:
    """Networks that tests of this run have made: the disk is asked to keep every file of them once, not for each test."""
    return {None: tmp_path_factory.mktemp("networks")}


@pytest.fixture
def make(folder: Path, made_before: dict[object, Path]) -> Make:
    """Makes the network in `folder`, or copies one that was made of the same plan."""

    def made(engine: Engine = Engine.GETH_CLIQUE, members: tuple[Organisation, ...] | None = None) -> Network:
        members = members or organisations()
        plan = (engine, repr(members))
        if plan not in made_before:
            made_before[plan] = made_before[None] / str(len(made_before))
            create_network(made_before[plan], parameters(engine), members, ())
        if not folder.exists():
            shutil.copytree(made_before[plan], folder)
        return create_network(folder, parameters(engine), members, ()).network

    return made


def stand_in(folder: Path) -> Path:
    """A program in the folder that runs as geth does: `stand_in.py` says how."""
    path = folder / "geth"
    path.write_text(f'#!/bin/sh\nexec {sys.executable} -S {STAND_IN} "$@"\n')
    path.chmod(0o755)
    return path


@pytest.fixture
def program(tmp_path: Path) -> Path:
    return stand_in(tmp_path)


def geth_or_skip() -> Path:
    """The real one, as `make geth` builds it."""
    try:
        return find_program(Engine.GETH_CLIQUE, None)
    except NotRunning as missing:
        pytest.skip(str(missing))


@pytest.fixture
def geth() -> Path:
    return geth_or_skip()


def at_free_ports(members: tuple[Organisation, ...]) -> tuple[Organisation, ...]:
    """The same organisations, at ports that are free now and that the system gives to nobody.

    Every process that runs tests has a range of its own, below that of ports for outgoing connections.
    """
    first = FIRST_PORT + PORTS_EACH * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    while True:
        # their engine APIs' ports are a thousand higher
        drawn = random.Random().sample(range(first, first + PORTS_EACH - 1002, 2), 2 * len(members))
        found = tuple(replace(one, p2p_port=drawn.pop(), rpc_port=drawn.pop()) for one in members)
        try:
            require_sound(parameters(), found, WEAKNESSES)
        except PlanRefused:  # an engine API's port is another node's
            continue
        if all(is_free(port) for seat in seats(found) for port in (seat.p2p_port, seat.rpc_port, seat.auth_port)):
            return found


def is_free(port: int) -> bool:
    """Whether nobody listens there."""
    return free_port(port) == port
