"""The relayer's calls on a real chain.

sign_call
├── with more gas than a block has ....... asks for as much as one has, and the chain takes it
└── with less ............................ asks for that
"""

from __future__ import annotations

import pytest
from eth_account import Account

from node_api.chain.redeem import Relayer
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
