"""A real embedded chain for the tests of this folder: one for each test, stopped afterwards."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount

from node_api.chain.handle import ensure_chain, living_status, stop_chain
from node_api.chain.options import EmbeddedOptions
from node_api.chain.rpc import RpcClient
from node_api.chain.sender import Receipt, Sender

GENESIS_AT = 1_700_000_000
# PUSH1 0, PUSH1 0, RETURN: a contract without code; the cheapest transaction that leaves an address behind.
CREATE_NOTHING = bytes.fromhex("60006000f3")


def wait_until(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Waits; fails where it does not come about in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.01)


class Chain:
    """An embedded chain in a folder of its own, and an account that sends to it."""

    def __init__(self, options: EmbeddedOptions) -> None:
        self.options = options
        self.account: LocalAccount = Account.create()
        self.start()

    @property
    def folder(self) -> Path:
        return self.options.folder

    def start(self) -> None:
        """Starts it, or finds it; the sender asks for its nonce anew."""
        self.handle = ensure_chain(self.options)
        self.rpc = RpcClient(self.handle.url)
        self.sender = Sender(self.rpc, self.account, self.handle.chain_id)

    def stop(self) -> bool:
        """Stops it in good order."""
        return stop_chain(self.folder)

    def send(self, count: int = 1) -> Receipt:
        """Sends transactions one by one; returns the last one's receipt."""
        for _ in range(count):
            receipt = self.sender.transact(None, CREATE_NOTHING, gas=100_000)
        return receipt

    def head(self) -> dict[str, object]:
        """The newest block."""
        block = self.rpc.call("eth_getBlockByNumber", ["latest", False])
        assert isinstance(block, dict)
        return dict(block)

    def anvil_pid(self) -> int:
        """Pid of the running anvil."""
        status = living_status(self.folder)
        assert status is not None
        return status.anvil_pid


@pytest.fixture
def chain_options(tmp_path: Path) -> EmbeddedOptions:
    return EmbeddedOptions(tmp_path / "chain", genesis_at=GENESIS_AT, snapshot_seconds=600)


@pytest.fixture
def make_chain(chain_options: EmbeddedOptions) -> Iterator[Callable[..., Chain]]:
    """Makes the test's chain; named options differ from the defaults."""
    folder = chain_options.folder

    def make(**changes: object) -> Chain:
        return Chain(replace(chain_options, **changes))  # type: ignore[arg-type]

    yield make
    stop_chain(folder)


@pytest.fixture
def chain(make_chain: Callable[..., Chain]) -> Chain:
    return make_chain()
