"""Who sealed a block, by its header alone: recovered from the signatures in its `extraData`, not asked of a node.

Sources: https://eips.ethereum.org/EIPS/eip-225 for Clique; for QBFT https://besu.hyperledger.org/private-networks/how-to/configure/consensus/qbft
and Besu's `QbftExtraDataCodec` and `BftBlockHashing`: a block's hash leaves out seals and round, a seal leaves out seals.
"""

from __future__ import annotations

import rlp
from coincurve import PublicKey

from node_api.chain.eip712 import address_of, as_hash
from node_api.chain.extra_data import (
    SEAL_BYTES,
    VANITY_BYTES,
    ExtraDataFault,
    QbftExtraData,
    clique_signers,
    encode_qbft,
    read_qbft_extra_data,
)
from node_api.chain.hashing import keccak
from node_api.chain.rpc_errors import RpcProtocolError
from node_api.chain.rpc_values import Json, data, quantity, text
from node_api.domain.council import SealedHeader
from node_api.domain.ids import Address, Hash, UnixSeconds

QBFT_MIX = "0x63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365"
_NO_MIX, _NOBODY = "0x" + "0" * 64, "0x" + "0" * 40
_BEFORE_EXTRA = ("parentHash", "sha3Uncles", "miner", "stateRoot", "transactionsRoot", "receiptsRoot", "logsBloom")
_NUMBERS = ("difficulty", "number", "gasLimit", "gasUsed", "timestamp")
_ADD_NONCE, _DROP_NONCE = "0xffffffffffffffff", "0x0000000000000000"
_CLIQUE_DIFFICULTIES = (1, 2)
_HASH_BYTES = 32
_MOST = (1 << 63) - 1
"""Of heights and seconds: engines count in 64 bits, databases in as many with a sign."""


def sealed_header(block: dict[str, Json]) -> SealedHeader:
    """Reads a block as `eth_getBlockByNumber` answers it; of an engine that seals nothing, only its place.

    Raises:
        RpcProtocolError: a field is missing or out of bounds, its hash is not that of its fields, or its seals cannot be read.
    """
    try:
        extra = data(block["extraData"])
        if text(block.get("mixHash") or "") == QBFT_MIX:
            return _qbft(block, read_qbft_extra_data(extra))
        if _is_clique(block, extra):
            return _clique(block, extra)
        return _plain(block)
    except (ExtraDataFault, KeyError) as error:
        raise RpcProtocolError(f"block {block.get('number')}: {error}") from error


def _plain(block: dict[str, Json]) -> SealedHeader:
    number, timestamp = quantity(block["number"]), quantity(block["timestamp"])
    if max(number, timestamp) > _MOST:
        raise ExtraDataFault("its height or time is one that no chain comes to")
    if any(len(data(block[name])) != _HASH_BYTES for name in ("hash", "parentHash")):
        raise ExtraDataFault("its hash, or that of the block before it, does not have 32 bytes")
    return SealedHeader(
        number=number,
        hash=Hash(text(block["hash"]).lower()),
        parent=Hash(text(block["parentHash"]).lower()),
        timestamp=UnixSeconds(timestamp),
    )


def _is_clique(block: dict[str, Json], extra: bytes) -> bool:
    return (
        len(extra) >= VANITY_BYTES + SEAL_BYTES
        and quantity(block["difficulty"]) in _CLIQUE_DIFFICULTIES
        and text(block.get("mixHash") or "") == _NO_MIX
    )


def _clique(block: dict[str, Json], extra: bytes) -> SealedHeader:
    plain = _plain(block)
    _require_hash(block, header_hash(block, extra))
    listed = _lower(clique_signers(extra)) or None
    if plain.number == 0:
        return SealedHeader(plain.number, plain.hash, plain.parent, plain.timestamp, listed=listed)
    signer = _recovered(header_hash(block, extra[:-SEAL_BYTES]), extra[-SEAL_BYTES:])
    subject, nonce = Address(text(block["miner"]).lower()), text(block["nonce"])
    if nonce not in (_ADD_NONCE, _DROP_NONCE):
        raise ExtraDataFault(f"nonce {nonce} is no vote of Clique")
    vote = None if subject == _NOBODY else (subject, nonce == _ADD_NONCE)
    return SealedHeader(plain.number, plain.hash, plain.parent, plain.timestamp, signer, listed, vote)


def _qbft(block: dict[str, Json], extra: QbftExtraData) -> SealedHeader:
    plain = _plain(block)
    _require_hash(block, header_hash(block, encode_qbft(extra, with_round=False)))
    signed = header_hash(block, encode_qbft(extra, with_round=True))
    return SealedHeader(
        plain.number,
        plain.hash,
        plain.parent,
        plain.timestamp,
        signer=Address(text(block["miner"]).lower()) if plain.number else None,
        listed=_lower(extra.validators),
        vote=None if extra.vote is None else (Address(extra.vote[0].lower()), extra.vote[1]),
        committed=tuple(_recovered(signed, seal) for seal in extra.seals),
    )


def header_hash(block: dict[str, Json], extra: bytes) -> bytes:
    """Hash of the header with this `extraData`, by the rules of London or before."""
    fields: list[object] = [data(block[name]) for name in _BEFORE_EXTRA]
    fields += [quantity(block[name]) for name in _NUMBERS]
    fields += [extra, data(block["mixHash"]), data(block["nonce"])]
    if block.get("baseFeePerGas") is not None:
        fields.append(quantity(block["baseFeePerGas"]))
    return keccak(rlp.encode(fields))


def _require_hash(block: dict[str, Json], found: bytes) -> None:
    if as_hash(found) != text(block["hash"]).lower():
        raise RpcProtocolError(
            f"block {text(block['number'])} is said to have hash {block['hash']}, it has {as_hash(found)}"
        )


def _recovered(digest: bytes, seal: bytes) -> Address:
    """Whose seal it is. Engines take either of the two forms of a signature, wallets the lower one alone."""
    try:
        return Address(address_of(PublicKey.from_signature_and_message(seal, digest, hasher=None)).lower())
    except Exception as error:  # libsecp256k1 has no narrower error for points that do not exist
        raise ExtraDataFault("a seal is no signature") from error


def _lower(addresses: tuple[Address, ...]) -> tuple[Address, ...]:
    return tuple(Address(one.lower()) for one in addresses)
