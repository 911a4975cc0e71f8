"""Networks for the tests of this folder, made by the same functions as the command's."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from node_api.domain.ids import Address, UnixSeconds
from node_api.network.create import create_network
from node_api.network.plan import Engine, Network, Organisation, Parameters, Role

GENESIS_AT = UnixSeconds(1_700_000_000)
SENDER = Address("0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc")
MEMBERS = ("treasury", "regulator", "merchants", "operator", "auditor")

Make = Callable[..., Network]


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
