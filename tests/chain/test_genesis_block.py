"""The hash of block 0, computed without an engine.

genesis_hash
├── Görli's genesis, a Clique network whose hash is known → the same
├── with a base fee → another
└── accounts with code → refused, rather than a wrong hash
state_root
├── nobody → the empty trie's
└── accounts in another order → the same
"""

from __future__ import annotations

import pytest

from node_api.chain.genesis_block import genesis_hash, state_root

# go-ethereum's params.GoerliGenesisHash and core/genesis_alloc; 256 accounts with a wei, and four funded ones.
GOERLI_HASH = "0xbf7e331f7f7c1dd2e05159666b3bf8bc7a8a3a9eb1d518969eab529dd9b88c1a"
GOERLI_FUNDED = {
    "4c2ae482593505f0163cdefc073e81c63cda4107": "0x152d02c7e14af6800000",
    "a8e8f14732658e4b51e8711931053a8a69baf2b1": "0x152d02c7e14af6800000",
    "d9a5179f091d85051d3c982785efd1455cec8699": "0x84595161401484a000000",
    "e0a2bd4258d2768837baa26a28fe71dc079f84c7": "0x4a47e3c12448f4ad000000",
}


def goerli() -> dict[str, object]:
    balances = {f"{number:040x}": "0x1" for number in range(256)} | GOERLI_FUNDED
    return {
        "coinbase": "0x" + "0" * 40,
        "difficulty": "0x1",
        "extraData": "0x22466c6578692069732061207468696e6722202d204166726900000000000000"
        "e0a2bd4258d2768837baa26a28fe71dc079f84c7" + "0" * 130,
        "gasLimit": "0xa00000",
        "mixHash": "0x" + "0" * 64,
        "nonce": "0x0",
        "timestamp": "0x5c51a607",
        "alloc": {address: {"balance": balance} for address, balance in balances.items()},
    }


def test_hash__when_goerlis__then_the_known_one() -> None:
    assert genesis_hash(goerli()) == GOERLI_HASH


def test_hash__when_there_is_a_base_fee__then_it_counts() -> None:
    free, dear = genesis_hash(goerli() | {"baseFeePerGas": "0x0"}), genesis_hash(goerli() | {"baseFeePerGas": "0x1"})
    assert len({free, dear, GOERLI_HASH}) == 3


def test_hash__when_an_account_has_code__then_refused() -> None:
    with pytest.raises(ValueError, match="only balances"):
        genesis_hash(goerli() | {"alloc": {"0" * 40: {"balance": "0x1", "code": "0x00"}}})


def test_root__when_nobody_has_anything__then_the_empty_tries() -> None:
    assert state_root({}).hex() == "56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421"


def test_root__when_accounts_come_in_another_order__then_the_same() -> None:
    balances = {f"{number:040x}": number for number in range(1, 40)}
    assert state_root(balances) == state_root(dict(reversed(balances.items())))
    assert state_root(balances) != state_root(balances | {"0" * 40: 1})
