"""Transactions of one account on a real chain.

transact → a receipt; a reverting call is told by its error before anything is sent; a mined revert is told after
submit → the same bytes twice are no fault, also where a node that lags is asked first; another transaction's nonce is
sign → nonces count up by themselves and start anew when forgotten
wait_for → gives up in time
see_through → sends again what the pool dropped; gives up in time
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest
from eth_utils.crypto import keccak

from node_api.chain import sender as module
from node_api.chain.contracts import AbiFault, contract, explain_revert
from node_api.chain.rpc import RpcClient
from node_api.chain.rpc_errors import RpcError
from node_api.chain.rpc_values import Json
from node_api.chain.sender import (
    NonceTaken,
    NoReceipt,
    Reverted,
    Sender,
    TxHash,
    WouldRevert,
    nonce_of,
    receipt_of,
    see_through,
    submit,
    wait_for,
)
from tests.chain.conftest import CREATE_NOTHING, Chain

TOKEN = contract("SettlementToken")


@pytest.fixture
def token(chain: Chain) -> str:
    """A settlement token of which the sender is the issuer."""
    arguments = TOKEN.constructor.in_order(
        {"symbol_": "FEN", "name_": "Fen", "issuer_": chain.sender.address, "decimals_": 2}
    )
    created = chain.sender.transact(None, TOKEN.creation + TOKEN.constructor.encode(arguments)).created
    assert created is not None
    return created


def test_transact__when_accepted__then_receipt_with_its_event(chain: Chain, token: str) -> None:
    receipt = chain.sender.transact(token, TOKEN.function("mint").encode([chain.sender.address, 700]))
    assert (receipt.succeeded, receipt.block, receipt.created) == (True, 2, None)
    (log,) = receipt.logs
    assert log["topics"][0] == "0x" + TOKEN.topics["Transfer"].hex()  # type: ignore[index]
    assert receipt_of(chain.rpc, receipt.transaction) == receipt


def test_transact__when_it_would_revert__then_told_before_sending(chain: Chain, token: str) -> None:
    before = nonce_of(chain.rpc, chain.sender.address)
    with pytest.raises(WouldRevert, match=r"the call is refused: ERC20InsufficientBalance\(.*balance=0, needed=1\)"):
        chain.sender.transact(token, TOKEN.function("transfer").encode([token, 1]))
    assert nonce_of(chain.rpc, chain.sender.address) == before


def test_transact__when_it_reverts_in_its_block__then_told(chain: Chain, token: str) -> None:
    with pytest.raises(Reverted) as caught:
        chain.sender.transact(token, TOKEN.function("transfer").encode([token, 1]), gas=200_000)
    assert (caught.value.receipt.succeeded, caught.value.receipt.block) == (False, 2)
    assert chain.send().succeeded  # its nonce is used, the next one fits


def test_submit__when_the_same_bytes_again__then_no_fault_and_one_effect(chain: Chain) -> None:
    signed = chain.sender.sign(None, CREATE_NOTHING, 100_000)
    chain.rpc.call("evm_setAutomine", [False])
    submit(chain.rpc, signed)
    submit(chain.rpc, signed)  # it waits in the pool
    assert receipt_of(chain.rpc, signed.hash) is None
    chain.rpc.call("evm_mine")
    submit(chain.rpc, signed)  # it is in a block
    assert wait_for(chain.rpc, signed.hash).succeeded
    assert nonce_of(chain.rpc, chain.sender.address) == 1


class Lagging:
    """Two nodes of a chain behind one address: the first has no receipts yet, and ends once a nonce is asked for."""

    def __init__(self, rpc: RpcClient) -> None:
        self._rpc, self.profile, self._lags = rpc, rpc.profile, True

    def call(self, method: str, parameters: Sequence[Json] = ()) -> Json:
        self._lags = self._lags and method != "eth_getTransactionCount"
        return None if self._lags and method == "eth_getTransactionReceipt" else self._rpc.call(method, parameters)


def test_submit__when_the_node_that_lags_ends_meanwhile__then_no_fault(
    chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_SHOWN_SECONDS", 0.05)
    signed = chain.sender.sign(None, CREATE_NOTHING, 100_000)
    submit(chain.rpc, signed)

    submit(Lagging(chain.rpc), signed)  # type: ignore[arg-type]


def test_submit__when_the_nonce_is_anothers__then_said_so(chain: Chain) -> None:
    first = chain.sender.sign(None, CREATE_NOTHING, 100_000)
    chain.sender.forget_nonce()
    chain.send()
    late = Sender(chain.rpc, chain.account, chain.handle.chain_id)
    assert late.sign(None, CREATE_NOTHING, 100_000).nonce == 1
    other = Sender(chain.rpc, chain.account, chain.handle.chain_id)
    other._nonce = 0
    with pytest.raises(NonceTaken, match="nonce 0"):
        submit(chain.rpc, other.sign(None, CREATE_NOTHING + b"\0", 100_000))
    submit(chain.rpc, first)  # the very bytes that took it


def test_submit__when_the_chain_takes_it_not_at_all__then_its_reason(chain: Chain) -> None:
    with pytest.raises(RpcError, match="gas"):
        submit(chain.rpc, chain.sender.sign(None, CREATE_NOTHING, chain.options.gas_limit + 1))


def test_sign__when_by_many_threads__then_every_nonce_once(chain: Chain) -> None:
    nonces: list[int] = []

    def sign() -> None:
        nonces.extend(chain.sender.sign(None, CREATE_NOTHING, 100_000).nonce for _ in range(20))

    threads = [threading.Thread(target=sign) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(nonces) == list(range(80))


def test_wait__when_never_sent__then_gives_up(chain: Chain) -> None:
    with pytest.raises(NoReceipt):
        wait_for(chain.rpc, TxHash("0x" + "00" * 32), seconds=0.05)


def test_see_through__when_the_pool_drops_it__then_sent_again(chain: Chain) -> None:
    signed = chain.sender.sign(None, CREATE_NOTHING, 100_000)
    chain.rpc.call("evm_setAutomine", [False])
    submit(chain.rpc, signed)
    chain.rpc.call("anvil_dropAllTransactions")
    chain.rpc.call("evm_setAutomine", [True])
    assert see_through(chain.rpc, signed).succeeded


def test_see_through__when_no_block_comes__then_gives_up(chain: Chain) -> None:
    signed = chain.sender.sign(None, CREATE_NOTHING, 100_000)
    chain.rpc.call("evm_setAutomine", [False])
    with pytest.raises(NoReceipt, match=r"in no block after 0\.01 s"):
        see_through(chain.rpc, signed, seconds=0.01)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("0x", "no reason given"),
        ("0xdeadbeef", "an unknown error 0xdeadbeef"),
        (
            "0x08c379a0" + f"{32:064x}" + f"{4:064x}" + b"no!!".hex() + "00" * 28,
            "no!!",
        ),
        ("0x" + keccak(text="Treasury_AlreadyLinked()")[:4].hex(), "Treasury_AlreadyLinked()"),
    ],
)
def test_explain__when_revert_data__then_in_words(data: str, words: str) -> None:
    assert explain_revert(data) == words


def test_abi__when_it_does_not_fit__then_said_so() -> None:
    with pytest.raises(AbiFault, match="no contract Nothing"):
        contract("Nothing")
    with pytest.raises(AbiFault, match="has no function fly"):
        TOKEN.function("fly")
    with pytest.raises(AbiFault, match="takes 2 arguments, not 1"):
        TOKEN.function("mint").encode([5])
    with pytest.raises(AbiFault, match="mint"):
        TOKEN.function("mint").encode(["nobody", 5])
    with pytest.raises(AbiFault, match="takes"):
        TOKEN.function("mint").in_order({"to": 1})
    with pytest.raises(AbiFault, match="returned 0 bytes"):
        TOKEN.function("decimals").decode(b"")
