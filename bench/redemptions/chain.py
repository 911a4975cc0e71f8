"""What redemptions cost on the chain they went to: gas, and storage slots that were empty before."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from node_api.chain.contracts import contract
from node_api.chain.rpc import RpcClient
from node_api.chain.rpc_values import Json, quantity, record, rows, text

_TRACED = 3
_TRACER: dict[str, Json] = {"tracer": "prestateTracer", "tracerConfig": {"diffMode": True}}


@dataclass(frozen=True, slots=True)
class Cost:
    """Of the blocks of a line: transactions, gas in all, and new slots for each redemption of the calls traced."""

    transactions: int
    gas: int
    slots_each: float


def head(url: str) -> int:
    """Number of the newest block."""
    with RpcClient(url) as rpc:
        return quantity(rpc.call("eth_blockNumber"))


def client_version(url: str) -> str:
    """What the engine calls itself."""
    with RpcClient(url) as rpc:
        return text(rpc.call("web3_clientVersion"))


def cost(url: str, first: int, last: int) -> Cost:
    """Adds up the blocks `first … last`; of the newest calls the storage is compared before and after."""
    with RpcClient(url) as rpc:
        blocks = rpc.batch([("eth_getBlockByNumber", (hex(n), False)) for n in range(first, last + 1)])
        kept = [record(block) for block in blocks]
        calls = [text(entry) for block in kept for entry in rows(block["transactions"])]
        gas = sum(quantity(block["gasUsed"]) for block in kept)
        return Cost(len(calls), gas, _slots_each(rpc, calls[-_TRACED:]))


@contextmanager
def mined_every(url: str, seconds: float) -> Iterator[None]:
    """Has an engine that makes a block for each transaction make one so often instead, as long as the context lasts."""
    over = threading.Event()

    def mine() -> None:
        with RpcClient(url) as rpc:
            while not over.wait(seconds):
                rpc.call("evm_mine")

    with RpcClient(url) as rpc:
        rpc.call("evm_setAutomine", [False])
        miner = threading.Thread(target=mine, name="miner", daemon=True)
        miner.start()
        try:
            yield
        finally:
            over.set()
            miner.join()
            rpc.call("evm_setAutomine", [True])


def _slots_each(rpc: RpcClient, calls: Sequence[str]) -> float:
    """New slots for each redemption in these calls."""
    slots = redemptions = 0
    redeemed = "0x" + contract("Vouchers").topics["VoucherRedeemed"].hex()  # a call logs its commitment, too
    for call in calls:
        receipt = record(rpc.call("eth_getTransactionReceipt", [call]))
        redemptions += sum(rows(record(log)["topics"])[0] == redeemed for log in rows(receipt["logs"]))
        change = record(rpc.call("debug_traceTransaction", [call, dict(_TRACER)]))
        before, after = record(change["pre"]), record(change["post"])
        slots += sum(len(_slots(after, account) - _slots(before, account)) for account in after)
    return slots / max(1, redemptions)


def _slots(state: dict[str, Json], account: str) -> set[str]:
    return set(record(record(state.get(account, {})).get("storage", {})))
