"""Every command that the runbooks show, on a network of three signers and an observer of geth.

pages of docs/runbooks/README.md, in its order
├── each `sh` command ends with 0
└── afterwards the three seal, one of them with another key, one from its backup; nobody else may
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from node_api.chain.rpc import RpcClient
from node_api.network.create import create_network
from node_api.network.endpoints import url_of
from node_api.network.files import read_network
from node_api.network.plan import Role
from node_api.network.processes import start, stop
from node_api.network.standing import standings, wait_until_up
from node_api.network.votes import council
from tests.network.conftest import at_free_ports, organisations, parameters, validators
from tests.network.geth_control import PATIENCE, until
from tools.readme import BLOCK, ROOT

RUNBOOKS = ROOT / "docs" / "runbooks"
PAGES = re.findall(r"\]\((\w+\.md)\)", (RUNBOOKS / "README.md").read_text())


def shown(page: str) -> str:
    return "\n".join(BLOCK.findall((RUNBOOKS / page).read_text()))


def test_readme__when_read__then_it_names_every_page() -> None:
    assert sorted([*PAGES, "README.md"]) == sorted(path.name for path in RUNBOOKS.glob("*.md"))


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_runbooks__when_their_commands_run__then_each_ends_well(tmp_path: Path, geth: Path) -> None:
    *members, bank = at_free_ports((*validators(1), organisations(2)[1], *validators(3)[2:], *validators(4)[3:]))
    folder = tmp_path / "data" / "networks" / "city"
    network = create_network(folder, parameters(), tuple(members), ()).network
    entry = re.search(r"```toml\n(.*?)```", (RUNBOOKS / "members.md").read_text(), re.DOTALL)
    assert entry
    (tmp_path / "bank.toml").write_text(f"{entry[1]}p2p_port = {bank.p2p_port}\nrpc_port = {bank.rpc_port}\n")
    (tmp_path / "city").symlink_to(folder)
    urls = {node.seat.name.upper().replace("-", "_"): url_of(node) for node in network.nodes}
    environment = {**os.environ, **urls, "VOUCHERTRAIL_DATA": str(tmp_path / "data")}
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    try:
        start(folder, network, geth)
        wait_until_up(folder, network, PATIENCE)
        for page in PAGES:
            subprocess.run(["bash", "-euxo", "pipefail", "-c", shown(page)], cwd=tmp_path, env=environment, check=True)
        after = read_network(folder)
        assert set(after.sealers) != set(network.sealers)
        with RpcClient(urls["REGULATOR_OBSERVER"]) as rpc:
            assert council(rpc, parameters().engine).validators == tuple(sorted(map(str.lower, after.sealers)))
        until(lambda: all(one.sealed for one in standings(folder, after) if one.name.endswith(Role.VALIDATOR)))
    finally:
        stop(folder)
