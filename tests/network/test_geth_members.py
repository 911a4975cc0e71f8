"""Members and outsiders of a real network, where geth is built (`make geth`): who gets in, and what the observer sees of them.

a node with the genesis, everybody's address and keys that nobody knows → no peer, no block
a caller from another address than 127.0.0.1 → nobody listens
└── both are taken out of one member's configuration → the same outsider has the chain, the same caller is answered
a caller of the observer, through its gateway → no token: refused; a token: reads, and no more
└── the same questions at the node itself → answered: it is the gateway that refuses
every block → its signer is the one that geth names, its hash is that of its fields
a further organisation is voted in → reported, and seals; a node that runs takes blocks for final by the new number
└── one is voted out → reported, and so again; the council is geth's own all the while
a contract on record is not there → reported
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from node_api.chain.deployment.addresses import DeployedContract, Deployment
from node_api.chain.handle import attach_nodes
from node_api.chain.nodes import ChainNodes
from node_api.chain.options import OutsideOptions
from node_api.chain.rpc import RpcClient
from node_api.chain.rpc_errors import RpcError
from node_api.chain.rpc_values import Json, quantity, record, rows, text
from node_api.chain.sealed_headers import sealed_header
from node_api.chain.watched import NodeBeside, WatchedNode
from node_api.domain.council import Council
from node_api.domain.findings import Finding, FindingKind
from node_api.network.gateway import Gateway
from node_api.network.tokens import make_token, read_tokens
from node_api.services.watching import Watch
from node_api.serving import serving
from node_api.storage.engine import open_database
from node_api.storage.migrate import migrate
from node_api.storage.watch import WatchTables
from tests.network.conftest import geth_or_skip
from tests.network.geths import Geths, free_ports, outsider, running_geths, until, url_of

pytestmark = pytest.mark.slow
JOINED = (FindingKind.VALIDATOR_ADDED,)
NOTHING = DeployedContract("AccessManager", "0x" + "11" * 20, "0x", 0, "0x")


@pytest.fixture(scope="module")
def geths(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Geths]:
    with running_geths(tmp_path_factory.mktemp("observed") / "city", geth_or_skip()) as geths:
        yield geths


WRITES: tuple[tuple[str, list[Json]], ...] = (
    ("eth_sendRawTransaction", ["0x"]),
    ("eth_accounts", []),
    ("clique_proposals", []),
    ("clique_propose", ["0x" + "22" * 20, True]),
    ("debug_setHead", ["0x0"]),
)


def listens(address: tuple[str, int]) -> bool:
    try:
        socket.create_connection(address, timeout=60).close()
    except ConnectionRefusedError:
        return False
    return True


class Observer:
    """A watch over the regulator's node, with its own database."""

    def __init__(self, geths: Geths, folder: Path) -> None:
        self.engine = open_database(f"sqlite:///{folder / 'watch.sqlite'}")
        migrate(self.engine)
        network = geths.network
        self.rpc = RpcClient(url_of(geths.observer))
        deployed = Deployment(network.parameters.chain_id, network.genesis_hash, True, {"AccessManager": NOTHING})
        own = (network.parameters.chain_id, str(network.genesis_hash))
        self.beside = NodeBeside(url_of(geths.signers[0]), own)
        self.store = WatchTables(self.engine)
        chain = WatchedNode(self.rpc, deployed)
        self.watch = Watch(chain, self.store, block_time=network.parameters.block_time, others=[self.beside])

    def close(self) -> None:
        self.beside.close()
        self.rpc.close()
        self.engine.dispose()

    def noticed(self, *kinds: FindingKind, of: str | None = None) -> list[Finding]:
        """What was noticed up to now, of this account alone where one is named: others may be slow to begin."""
        self.watch.look()
        return [one for one in self.store.findings(kinds, limit=1_000)[::-1] if of in (None, one.subject)]

    def council(self) -> Council:
        self.watch.look()
        place = self.store.place()
        assert place is not None
        return place[1]


@pytest.fixture
def observer(geths: Geths, tmp_path: Path) -> Iterator[Observer]:
    observer = Observer(geths, tmp_path)
    yield observer
    observer.close()


@pytest.fixture
def counting(geths: Geths, tmp_path: Path) -> Iterator[ChainNodes]:
    """A node's way to the observer, opened before anybody votes."""
    options = OutsideOptions((url_of(geths.observer),), geths.network.parameters.chain_id, tmp_path / "identity.json")
    rpc = attach_nodes(options).connect()
    assert isinstance(rpc, ChainNodes)
    yield rpc
    rpc.close()


def deep(rpc: ChainNodes) -> int:
    """How many blocks make one final, by its next look."""
    rpc.look()
    return rpc.profile.confirmations


