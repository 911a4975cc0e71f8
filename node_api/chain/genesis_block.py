"""The hash a genesis file leads to, computed without an engine: so that all can agree on it before any node runs.

The header is that of the yellow paper (section 4.3) with EIP-1559's base fee; accounts of the genesis hold balances only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import rlp

from node_api.chain.eip712 import as_hash
from node_api.chain.hashing import keccak
from node_api.domain.ids import Hash

_NO_UNCLES = keccak(rlp.encode([]))
_EMPTY_ROOT = keccak(rlp.encode(b""))
_NO_CODE = keccak(b"")
_BLOOM_BYTES = 256
_HASH_BYTES = 32

Nibbles = tuple[int, ...]
Node = list[object]


def genesis_hash(genesis: Mapping[str, object]) -> Hash:
    """Hash of block 0 of a genesis file, in the form geth and Besu read.

    Raises:
        KeyError, ValueError: a field is missing, or is not what a genesis holds.
    """
    fields: Node = [
        bytes(_HASH_BYTES),
        _NO_UNCLES,
        _data(genesis["coinbase"]),
        state_root(_balances(genesis["alloc"])),
        _EMPTY_ROOT,
        _EMPTY_ROOT,
        bytes(_BLOOM_BYTES),
        _number(genesis["difficulty"]),
        0,
        _number(genesis["gasLimit"]),
        0,
        _number(genesis["timestamp"]),
        _data(genesis["extraData"]),
        _data(genesis["mixHash"]),
        _number(genesis["nonce"]).to_bytes(8),
    ]
    if "baseFeePerGas" in genesis:
        fields.append(_number(genesis["baseFeePerGas"]))
    return as_hash(keccak(rlp.encode(fields)))


def state_root(balances: Mapping[str, int]) -> bytes:
    """Root of the state in which these accounts have these balances, and there is nothing else."""
    leaves = [
        (_nibbles(keccak(_data(address))), rlp.encode([0, balance, _EMPTY_ROOT, _NO_CODE]))
        for address, balance in balances.items()
    ]
    return keccak(rlp.encode(_node(leaves))) if leaves else _EMPTY_ROOT


def _balances(alloc: object) -> dict[str, int]:
    accounts = cast("dict[str, dict[str, object]]", alloc)
    for address, account in accounts.items():
        if set(account) != {"balance"}:
            raise ValueError(f"{address}: only balances can be computed, not {', '.join(sorted(account))}")
    return {address: _number(account["balance"]) for address, account in accounts.items()}


def _node(leaves: list[tuple[Nibbles, bytes]]) -> Node:
    """The trie's node above these leaves, whose paths have the same length and differ (yellow paper, appendix D)."""
    first, content = leaves[0]
    if len(leaves) == 1:
        return [_path(first, leaf=True), content]
    shared = next(at for at, step in enumerate(zip(*(path for path, _ in leaves), strict=True)) if len(set(step)) > 1)
    if shared:
        return [_path(first[:shared], leaf=False), _reference([(path[shared:], one) for path, one in leaves])]
    branches = [[(path[1:], one) for path, one in leaves if path[0] == step] for step in range(16)]
    return [*(_reference(below) if below else b"" for below in branches), b""]


def _reference(leaves: list[tuple[Nibbles, bytes]]) -> Node | bytes:
    node = _node(leaves)
    encoded = rlp.encode(node)
    return node if len(encoded) < _HASH_BYTES else keccak(encoded)


def _path(nibbles: Nibbles, *, leaf: bool) -> bytes:
    """Hex-prefix encoding (yellow paper, appendix C)."""
    flag = 2 * leaf + len(nibbles) % 2
    padded = (flag, *nibbles) if len(nibbles) % 2 else (flag, 0, *nibbles)
    return bytes(high << 4 | low for high, low in zip(padded[::2], padded[1::2], strict=True))


def _nibbles(raw: bytes) -> Nibbles:
    return tuple(half for byte in raw for half in (byte >> 4, byte & 15))


def _number(value: object) -> int:
    return value if isinstance(value, int) else int(cast("str", value), 16)


def _data(value: object) -> bytes:
    return bytes.fromhex(cast("str", value).removeprefix("0x"))
