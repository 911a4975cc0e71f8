"""The node is killed, the chain drops, goes back, or another transaction takes the nonce: each operation is done once.

killed with one call sent and one redemption queued
├── the call was mined meanwhile → found, and the queued one sent
├── the call still waits → waited for        ├── the call was dropped → the same bytes sent again
└── its nonce was taken → signed anew, the old bytes dead
the chain goes back behind calls that were resolved → they are given back, each once, before the next
├── while the node is killed, and the first one's nonce is taken → its redemption is signed anew, the other given back
the chain moves a resolved call to another block → its operation names that one
"""

from __future__ import annotations

import time

import pytest

from node_api.app import build_node
from node_api.chain.keys import KeyRing
from node_api.chain.rpc_values import record
from node_api.config import Settings
from node_api.serving import serving
from tests.api.conftest import Json
from tests.api.processes import befall, logged_times, serving_process, submit, wait_for
from tests.world import World


@pytest.mark.parametrize("meanwhile", ["mined", "waits", "dropped", "nonce taken"])
def test_kill__one_sent_one_queued__each_is_done_once(crashing: tuple[World, Settings, Json], meanwhile: str) -> None:
    world, settings, tokens = crashing
    world.rpc.call("evm_setAutomine", [False])
    with serving_process(world, settings) as (process, url):
        sent = submit(url, tokens, world, 0)
        transaction = wait_for(url, tokens, sent, "sent").items[0].transaction
        queued = submit(url, tokens, world, 1)
        wait_for(url, tokens, queued, "queued")
        process.kill()
        process.wait()

    assert transaction is not None
    befall(world, settings, transaction, meanwhile)

    with serving_process(world, settings) as (_, url):
        first = wait_for(url, tokens, sent, "succeeded")
        second = wait_for(url, tokens, queued, "succeeded")

    assert (first.items[0].transaction == transaction) is (meanwhile != "nonce taken")
    assert (second.items[0].transaction == first.items[0].transaction) is (meanwhile == "nonce taken")  # packed anew
    assert logged_times(world, "VoucherRedeemed") == {world.voucher(4, 4, 0): 1, world.voucher(4, 4, 1): 1}


def test_chain__gone_back_behind_resolved_calls__is_given_them_again(crashing: tuple[World, Settings, Json]) -> None:
    world, settings, tokens = crashing
    with (
        build_node(settings, world.handle, KeyRing(settings.keys_folder)) as node,
        serving(node.api) as url,
    ):
        before = world.rpc.call("evm_snapshot")
        done = [submit(url, tokens, world, person) for person in (0, 1)]
        first = [wait_for(url, tokens, operation, "succeeded") for operation in done]
        world.rpc.call("evm_revert", [before])
        assert logged_times(world, "VoucherRedeemed") == {}

        last = submit(url, tokens, world, 2)
        wait_for(url, tokens, last, "succeeded")
        again = [wait_for(url, tokens, operation, "succeeded") for operation in done]

    assert logged_times(world, "VoucherRedeemed") == {world.voucher(4, 4, person): 1 for person in (0, 1, 2)}
    for one, two in zip(first, again, strict=True):
        assert one.items[0].transaction == two.items[0].transaction
        assert one.items[0].block.timestamp == two.items[0].block.timestamp


def test_chain__gone_back_and_a_nonce_taken_meanwhile__each_is_done_once(
    crashing: tuple[World, Settings, Json],
) -> None:
    world, settings, tokens = crashing
    with serving_process(world, settings) as (process, url):
        before = world.rpc.call("evm_snapshot")
        done = []
        for person in (0, 1):  # each in a call of its own
            done.append(submit(url, tokens, world, person))
            wait_for(url, tokens, done[-1], "succeeded")
        first = [wait_for(url, tokens, operation, "succeeded").items[0].transaction for operation in done]
        process.kill()
        process.wait()
    world.rpc.call("evm_revert", [before])
    assert first[0] is not None
    befall(world, settings, first[0], "nonce taken")

    with serving_process(world, settings) as (_, url):
        both = {world.voucher(4, 4, person): 1 for person in (0, 1)}
        for _ in range(600):
            if logged_times(world, "VoucherRedeemed") == both:
                break
            time.sleep(0.05)
        again = [wait_for(url, tokens, operation, "succeeded") for operation in done]

    assert logged_times(world, "VoucherRedeemed") == both
    assert [one.items[0].transaction == old for one, old in zip(again, first, strict=True)] == [False, True]
    assert [change.state for change in again[0].history][3:] == ["succeeded", "queued", "sent", "succeeded"]


def test_chain__moved_a_resolved_call__its_operation_names_the_new_block(
    crashing: tuple[World, Settings, Json],
) -> None:
    world, settings, tokens = crashing
    with (
        build_node(settings, world.handle, KeyRing(settings.keys_folder)) as node,
        serving(node.api) as url,
    ):
        world.mine()
        operation = submit(url, tokens, world, 0)
        told = wait_for(url, tokens, operation, "succeeded").items[0]
        raw = world.rpc.call("eth_getRawTransactionByHash", [told.transaction])
        world.rpc.call("anvil_reorg", [2, [[raw, 0]]])
        stands = record(world.rpc.call("eth_getTransactionReceipt", [told.transaction]))
        assert stands["blockHash"] != told.block.hash

        for _ in range(600):
            again = wait_for(url, tokens, operation, "succeeded").items[0]
            if again.block.hash == stands["blockHash"]:
                break
            time.sleep(0.05)

    assert (again.block.hash, again.block.number) == (stands["blockHash"], told.block.number - 1)
    assert (again.transaction, again.vouchers) == (told.transaction, told.vouchers)
