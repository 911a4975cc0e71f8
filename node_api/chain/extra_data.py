"""Who may sign blocks, as a header's `extraData` says it: for Clique (EIP-225) and for Besu's QBFT.

Sources: https://eips.ethereum.org/EIPS/eip-225 and
https://besu.hyperledger.org/private-networks/how-to/configure/consensus/qbft#extra-data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import rlp
from eth_utils.address import to_checksum_address
from rlp.exceptions import RLPException

from node_api.domain.ids import Address

VANITY_BYTES = 32
SEAL_BYTES = 65
_ADDRESS_BYTES = 20
_ADD_VOTE = b"\xff"


class ExtraDataFault(ValueError):
    """The bytes are no `extraData` of that engine."""


@dataclass(frozen=True, slots=True)
class QbftExtraData:
    """What a QBFT header carries.

    Attributes:
        vanity: 32 free bytes.
        validators: who may sign the next block, in the order they are written.
        vote: whom the block's maker proposes, and whether to add (else to remove) them; None without a proposal.
        round: in which round the block was agreed on; 0 where the first proposal was taken.
        seals: signatures of validators over the block.
    """

    vanity: bytes
    validators: tuple[Address, ...]
    vote: tuple[Address, bool] | None
    round: int
    seals: tuple[bytes, ...]


def clique_extra_data(signers: Sequence[str]) -> bytes:
    """`extraData` of a Clique genesis: no vanity, the signers in ascending order, an empty seal."""
    return bytes(VANITY_BYTES) + b"".join(sorted(map(_raw, signers))) + bytes(SEAL_BYTES)


def clique_signers(extra: bytes) -> tuple[Address, ...]:
    """The signers a Clique header lists: all of them at genesis and at an epoch, none between.

    Raises:
        ExtraDataFault: vanity or seal are cut off, or an address is.
    """
    listed = len(extra) - VANITY_BYTES - SEAL_BYTES
    if listed < 0 or listed % _ADDRESS_BYTES:
        raise ExtraDataFault(f"{len(extra)} bytes are no vanity, addresses and seal of Clique")
    starts = range(VANITY_BYTES, VANITY_BYTES + listed, _ADDRESS_BYTES)
    return tuple(_address(extra[start : start + _ADDRESS_BYTES]) for start in starts)


def qbft_extra_data(validators: Sequence[str]) -> bytes:
    """`extraData` of a QBFT genesis: no vanity, the validators in the order given, no vote, round 0, no seals.

    Besu's documentation asks for ascending order; the caller sorts.
    """
    encoded: bytes = rlp.encode([bytes(VANITY_BYTES), [_raw(one) for one in validators], [], 0, []])
    return encoded


def read_qbft_extra_data(extra: bytes) -> QbftExtraData:
    """Takes a QBFT header's `extraData` apart.

    Raises:
        ExtraDataFault: it is not RLP, or not of that form.
    """
    try:
        vanity, validators, vote, number, seals = rlp.decode(extra)
    except (RecursionError, RLPException, TypeError, ValueError) as error:
        raise ExtraDataFault(f"{len(extra)} bytes are no extraData of QBFT: {error}") from error
    if not all(isinstance(one, bytes) for one in (vanity, number, *seals)) or len(vanity) != VANITY_BYTES:
        raise ExtraDataFault("vanity, round or seals are not those of QBFT")
    return QbftExtraData(vanity, tuple(map(_address, validators)), _vote(vote), int.from_bytes(number), tuple(seals))


def encode_qbft(extra: QbftExtraData, *, with_round: bool) -> bytes:
    """`extraData` without its seals: what a validator seals, or without the round, too, what the block's hash is of."""
    vote = [] if extra.vote is None else [_raw(extra.vote[0]), _ADD_VOTE if extra.vote[1] else b""]
    encoded: bytes = rlp.encode(
        [extra.vanity, [_raw(one) for one in extra.validators], vote, extra.round if with_round else 0, []]
    )
    return encoded


def _vote(found: object) -> tuple[Address, bool] | None:
    if found in ((), []):
        return None
    if not isinstance(found, (list, tuple)) or len(found) != 2 or found[1] not in (_ADD_VOTE, b""):
        raise ExtraDataFault("the vote is not one of QBFT")
    return _address(found[0]), found[1] == _ADD_VOTE


def _raw(address: str) -> bytes:
    raw = bytes.fromhex(address.removeprefix("0x"))
    if len(raw) != _ADDRESS_BYTES:
        raise ExtraDataFault(f"{address} is no address")
    return raw


def _address(raw: object) -> Address:
    if not isinstance(raw, bytes) or len(raw) != _ADDRESS_BYTES:
        raise ExtraDataFault("an address does not have 20 bytes")
    return Address(to_checksum_address(raw))
