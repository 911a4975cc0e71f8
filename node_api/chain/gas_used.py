"""Gas that rolls and issues took, read back from the chain."""

from __future__ import annotations

from collections.abc import Collection

from node_api.chain.contracts import contract
from node_api.chain.deployed import Deployed
from node_api.chain.rpc import Request
from node_api.chain.rpc_values import Json, quantity, record, rows, text

_PAGE = 5_000


def gas_of_event(deployed: Deployed, name: str, first_block: int, event: str, but: Collection[str] = ()) -> int:
    """Gas used by all transactions that emitted an event of a contract.

    Args:
        deployed: the contracts.
        name: the contract.
        first_block: nothing older is looked at.
        event: the event's name.
        but: transactions that are left out.
    """
    head = quantity(deployed.rpc.call("eth_blockNumber"))
    topic = "0x" + contract(name).topics[event].hex()
    transactions: dict[str, None] = {}
    for start in range(first_block, head + 1, _PAGE):
        query: dict[str, Json] = {
            "address": deployed.address(name),
            "fromBlock": hex(start),
            "toBlock": hex(min(head, start + _PAGE - 1)),
            "topics": [topic],
        }
        logs = rows(deployed.rpc.call("eth_getLogs", [query]))
        transactions.update(dict.fromkeys(text(record(log)["transactionHash"]) for log in logs))
    questions: list[Request] = [
        ("eth_getTransactionReceipt", (transaction,)) for transaction in transactions if transaction not in but
    ]
    return sum(quantity(record(receipt)["gasUsed"]) for receipt in deployed.rpc.batch(questions))
