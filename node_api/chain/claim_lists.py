"""Lists of those who may claim: Merkle trees of salted leaves, as `Claims.sol` proves them.

A leaf is keccak256(keccak256(abi.encode(programme, nullifier, salt))): hashed twice, so that no inner node passes for one.
Pairs are hashed in ascending order, and a node without a partner is carried up, so that a proof needs no directions.
"""

from __future__ import annotations

from collections.abc import Sequence

from node_api.chain.hashing import keccak
from node_api.domain.ids import Hash, ProgrammeId


def leaf(programme: ProgrammeId, nullifier: Hash, salt: Hash) -> bytes:
    """The leaf of a person."""
    return keccak(keccak(programme.to_bytes(32) + _raw(nullifier) + _raw(salt)))


def root_of(start: bytes, proof: Sequence[Hash]) -> Hash:
    """Where a proof leads from a leaf."""
    node = start
    for beside in proof:
        node = _pair(node, _raw(beside))
    return _hash(node)


def tree(leaves: Sequence[bytes]) -> tuple[Hash, list[tuple[Hash, ...]]]:
    """Root and proofs of a list, in its order.

    Raises:
        ValueError: the list is empty.
    """
    if not leaves:
        raise ValueError("a list has at least one person")
    order = sorted(range(len(leaves)), key=lambda at: leaves[at])  # the order of people is nobody's concern
    proofs: list[list[Hash]] = [[] for _ in leaves]
    level = [(leaves[at], [at]) for at in order]
    while len(level) > 1:
        level = [_join(level[at : at + 2], proofs) for at in range(0, len(level), 2)]
    return _hash(level[0][0]), [tuple(proof) for proof in proofs]


def _join(pair: list[tuple[bytes, list[int]]], proofs: list[list[Hash]]) -> tuple[bytes, list[int]]:
    """The node above two, whose leaves learn each other's side."""
    if len(pair) == 1:
        return pair[0]
    (left, under_left), (right, under_right) = pair
    beside_left, beside_right = _hash(right), _hash(left)  # once for all of them: a city has a million people
    for at in under_left:
        proofs[at].append(beside_left)
    for at in under_right:
        proofs[at].append(beside_right)
    return _pair(left, right), under_left + under_right


def _pair(a: bytes, b: bytes) -> bytes:
    return keccak(a + b if a < b else b + a)


def _raw(value: Hash) -> bytes:
    return bytes.fromhex(value[2:])


def _hash(value: bytes) -> Hash:
    return Hash("0x" + value.hex())
