"""Logs of a contract, asked for in pieces: engines limit how many blocks one question may span (Besu: 5,000)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from node_api.chain.contracts import contract
from node_api.chain.deployed import Deployed
from node_api.chain.rpc_values import Json, quantity, record, rows

_PAGE = 5_000


def event_logs(
    deployed: Deployed, name: str, events: Sequence[str], first_block: int = 0, of: int | None = None
) -> Iterator[dict[str, Json]]:
    """The logs of some events of a contract, oldest first, up to the block that is the newest when the first one is asked for.

    Args:
        deployed: the contracts.
        name: the contract.
        events: the events' names.
        first_block: nothing older is looked at.
        of: only those whose first indexed value is this number.
    """
    head = quantity(deployed.rpc.call("eth_blockNumber"))
    topics: list[Json] = ["0x" + contract(name).topics[event].hex() for event in events]
    for start in range(first_block, head + 1, _PAGE):
        query: dict[str, Json] = {
            "address": deployed.address(name),
            "fromBlock": hex(start),
            "toBlock": hex(min(head, start + _PAGE - 1)),
            "topics": [topics] if of is None else [topics, f"0x{of:064x}"],
        }
        yield from map(record, rows(deployed.rpc.call("eth_getLogs", [query])))
