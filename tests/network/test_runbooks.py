"""Every command that the runbooks show, on a network of three signers and an observer of geth, with the contracts on it.

pages of docs/runbooks/README.md, in its order
├── each `sh` command ends with 0
├── a node joined: its index is that of another organisation's voucher node; a row there is another → 1, and the table is named
└── afterwards the three seal, one of them with another key, one from its backup; nobody else may
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from node_api.chain.anvil import free_port
from node_api.chain.deployment.run import deploy
from node_api.chain.handle import attach_chain
from node_api.chain.keys import ACCOUNT_ROLES
from node_api.chain.rpc import RpcClient
from node_api.cli.deploy import open_chain
from node_api.config import Settings
from node_api.domain.access import ApiRole
from node_api.domain.ids import Address
from node_api.network.create import create_network
from node_api.network.files import read_network
from node_api.network.plan import Network, Role
from node_api.network.processes import start, stop
from node_api.network.standing import standings, wait_until_up
from node_api.network.votes import council
from node_api.observer import build_observer
from node_api.serving import serving
from node_api.storage import tables
from node_api.storage.engine import open_database
from tests.network.conftest import at_free_ports, organisations, parameters, validators
from tests.network.geth_control import PATIENCE, until
from tests.world import Roles
from tools.readme import BLOCK, ROOT

RUNBOOKS = ROOT / "docs" / "runbooks"
PAGES = re.findall(r"\]\((\w+\.md)\)", (RUNBOOKS / "README.md").read_text())
JOIN = BLOCK.findall((RUNBOOKS / "join.md").read_text())[0].splitlines()[0]


@dataclass
class City:
    """The running network, and what its operators' shells know."""

    base: Path
    network: Network
    environment: dict[str, str]

    @property
    def folder(self) -> Path:
        return self.base / "data" / "networks" / "city"

    def run(self, commands: str) -> subprocess.CompletedProcess[str]:
        """Carries commands out as a reader would; what they leave in the background ends with them."""
        command = ["bash", "-euxo", "pipefail", "-c", commands]
        shell = subprocess.Popen(
            command, cwd=self.base, env=self.environment, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        try:
            told, _ = shell.communicate()
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(shell.pid, signal.SIGKILL)
        return subprocess.CompletedProcess(command, shell.returncode, told)


@pytest.fixture
def city(tmp_path: Path, geth: Path) -> Iterator[City]:
    base, roles = tmp_path, Roles()
    *members, bank = at_free_ports((*validators(1), organisations(2)[1], *validators(3)[2:], *validators(4)[3:]))
    members[0] = replace(members[0], accounts=tuple(Address(roles.address(role)) for role in ACCOUNT_ROLES))
    network = create_network(base / "data" / "networks" / "city", parameters(), tuple(members), ()).network
    city = City(base, network, _environment(base, network))
    entry = re.search(r"```toml\n(.*?)```", (RUNBOOKS / "members.md").read_text(), re.DOTALL)
    assert entry
    (base / "bank.toml").write_text(f"{entry[1]}p2p_port = {bank.p2p_port}\nrpc_port = {bank.rpc_port}\n")
    (base / "city").symlink_to(city.folder)
    try:
        start(city.folder, network, geth)
        wait_until_up(city.folder, network, PATIENCE)
        chain = attach_chain(city.environment["TREASURY_VALIDATOR"], parameters().chain_id, base / "identity.json")
        deploy(chain, base / "treasury" / "deployments", roles)
        addresses = base / "treasury" / "deployments" / str(chain.chain_id) / "addresses.json"
        (base / "addresses.json").write_bytes(addresses.read_bytes())
        yield city
    finally:
        stop(city.folder)


def _environment(base: Path, network: Network) -> dict[str, str]:
    urls = {node.seat.name.upper().replace("-", "_"): node.seat.url for node in network.nodes}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    return {**os.environ, **urls, "VOUCHERTRAIL_DATA": str(base / "data"), "PATH": path, "PORT": str(free_port())}


@contextmanager
def treasurys_api(city: City) -> Iterator[Settings]:
    """Treasury's voucher node answers, and the shells know where, and have an auditor's key."""
    settings = Settings(
        data=city.base / "treasury",
        chain_url=city.environment["TREASURY_VALIDATOR"],
        chain_id=parameters().chain_id,
    )
    with build_observer(settings, open_chain(settings)) as node, serving(node.api) as url:
        _, token = node.keyring.create(ApiRole.AUDITOR, "regulator")
        city.environment |= {"TREASURY_API": url, "VOUCHERTRAIL_JOIN_API_KEY": token}
        yield settings


def require_told_apart(city: City, settings: Settings) -> None:
    """Has treasury's index hold what is not on the chain, and whoever joins find it."""
    database = open_database(settings.database_url)
    with database.begin() as connection:
        first = select(func.min(tables.blocks.c.number)).scalar_subquery()
        changed = update(tables.blocks).where(tables.blocks.c.number == first)
        connection.execute(changed.values(timestamp=tables.blocks.c.timestamp + 1))
    database.dispose()
    done = city.run(f"{JOIN} --json")
    (found,) = (one for one in json.loads(done.stdout)["findings"] if one["state"] == "differs")
    assert (done.returncode, found["found"].partition(":")[0]) == (1, "blocks")


def shown(page: str) -> str:
    return "\n".join(BLOCK.findall((RUNBOOKS / page).read_text()))


def test_readme__when_read__then_it_names_every_page() -> None:
    assert sorted([*PAGES, "README.md"]) == sorted(path.name for path in RUNBOOKS.glob("*.md"))


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_runbooks__when_their_commands_run__then_each_ends_well(city: City) -> None:
    for page in PAGES:
        with treasurys_api(city) if page == "join.md" else contextlib.nullcontext() as settings:
            done = city.run(shown(page))
            assert done.returncode == 0, (page, done.stdout)
            if settings is not None:
                assert "equal    index at block " in done.stdout
                require_told_apart(city, settings)
    after = read_network(city.folder)
    assert set(after.sealers) != set(city.network.sealers)
    with RpcClient(city.environment["REGULATOR_OBSERVER"]) as rpc:
        assert council(rpc, parameters().engine).validators == tuple(sorted(map(str.lower, after.sealers)))
    until(lambda: all(one.sealed for one in standings(city.folder, after) if one.name.endswith(Role.VALIDATOR)))
