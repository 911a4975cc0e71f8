"""The relayer's calls on a real chain.

sign_call
├── with more gas than a block has ....... asks for as much as one has, and the chain takes it
└── with less ............................ asks for that
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
