"""Genesis files of both engines.

Sources: geth's `core.Genesis` as release 1.13 reads it; Besu's https://besu.hyperledger.org/private-networks/how-to/configure/consensus/qbft
and https://besu.hyperledger.org/private-networks/how-to/configure/free-gas.
"""

from __future__ import annotations

from collections.abc import Sequence

from node_api.chain.extra_data import clique_extra_data, qbft_extra_data
from node_api.domain.ids import Address
from node_api.network.plan import Engine, Parameters

EPOCH = 30_000
_LONDON = ("homestead", "eip150", "eip155", "eip158", "byzantium", "constantinople", "petersburg", "istanbul", "berlin")
_QBFT_MIX = "0x63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365"
_ZERO_HASH, _ZERO_ADDRESS = "0x" + "0" * 64, "0x" + "0" * 40
# geth asks for a wei of each gas, and Clique's base fee, once a block more than half full has raised it by another, never falls
# again; with this much an account pays for longer than anybody will count. Besu asks for nothing (`zeroBaseFee`).
SPARE_WEI = 10**24


def genesis(parameters: Parameters, validators: Sequence[Address], accounts: Sequence[Address]) -> dict[str, object]:
    """The genesis file's content: London rules, free gas, the validators in ascending order."""
    clique = parameters.engine is Engine.GETH_CLIQUE
    ascending = sorted(validators, key=str.lower)
    extra = clique_extra_data(ascending) if clique else qbft_extra_data(ascending)
    return {
        "config": _clique(parameters) if clique else _qbft(parameters),
        "nonce": "0x0",
        "timestamp": hex(parameters.genesis_at),
        "extraData": "0x" + extra.hex(),
        "gasLimit": hex(parameters.gas_limit),
        "difficulty": "0x1",
        "mixHash": _ZERO_HASH if clique else _QBFT_MIX,
        "coinbase": _ZERO_ADDRESS,
        "alloc": {one[2:].lower(): {"balance": hex(SPARE_WEI)} for one in accounts} if clique else {},
        "number": "0x0",
        "gasUsed": "0x0",
        "parentHash": _ZERO_HASH,
        "baseFeePerGas": "0x0",
    }


def _clique(parameters: Parameters) -> dict[str, object]:
    forks: dict[str, object] = {f"{name}Block": 0 for name in (*_LONDON, "london")}
    return {
        "chainId": parameters.chain_id,
        **forks,
        "clique": {"period": parameters.block_time, "epoch": EPOCH},
    }


def _qbft(parameters: Parameters) -> dict[str, object]:
    return {
        "chainId": parameters.chain_id,
        "berlinBlock": 0,
        "londonBlock": 0,
        "zeroBaseFee": True,
        "qbft": {
            "blockperiodseconds": parameters.block_time,
            "epochlength": EPOCH,
            "requesttimeoutseconds": 2 * parameters.block_time,
        },
    }
