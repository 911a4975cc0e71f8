"""Calls of one contract by an account that several processes may have the key of, on a real chain.

send
├── taken by the contract → stands in a block              ├── refused by it → its word; nothing is sent
├── another process was faster with the nonce → sent anew, once; every time → unavailable
├── the chain does not take it → unavailable
└── a crash of the embedded chain takes its block → sent anew
"""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from node_api.chain.block_journal import wait_until_journaled
from node_api.chain.courier import Courier
from node_api.chain.handle import living_status
from node_api.chain.profile import ANVIL
from node_api.chain.rpc_values import Json, quantity
from node_api.chain.sender import Sender, SignedTransaction, nonce_of
from node_api.domain.errors import CaseRefused, ChainUnavailable
from node_api.domain.ids import Address
from tests.chain.conftest import CREATE_NOTHING, Chain, wait_until
from tests.chain.test_sender import TOKEN, token

__all__ = ["token"]


@pytest.fixture
def courier(chain: Chain, token: str) -> Courier:
    place = "SettlementToken", Address(token)
    return Courier(chain.rpc, chain.handle.chain_id, chain.account, place, CaseRefused)


def supply(chain: Chain, token: str) -> int:
    asked: Json = {"to": token, "data": "0x" + TOKEN.function("totalSupply").encode([]).hex()}
    return int(str(chain.rpc.call("eth_call", [asked, "latest"])), 16)


def be_faster(chain: Chain, monkeypatch: pytest.MonkeyPatch, times: int) -> list[int]:
    """Has another process send under the very nonce, between signing and sending, so many times; which nonces it took."""
    sign, taken = Sender.sign, list[int]()

    def slow(sender: Sender, to: str | None, data: bytes, gas: int) -> SignedTransaction:
        signed = sign(sender, to, data, gas)
        if len(taken) < times:
            taken.append(signed.nonce)
            monkeypatch.setattr(Sender, "sign", sign)
            Sender(chain.rpc, chain.account, chain.handle.chain_id).transact(None, CREATE_NOTHING, gas=100_000)
            monkeypatch.setattr(Sender, "sign", slow)
        return signed

    monkeypatch.setattr(Sender, "sign", slow)
    return taken


def test_send__when_taken__then_in_a_block(chain: Chain, courier: Courier, token: str) -> None:
    courier.send("mint", token, 700)
    assert supply(chain, token) == 700


def test_send__when_refused__then_the_contracts_word_and_nothing_sent(
    chain: Chain, courier: Courier, token: str
) -> None:
    before = nonce_of(chain.rpc, chain.sender.address)
    with pytest.raises(CaseRefused) as caught:
        courier.send("transfer", token, 1)
    assert caught.value.name == "ERC20InsufficientBalance"
    assert nonce_of(chain.rpc, chain.sender.address) == before


def test_send__when_another_was_faster__then_sent_anew(
    chain: Chain, courier: Courier, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = be_faster(chain, monkeypatch, 2)
    courier.send("mint", token, 700)
    assert (supply(chain, token), len(set(taken))) == (700, 2)


def test_send__when_another_is_always_faster__then_unavailable(
    chain: Chain, courier: Courier, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    be_faster(chain, monkeypatch, 99)
    with pytest.raises(ChainUnavailable, match="belongs to another transaction"):
        courier.send("mint", token, 700)
    assert supply(chain, token) == 0


def test_send__when_the_chain_takes_no_such_call__then_unavailable(chain: Chain, token: str) -> None:
    chain.rpc.profile = replace(ANVIL, gas_price=1)  # the account has no wei
    poor = Courier(chain.rpc, chain.handle.chain_id, chain.account, ("SettlementToken", Address(token)), CaseRefused)
    with pytest.raises(ChainUnavailable, match=r"(?i)insufficient funds"):
        poor.send("mint", token, 700)
    assert supply(chain, token) == 0


def test_send__when_a_crash_takes_the_block_before_it_is_written_down__then_sent_anew(chain: Chain, token: str) -> None:
    with chain.handle.connect() as rpc, ThreadPoolExecutor(1) as pool:
        place = "SettlementToken", Address(token)
        courier = Courier(rpc, chain.handle.chain_id, chain.account, place, CaseRefused)
        status, head = living_status(chain.folder), quantity(rpc.call("eth_blockNumber"))
        assert status is not None
        assert wait_until_journaled(chain.folder, head, seconds=30)
        os.kill(status.pid, signal.SIGSTOP)  # from here on nothing is written down
        told = pool.submit(courier.send, "mint", token, 700)
        wait_until(lambda: supply(chain, token) == 700)
        time.sleep(0.2)
        assert not told.done()
        os.kill(status.anvil_pid, signal.SIGKILL)
        os.kill(status.pid, signal.SIGCONT)
        told.result(timeout=60)
    assert supply(chain, token) == 700
