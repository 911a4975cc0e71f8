"""
another chain behind the address of a node's own: of another genesis, or of the same one without the contracts
├── while the node serves
│   ├── /readyz should say so and name both, reads and writes be answered 503
│   ├── nothing should come to that chain, not even what was signed before, and the index should keep what it has
│   └── once the own chain is back, what was sent and what was queued should be carried out, once
└── at the start
    └── it should end with exit code 3 and name both
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner

from node_api.__main__ import cli
from node_api.chain.anvil import kill, start_anvil
from node_api.chain.clock import ChainClock
from node_api.chain.handle import attach_chain
from node_api.chain.options import EmbeddedOptions
from node_api.chain.rpc import RpcClient
from node_api.chain.rpc_values import quantity, record, text
from node_api.cli.api_keys import keyring
from node_api.config import Settings
from node_api.domain.access import ApiRole
from node_api.domain.ids import MerchantId
from node_api.storage.engine import open_database
from node_api.storage.index import IndexTables
from tests.api.conftest import Client, Json, build_world
from tests.api.processes import logged_times, serving_process, submit, wait_for
from tests.api.test_redeeming import assert_refused, signed_message
from tests.world import CHAIN_ID, GENESIS_AT, World

pytestmark = pytest.mark.slow

PATIENCE_SECONDS = 60


class Switch:
    """An address that leads to one chain or another."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: set[socket.socket] = set()
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def to(self, url: str) -> None:
        """Leads there from now on; connections to the other are cut."""
        self._target = url
        self._cut()

    def close(self) -> None:
        """Leads nowhere any more."""
        self._listener.close()
        self._cut()

    def _cut(self) -> None:
        for one in list(self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                place = urlsplit(self._target)
                with suppress(OSError):
                    chain = socket.create_connection((place.hostname, place.port))
                    for one, other in ((client, chain), (chain, client)):
                        threading.Thread(target=self._hand_on, args=(one, other), daemon=True).start()

    def _hand_on(self, one: socket.socket, other: socket.socket) -> None:
        self._open.add(one)
        with suppress(OSError):
            while taken := one.recv(65_536):
                other.sendall(taken)
        with suppress(OSError):
            other.shutdown(socket.SHUT_RDWR)
        self._open.discard(one)
        one.close()


@contextmanager
def foreign_chain(folder: Path, genesis_at: int) -> Iterator[RpcClient]:
    """An anvil of the same chain id that has none of the node's contracts."""
    folder.mkdir()
    process, rpc = start_anvil(EmbeddedOptions(folder, CHAIN_ID, genesis_at), genesis_at, None)
    try:
        yield rpc
    finally:
        kill(process)
        rpc.close()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, Settings, Switch, Json]]:
    """A world whose node reaches its chain by a switch, and tokens for a wallet, merchant 1 and an operator."""
    world, settings = build_world(tmp_path_factory.mktemp("place") / "node")
    switch = Switch(world.rpc.url)
    with keyring(settings) as ring:
        tokens = {
            "wallet": ring.create(ApiRole.WALLET, "w")[1],
            "merchant": ring.create(ApiRole.MERCHANT, "m", MerchantId(1))[1],
            "operator": ring.create(ApiRole.OPERATOR, "o")[1],
        }
    try:
        yield world, settings.model_copy(update={"chain_url": switch.url}), switch, tokens
    finally:
        switch.close()
        world.stop()
        world.rpc.close()


