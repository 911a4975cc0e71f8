"""A node that joined: whether it has fetched everything from block 0 on, and has what the others have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from eth_hash.auto import keccak

from node_api.chain.rpc import RpcClient
from node_api.chain.rpc_errors import RpcError
from node_api.chain.rpc_values import Json, data, quantity, record, text
from node_api.network.check import DIFFERS, EQUAL, UNKNOWN, Finding
from node_api.network.plan import Network


def is_level(own: RpcClient, others: list[RpcClient]) -> bool:
    """Whether the node has fetched what the others have, but for a block or two. Raises ChainError."""
    heights = [quantity(one.call("eth_blockNumber")) for one in (own, *others)]
    return own.call("eth_syncing") is False and heights[0] > 0 and heights[0] + 2 >= max(heights)


def compare(own: RpcClient, others: list[RpcClient], network: Network, contracts: Mapping[str, str]) -> list[Finding]:
    """Block 0, the newest block that is final at all of them, its state, and each contract's code, beside plan and others.

    Args:
        own: the node that joined.
        others: nodes of other organisations.
        network: its plan.
        contracts: name → address.

    Raises:
        ChainError: one of them does not answer.
    """
    final = min(quantity(one.call("eth_blockNumber")) for one in (own, *others)) - len(network.sealers) // 2
    number = hex(max(final, 0))
    return [
        _finding("block 0", network.genesis_hash, [_block(one, "0x0", "hash") for one in (own, *others)]),
        _beside(f"block {int(number, 16)}", [_block(one, number, "hash") for one in (own, *others)]),
        _beside(f"state at block {int(number, 16)}", [_block(one, number, "stateRoot") for one in (own, *others)]),
        *_codes(own, others, number, contracts),
    ]


def _codes(own: RpcClient, others: list[RpcClient], number: str, contracts: Mapping[str, str]) -> Iterator[Finding]:
    for name, address in contracts.items():
        try:
            codes = [data(one.call("eth_getCode", [address, number])) for one in (own, *others)]
        except RpcError as error:
            yield Finding(f"code of {name}", "the others'", error.message, UNKNOWN)
            continue
        hashes = [f"0x{keccak(code).hex()}" if code else "no code" for code in codes]
        found = _beside(f"code of {name}", hashes)
        yield found if codes[0] else Finding(found.what, "code", f"none at {address}", DIFFERS)


def _beside(what: str, found: list[str]) -> Finding:
    return _finding(what, found[1] if len(found) > 1 else found[0], found)


def _finding(what: str, planned: str, found: list[str]) -> Finding:
    unlike = [one for one in found if one != planned]
    return Finding(what, planned, unlike[0] if unlike else planned, DIFFERS if unlike else EQUAL)


def _block(rpc: RpcClient, number: str, field: str) -> str:
    block: dict[str, Json] = record(rpc.call("eth_getBlockByNumber", [number, False]))
    return text(block[field]).lower()
