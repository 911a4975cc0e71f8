"""Gas that rolls and issues took, read back from the chain."""

from __future__ import annotations

from collections.abc import Collection

from node_api.chain.deployed import Deployed
from node_api.chain.event_logs import event_logs
from node_api.chain.rpc import Request
from node_api.chain.rpc_values import quantity, record, text


def gas_of_event(deployed: Deployed, name: str, first_block: int, event: str, but: Collection[str] = ()) -> int:
    """Gas used by all transactions that emitted an event of a contract.

    Args:
        deployed: the contracts.
        name: the contract.
        first_block: nothing older is looked at.
        event: the event's name.
        but: transactions that are left out.
    """
    logs = event_logs(deployed, name, [event], first_block)
    transactions = dict.fromkeys(text(log["transactionHash"]) for log in logs)
    questions: list[Request] = [
        ("eth_getTransactionReceipt", (transaction,)) for transaction in transactions if transaction not in but
    ]
    return sum(quantity(record(receipt)["gasUsed"]) for receipt in deployed.rpc.batch(questions))