def test_outsider__when_a_permission_is_taken_away__then_it_is_in_and_not_before(geths: Geths, tmp_path: Path) -> None:
    assert not any(listens(("127.0.0.2", node.seat.rpc_port)) for node in geths.network.nodes)
    with outsider(geths, tmp_path / "first", free_ports(geths)) as one:
        until(lambda: one.refused_by() == len(geths.network.nodes))
        assert (one.peers(), one.height()) == (0, 0)

    member = geths.observer  # nobody waits for its blocks
    config, script = geths.place(member) / "config.toml", geths.place(member) / "start.sh"
    lines = config.read_text().splitlines()
    config.write_text("\n".join(line for line in lines if not line.startswith(("MaxPeers", "DialRatio"))))
    script.write_text(script.read_text().replace("--http.addr 127.0.0.1", "--http.addr 0.0.0.0"))
    geths.restart(member)
    assert listens(("127.0.0.2", member.seat.rpc_port))
    with outsider(geths, tmp_path / "second", free_ports(geths)) as one:
        until(lambda: one.height() > 0 and one.refused_by() == len(geths.network.nodes) - 1)


def test_caller__of_the_observer__then_reads_with_a_token_and_no_more(geths: Geths, tmp_path: Path) -> None:
    node = url_of(geths.observer)
    token = make_token(tmp_path / "tokens", "merchants")
    gateway = Gateway(node, read_tokens(tmp_path / "tokens")).app()
    with serving(gateway, lifespan=True) as url:
        with RpcClient(url) as caller, pytest.raises(RpcError, match="no token"):
            caller.call("eth_blockNumber")
        with RpcClient(url, headers={"Authorization": f"Bearer {token}"}) as caller:
            head = record(caller.call("eth_getBlockByNumber", ["latest", False]))
            assert sealed_header(head).number > 0
            own = (geths.network.parameters.chain_id, str(geths.network.genesis_hash))
            beside = NodeBeside(url, own, token)
            newest = beside.unknown(lambda _: False, 3)
            beside.close()
            assert [before.parent for before in newest[:-1]] == [after.hash for after in newest[1:]]
            for method, params in WRITES:
                with pytest.raises(RpcError, match=f"{method} is not served here"):
                    caller.call(method, params)
    with RpcClient(node) as caller:
        assert quantity(caller.call("eth_blockNumber")) > 0
        assert rows(caller.call("eth_accounts")) == []
        assert caller.call("clique_proposals") == {}


def test_headers__when_read__then_signer_and_hash_are_those_of_geth(geths: Geths) -> None:
    with RpcClient(url_of(geths.observer)) as rpc:
        last = quantity(rpc.call("eth_blockNumber"))
        for number in range(1, last + 1):
            block, signer = rpc.batch(
                [("eth_getBlockByNumber", (hex(number), False)), ("clique_getSigner", (hex(number),))]
            )
            assert sealed_header(record(block)).signer == text(signer).lower()


def test_council__when_one_joins_and_seals_and_one_leaves__then_all_is_reported(
    geths: Geths, observer: Observer, counting: ChainNodes
) -> None:
    first, newcomer = {str(node.signer).lower() for node in geths.signers}, geths.node("newcomer-observer")
    assert set(observer.council().sealed) == first
    assert deep(counting) == len(first) // 2 + 1
    assert observer.noticed(FindingKind.VALIDATOR_ADDED, FindingKind.VALIDATOR_REMOVED) == []
    geths.propose(geths.signers, geths.newcomer, True)
    until(lambda: observer.noticed(FindingKind.VALIDATOR_ADDED, of=geths.newcomer))
    until(
        lambda: any(one.number < observer.council().sealed.get(geths.newcomer, 0) for one in observer.noticed(*JOINED))
    )
    assert set(observer.council().sealed) == first | {geths.newcomer} == geths.valid_signers()
    assert deep(counting) == (len(first) + 1) // 2 + 1

    leaving = geths.signers[-1]
    geths.propose([*geths.signers[:-1], newcomer], str(leaving.signer), False)
    until(lambda: observer.noticed(FindingKind.VALIDATOR_REMOVED))
    (removed,) = observer.noticed(FindingKind.VALIDATOR_REMOVED)
    assert removed.subject == str(leaving.signer).lower()
    assert set(observer.council().sealed) == first - {removed.subject} | {geths.newcomer} == geths.valid_signers()
    assert deep(counting) == len(first) // 2 + 1
    assert {vote.subject for vote in observer.noticed(FindingKind.VOTE)} == {geths.newcomer, removed.subject}


def test_record__when_a_contract_is_not_there__then_its_code_differs(observer: Observer) -> None:
    (code, *_) = observer.noticed(FindingKind.CODE_DIFFERS)
    assert (code.subject, "on chain none" in code.detail) == (NOTHING.address, True)
