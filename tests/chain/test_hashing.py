"""Keccak-256: of nothing as published, of anything as eth-hash says."""

from eth_hash.auto import keccak as reference
from hypothesis import given
from hypothesis import strategies as st

from node_api.chain.hashing import keccak


def test_keccak__of_nothing__is_the_published_one() -> None:
    assert keccak(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"


@given(st.binary(max_size=600))
def test_keccak__of_anything__is_what_eth_hash_says(content: bytes) -> None:
    assert keccak(content) == reference(content)
