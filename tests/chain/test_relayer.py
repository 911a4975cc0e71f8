"""The relayer's calls on a real chain.

sign_call
├── with more gas than a block has ....... asks for as much as one has, and the chain takes it
└── with less ............................ asks for that
send
└── of more gas than a block has now ...... not taken; the next call asks for less
fill
└── of a nonce, once or again ............. it is used, and calls behind it are carried out
look
├── for what the index was told of ........ asks the chain nothing
└── for what nobody was told of ........... asks, and has it in hand for the index
"""

from __future__ import annotations

import pytest
from eth_account import Account

from node_api.chain.receipts_in_hand import ReceiptsInHand
from node_api.chain.redeem import Relayer
from node_api.chain.rpc import RpcClient
from node_api.chain.rpc_values import quantity, record
from node_api.domain.ids import Address
from node_api.services.ports.relaying import CallNotTaken
from tests.chain.conftest import Chain

TO = Address("0x" + "70" * 20)


@pytest.mark.parametrize(("more", "asked"), [(1, 0), (0, 0), (-1, -1)], ids=["above", "just as much", "below"])
def test_sign_call__gas_beside_a_blocks__is_what_a_node_takes(chain: Chain, more: int, asked: int) -> None:
    room = quantity(record(chain.rpc.call("eth_getBlockByNumber", ["latest", False]))["gasLimit"])
    relayer = Relayer(chain.rpc, Account.create(), chain.handle.chain_id, TO)

    call = relayer.sign_call(TO, b"", room + more)
    relayer.send(call)

    assert relayer.landed(call, 30.0) is not None
    sent = record(chain.rpc.call("eth_getTransactionByHash", [call.hash]))
    assert quantity(sent["gas"]) == room + asked


def test_send__of_more_gas_than_a_block_has_now__is_not_taken_and_the_next_asks_for_less(chain: Chain) -> None:
    relayer = Relayer(chain.rpc, Account.create(), chain.handle.chain_id, TO)
    before = relayer.sign_call(TO, b"", 1 << 62)
    chain.rpc.call("evm_setBlockGasLimit", [hex(1_000_000)])
    chain.rpc.call("evm_mine")

    with pytest.raises(CallNotTaken, match="gas"):
        relayer.send(before)

    after = relayer.sign_call(TO, b"", 1 << 62)
    relayer.send(after)
    assert relayer.landed(after, 30.0) is not None


def test_fill__of_a_nonce__has_calls_behind_it_carried_out(chain: Chain) -> None:
    relayer = Relayer(chain.rpc, Account.create(), chain.handle.chain_id, TO)
    relayer.number(1)
    call = relayer.sign_call(TO, b"", 100_000)
    relayer.send(call)
    assert relayer.look([call]) == 0

    relayer.fill(0)
    relayer.fill(0)

    assert relayer.landed(call, 30.0) is not None
    assert relayer.next_nonce() == 2


def test_look__for_a_call_in_a_block__has_its_receipt_in_hand(chain: Chain) -> None:
    in_hand = ReceiptsInHand()
    relayer = Relayer(chain.rpc, Account.create(), chain.handle.chain_id, TO, in_hand)
    call = relayer.sign_call(TO, b"", 100_000)
    relayer.send(call)
    assert relayer.landed(call, 30.0) is not None

    assert relayer.look([call]) == 1

    block = record(chain.rpc.call("eth_getTransactionByHash", [call.hash]))["blockHash"]
    assert in_hand.take_block(block, [call.hash]) is not None


def test_look__for_calls_that_the_index_was_told_of__asks_the_chain_nothing(chain: Chain) -> None:
    in_hand, account = ReceiptsInHand(), Account.create()
    relayer = Relayer(chain.rpc, account, chain.handle.chain_id, TO)
    calls = []
    for nonce in range(2):
        relayer.number(nonce)
        calls.append(relayer.sign_call(TO, b"", 100_000))
        relayer.send(calls[-1])
        assert relayer.landed(calls[-1], 30.0) is not None
    in_hand.keep(record(chain.rpc.call("eth_getTransactionReceipt", [calls[0].hash])))

    apart = Relayer(RpcClient("http://127.0.0.1:1"), account, chain.handle.chain_id, TO, in_hand)

    assert [apart.is_told(call) for call in calls] == [True, False]
    assert apart.look(calls) == 1
    assert not apart.is_told(calls[0])