def test_chain__another_behind_the_address__is_named_and_left_alone(
    place: tuple[World, Settings, Switch, Json], tmp_path: Path
) -> None:
    world, settings, switch, tokens = place
    with ExitStack() as stack:
        other = stack.enter_context(foreign_chain(tmp_path / "other", GENESIS_AT + 1))
        other.call("anvil_mine", [hex(2 * world.head())])
        empty = stack.enter_context(foreign_chain(tmp_path / "empty", GENESIS_AT))
        _, url = stack.enter_context(serving_process(world, settings))
        wait_for(url, tokens, submit(url, tokens, world, 0), "succeeded")
        world.rpc.call("evm_setAutomine", [False])
        sent = submit(url, tokens, world, 1)
        wait_for(url, tokens, sent, "sent")
        queued = submit(url, tokens, world, 2)
        order = signed_message(world.item(0, [(1, 1)], 1, ChainClock(world.rpc).last_block_time()))
        before = _digest(settings)

        for foreign, named in ((other, _genesis(other)), (empty, "its code at 0x")):
            _swap_and_look(switch, foreign, url, tokens, order, named)
            assert _digest(settings) == before
            switch.to(world.rpc.url)
            _wait_for_readiness(url, 200)

        world.rpc.call("evm_setAutomine", [True])
        world.rpc.call("evm_mine")
        for operation in (sent, queued):
            wait_for(url, tokens, operation, "succeeded")
    assert logged_times(world, "VoucherRedeemed") == {world.voucher(4, 4, person): 1 for person in (0, 1, 2)}


def _swap_and_look(switch: Switch, foreign: RpcClient, url: str, tokens: Json, order: Json, named: str) -> None:
    """Leads the node to a foreign chain, sees what it says of it, and that nothing comes there."""
    untouched = foreign.call("eth_blockNumber")
    switch.to(foreign.url)

    fault = _wait_for_readiness(url, 503)["chain"]

    assert f"another chain answers at {urlsplit(switch.url).netloc}: its " in fault
    assert named in fault
    till, operator = Client(url, tokens["merchant"]), Client(url, tokens["operator"])
    with till.http, operator.http:
        _wait_until(lambda: "vouchertrail_outbox_waits 1.0" in operator.get("/metrics").text)
        for answer in (till.get("/v1/programmes"), till.redeem(order, "meanwhile")):
            assert named in assert_refused(answer, "ChainUnavailable", 503)["value"]
            assert answer.headers["Retry-After"]
    assert foreign.call("eth_blockNumber") == untouched
    assert [quantity(count) for count in record(foreign.call("txpool_status")).values()] == [0, 0]


def _wait_for_readiness(url: str, status: int) -> Json:
    """The faults that /readyz names once it answers with this status."""
    node = Client(url, None)
    with node.http:
        _wait_until(lambda: node.get("/readyz").status_code == status)
        return dict(node.get("/readyz").json()["faults"])


def _wait_until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def _genesis(rpc: RpcClient) -> str:
    return text(record(rpc.call("eth_getBlockByNumber", ["0x0", False]))["hash"])


def _digest(settings: Settings) -> object:
    engine = open_database(settings.database_url)
    try:
        return IndexTables(engine).digest_of()
    finally:
        engine.dispose()


@pytest.mark.parametrize("genesis_at", [GENESIS_AT + 1, GENESIS_AT])
def test_start__at_a_foreign_chain__is_refused(
    place: tuple[World, Settings, Switch, Json], tmp_path: Path, genesis_at: int
) -> None:
    world, settings, switch, _ = place
    switch.to(world.rpc.url)
    attach_chain(switch.url, CHAIN_ID, settings.chain_folder / "identity.json")
    with foreign_chain(tmp_path / "other", genesis_at) as other:
        switch.to(other.url)
        environment = {
            "VOUCHERTRAIL_CHAIN_URL": switch.url,
            "VOUCHERTRAIL_DEPLOYMENTS": str(settings.deployments_folder),
            "VOUCHERTRAIL_DATA": str(settings.data),
        }
        told = CliRunner().invoke(cli, ["serve", "--port", "0", "--json"], env=environment)
        assert told.exit_code == 3, told.output
        fault = json.loads(told.stdout)
        assert f"another chain answers at {urlsplit(switch.url).netloc}: its " in fault["message"]
        if genesis_at != GENESIS_AT:
            assert {_genesis(other), world.handle.genesis_hash} <= set(
                fault["message"].replace(",", " ").replace(".", " ").split()
            )
        assert quantity(other.call("eth_blockNumber")) == 0
