"""The time of the next block.

the embedded chain → as the chain says, whatever clock it goes by
blocks by the clock → not before now, and later than the newest block: what ends earlier can stand in none
another chain → of the newest block
"""

from __future__ import annotations

import time

import pytest

from node_api.chain.head import Head
from node_api.chain.profile import ANVIL, BESU_QBFT, EngineProfile
from node_api.chain.rpc import RpcClient
from tests.chain.conftest import GENESIS_AT, Chain


def next_time(chain: Chain, profile: EngineProfile, *, movable_clock: bool = False) -> int:
    rpc = RpcClient(chain.handle.url, profile=profile)
    found = Head(rpc, movable_clock=movable_clock).next_block()
    rpc.close()
    assert (found.head, found.head_hash) == (int(str(chain.head()["number"]), 16), chain.head()["hash"])
    return found.timestamp


def newest(chain: Chain) -> int:
    return int(str(chain.head()["timestamp"]), 16)


@pytest.mark.parametrize("ahead", [-1_000, 5_000])
def test_next_block__by_the_clock__is_not_before_now_and_after_the_newest(chain: Chain, ahead: int) -> None:
    set_to = (int(time.time()) + ahead) if ahead > 0 else GENESIS_AT + 100
    chain.rpc.call("evm_setTime", [hex(set_to)])
    chain.send()
    before = int(time.time())

    found = next_time(chain, BESU_QBFT)

    assert found == newest(chain) + 1 if ahead > 0 else before <= found <= time.time()
    assert next_time(chain, ANVIL) == newest(chain)
    assert newest(chain) <= next_time(chain, ANVIL, movable_clock=True) <= newest(chain) + 60
