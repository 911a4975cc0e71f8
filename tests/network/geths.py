"""A network of geth for the tests of observer and outsiders: three signers, a regulator's observer, and one who is to join."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from node_api.chain.rpc import RpcClient
from node_api.chain.rpc_errors import RpcUnavailable
from node_api.chain.rpc_values import quantity, rows, text
from node_api.domain.ids import Address
from node_api.network import geth as geth_files
from node_api.network.create import create_network
from node_api.network.keys import make_keys
from node_api.network.plan import Engine, Network, Node, Organisation, Role, seats
from node_api.network.processes import running, start, stop
from node_api.network.rules import WEAKNESSES
from node_api.network.standing import wait_until_up
from node_api.network.start_files import start_script
from tests.network.conftest import MEMBERS, at_free_ports, parameters

PATIENCE = 300.0
SIGNERS = int(os.environ.get("OBSERVED_SIGNERS", "3"))
NEWCOMER = "newcomer"


def until(true: Callable[[], object]) -> None:
    """Waits until it is so."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@dataclass
class Geths:
    """The running network."""

    folder: Path
    network: Network
    program: Path
    newcomer: Address

    def node(self, name: str) -> Node:
        return next(node for node in self.network.nodes if node.seat.name == name)

    @property
    def signers(self) -> list[Node]:
        return [node for node in self.network.nodes if node.signer is not None]

    @property
    def observer(self) -> Node:
        return self.node("regulator-observer")

    def place(self, node: Node) -> Path:
        return self.folder / node.seat.organisation.name / node.seat.role

    def ask(self, node: Node, method: str, *params: object) -> object:
        with RpcClient(node.seat.url) as rpc:
            return rpc.call(method, params)  # type: ignore[arg-type]

    def propose(self, nodes: list[Node], account: str, add: bool) -> None:
        for node in nodes:
            self.ask(node, "clique_propose", account, add)

    def valid_signers(self) -> set[str]:
        return {text(one).lower() for one in rows(self.ask(self.observer, "clique_getSigners"))}  # type: ignore[arg-type]

    def signal(self, node: Node, number: signal.Signals) -> None:
        processes = running(self.folder)
        assert processes is not None
        os.kill(processes[node.seat.name].pid, number)

    def restart(self, node: Node) -> None:
        """Ends a node; its supervisor starts it anew."""
        before = (running(self.folder) or {})[node.seat.name]
        os.kill(before.pid, signal.SIGTERM)
        until(lambda: (running(self.folder) or {})[node.seat.name].restarts > before.restarts)
        wait_until_up(self.folder, self.network, PATIENCE)


def url_of(node: Node) -> str:
    return f"http://127.0.0.1:{node.seat.rpc_port}"


@contextmanager
def running_geths(folder: Path, program: Path) -> Iterator[Geths]:
    """Ends every node at the end, whatever happened."""
    plain = [Organisation(name, name.title(), "127.0.0.1", (Role.VALIDATOR,)) for name in MEMBERS[:SIGNERS]]
    plain[1] = replace(plain[1], roles=(Role.VALIDATOR, Role.OBSERVER))
    joining = Organisation(NEWCOMER, "Newcomer", "127.0.0.1", (Role.OBSERVER,))
    members = at_free_ports((*plain, joining))
    network = create_network(folder, parameters(), members, WEAKNESSES).network
    account = _can_seal(folder, network)
    try:
        start(folder, network, program)
        wait_until_up(folder, network, PATIENCE)
        yield Geths(folder, network, program, Address(account.lower()))
    finally:
        stop(folder)


def _can_seal(folder: Path, network: Network) -> Address:
    """The newcomer's node is a peer by the plan, and is given an account that seals once the others let it."""
    node = next(one for one in network.nodes if one.seat.organisation.name == NEWCOMER)
    place = folder / NEWCOMER / Role.OBSERVER
    organisation = Organisation(NEWCOMER, NEWCOMER, "127.0.0.1", (Role.VALIDATOR,))
    own = make_keys(folder / "made" / NEWCOMER, organisation, Engine.GETH_CLIQUE)
    assert own.signer is not None
    for path in ("signer", "signer.password"):
        shutil.move(folder / "made" / NEWCOMER / Role.VALIDATOR / path, place / path)
    (place / "start.sh").write_text(start_script(network, replace(node, signer=own.signer)))
    return own.signer


def free_ports(geths: Geths) -> tuple[int, int, int]:
    """Three more ports, besides those of the network."""
    (one,) = at_free_ports((Organisation("outsider", "Outsider", "127.0.0.1", (Role.VALIDATOR,)),))
    (seat,) = seats((one,))
    taken = {port for node in geths.network.nodes for port in (node.seat.p2p_port, node.seat.rpc_port)}
    found = seat.p2p_port, seat.rpc_port, seat.auth_port
    return free_ports(geths) if taken & set(found) else found


@dataclass
class Outsider:
    """A node that has the genesis and everybody's address, and keys that nobody knows."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def refused_by(self) -> int:
        """How many nodes have told it that they have too many peers."""
        said = re.findall(
            r'Failed p2p handshake +id=(\w+) .*err="too many peers"', self.log.read_text(errors="replace")
        )
        return len(set(said))

    def answers(self) -> bool:
        assert self.process.poll() is None, self.log.read_text(errors="replace")[-2_000:]
        try:
            return self.height() >= 0
        except RpcUnavailable:
            return False

    def peers(self) -> int:
        with RpcClient(self.url) as rpc:
            return quantity(rpc.call("net_peerCount"))

    def height(self) -> int:
        with RpcClient(self.url) as rpc:
            return quantity(rpc.call("eth_blockNumber"))


@contextmanager
def outsider(geths: Geths, folder: Path, ports: tuple[int, int, int]) -> Iterator[Outsider]:
    """Started by hand, with every message about peers in its log."""
    folder.mkdir()
    shutil.copytree(geths.folder / "shared", folder / "shared")
    place = folder / "node"
    place.mkdir()
    peers = ", ".join(f'"{node.enode}"' for node in geths.network.nodes)
    (place / "config.toml").write_text(f"[Node.P2P]\nStaticNodes = [{peers}]\n")
    subprocess.run([geths.program, *geth_files.init_command()], cwd=place, check=True, capture_output=True)
    p2p, rpc, auth = ports
    command = (
        f"--config config.toml --datadir data --networkid {geths.network.parameters.chain_id} --port {p2p} --nodiscover"
    )
    command += f" --nat none --syncmode full --http --http.port {rpc} --authrpc.port {auth} --ipcdisable --verbosity 5"
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen([geths.program, *command.split()], cwd=place, stdout=output, stderr=output)
        try:
            found = Outsider(f"http://127.0.0.1:{rpc}", process, log)
            until(found.answers)
            yield found
        finally:
            process.kill()
            process.wait()
