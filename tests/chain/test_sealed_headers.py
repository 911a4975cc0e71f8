"""Who sealed a block, by its header: real ones of geth, and QBFT's as Besu's encodings have them.

clique
├── blocks of a real network → the signers that geth names, its list at block 0, its votes
├── a signature in its other form → the same signer
└── a field changed, a seal that is none, a nonce that is no vote → refused
qbft
├── extraData of Besu's own codec test → byte for byte without seals, and without the round
├── a header of three validators → its maker, its list, its vote, who committed; another round has the same hash
└── a field changed, a seal that is none, extraData of another form → refused
an engine that seals nothing → its place alone
a field missing, a height or time that no chain comes to → refused, whatever the engine
"""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import rlp
from coincurve import PrivateKey

from node_api.chain.eip712 import address_of
from node_api.chain.extra_data import QbftExtraData, encode_qbft, read_qbft_extra_data
from node_api.chain.rpc_errors import RpcProtocolError
from node_api.chain.sealed_headers import QBFT_MIX, header_hash, sealed_header
from node_api.domain.ids import Address

CASES = json.loads((Path(__file__).parents[1] / "cases" / "clique_headers.json").read_text())
ORDER = int("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141", 16)
# RAW_HEX_ENCODING_STRING of Besu's QbftExtraDataCodecTest: two validators, a vote to add the first, round 0xfedcba, two seals.
BESU = (
    "f8f0a00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20ea940000000000000000000000000000000000000001940000"
    "000000000000000000000000000000000002d794000000000000000000000000000000000000000181ff83fedcbaf886b84100000000000000000000"
    "00000000000000000000000000000000000000000001000000000000000000000000000000000000000000000000000000000000000a00b841000000"
    "000000000000000000000000000000000000000000000000000000000a000000000000000000000000000000000000000000000000000000000000000100"
)
VALIDATORS = [PrivateKey(bytes([number]) * 32) for number in (1, 2, 3)]
ACCOUNTS = tuple(Address(address_of(key.public_key).lower()) for key in VALIDATORS)


def clique(number: int, **changed: str) -> dict[str, Any]:
    found = {**CASES["common"], **CASES["headers"][number], "logsBloom": "0x" + "0" * 512, **changed}
    found.pop("signer")
    return found


def qbft(extra: QbftExtraData, seals: tuple[bytes, ...] = (), **changed: str) -> dict[str, Any]:
    """A header with this extraData; its hash by the rule of Besu: without round and seals."""
    block = clique(6, mixHash=QBFT_MIX, miner=ACCOUNTS[0], difficulty="0x1")
    block["hash"] = "0x" + header_hash(block, encode_qbft(extra, with_round=False)).hex()
    round_bytes = extra.round.to_bytes((extra.round.bit_length() + 7) // 8)
    vote = [] if extra.vote is None else [bytes.fromhex(extra.vote[0][2:]), b"\xff" if extra.vote[1] else b""]
    raw = [extra.vanity, [bytes.fromhex(one[2:]) for one in extra.validators], vote, round_bytes, list(seals)]
    return {**block, "extraData": "0x" + rlp.encode(raw).hex(), **changed}


def sealed_by(extra: QbftExtraData, keys: list[PrivateKey]) -> tuple[bytes, ...]:
    digest = header_hash(qbft(extra), encode_qbft(extra, with_round=True))
    return tuple(key.sign_recoverable(digest, hasher=None) for key in keys)


def test_clique__when_of_a_real_network__then_signers_list_and_votes_are_its_own() -> None:
    headers = [sealed_header(clique(number)) for number in range(7)]
    assert [one.signer for one in headers] == [case["signer"] for case in CASES["headers"]]
    assert all(after.parent == before.hash for before, after in pairwise(headers))
    assert headers[0].listed is not None
    assert set(headers[0].listed) == {one.signer for one in headers[1:6]}
    assert [one.listed for one in headers[1:]] == [None] * 6
    newcomer = headers[6].signer
    assert [one.vote for one in headers] == [None] * 4 + [(newcomer, True)] * 2 + [None]
    assert {one.committed for one in headers} == {None}


def test_clique__when_the_signature_has_its_other_form__then_the_same_signer() -> None:
    block = clique(4)
    extra = bytes.fromhex(block["extraData"][2:])
    other = (ORDER - int.from_bytes(extra[-33:-1])).to_bytes(32) + bytes([1 - extra[-1]])
    block["extraData"] = "0x" + (extra[:-33] + other).hex()
    block["hash"] = "0x" + header_hash(block, extra[:-33] + other).hex()
    assert sealed_header(block).signer == CASES["headers"][4]["signer"]


@pytest.mark.parametrize(
    "changed",
    [{"timestamp": "0x1"}, {"hash": "0x" + "0" * 64}, {"stateRoot": "0x" + "1" * 64}, {"extraData": "0x" + "0" * 194}],
)
def test_clique__when_a_field_is_another__then_refused(changed: dict[str, str]) -> None:
    with pytest.raises(RpcProtocolError, match="it has 0x"):
        sealed_header(clique(5, **changed))


def resealed(seal: bytes, **changed: str) -> dict[str, Any]:
    """Block 5 with another seal, and the hash that belongs to it."""
    block = clique(5, **changed)
    extra = bytes.fromhex(block["extraData"][2:])[:-65] + seal
    return {**block, "extraData": "0x" + extra.hex(), "hash": "0x" + header_hash(block, extra).hex()}


@pytest.mark.parametrize(
    "block", [resealed(bytes(65)), resealed(b"\xff" * 65), resealed(bytes(65), nonce="0x" + "1" * 16)]
)
def test_clique__when_the_seal_or_the_vote_is_none__then_refused(block: dict[str, Any]) -> None:
    with pytest.raises(RpcProtocolError, match=r"no signature|no vote"):
        sealed_header(block)


def test_qbft__when_of_besus_own_test__then_byte_for_byte() -> None:
    extra = read_qbft_extra_data(bytes.fromhex(BESU))
    assert (len(extra.seals), extra.round, extra.vote) == (2, 0xFEDCBA, (extra.validators[0], True))
    vanity, validators, vote, number, _ = rlp.decode(bytes.fromhex(BESU))
    assert encode_qbft(extra, with_round=True) == rlp.encode([vanity, validators, vote, number, []])
    assert encode_qbft(extra, with_round=False) == rlp.encode([vanity, validators, vote, b"", []])


@pytest.mark.parametrize("number", [0, 300])
@pytest.mark.parametrize("vote", [None, (ACCOUNTS[2], False), (Address("0x" + "ab" * 20), True)])
def test_qbft__when_sealed__then_maker_list_vote_and_who_committed(
    number: int, vote: tuple[Address, bool] | None
) -> None:
    extra = QbftExtraData(bytes(32), ACCOUNTS, vote, number, ())
    header = sealed_header(qbft(extra, sealed_by(extra, VALIDATORS[:2])))
    assert (header.signer, header.listed, header.vote, header.committed) == (ACCOUNTS[0], ACCOUNTS, vote, ACCOUNTS[:2])
    assert header.hash == sealed_header(qbft(QbftExtraData(bytes(32), ACCOUNTS, vote, 7, ()))).hash


def test_qbft__when_changed__then_refused() -> None:
    extra = QbftExtraData(bytes(32), ACCOUNTS, None, 0, ())
    with pytest.raises(RpcProtocolError, match="it has 0x"):
        sealed_header(qbft(extra, sealed_by(extra, VALIDATORS), gasUsed="0x1"))
    with pytest.raises(RpcProtocolError, match="a seal is no signature"):
        sealed_header(qbft(extra, (bytes(65),)))


def nested(depth: int) -> bytes:
    """RLP of a list in a list in a list …"""
    found = b"\xc0"
    for _ in range(depth):
        size = len(found)
        found = (
            bytes([0xC0 + size]) if size < 56 else b"\xf8" + bytes([size]) if size < 256 else b"\xf9" + size.to_bytes(2)
        ) + found
    return found


@pytest.mark.parametrize(
    "extra",
    [
        b"",
        b"\xc0",
        nested(1_500),
        rlp.encode([bytes(32), [], [], [], []]),
        rlp.encode([bytes(32), [], [], b"", [[b"a"]]]),
        rlp.encode([bytes(32), [b"a"], [], b"", []]),
        rlp.encode([[b""] * 32, [], [], b"", []]),
    ],
    ids=["nothing", "empty", "nested", "round", "seal", "validator", "vanity"],
)
def test_qbft__when_its_extra_data_is_of_another_form__then_refused(extra: bytes) -> None:
    with pytest.raises(RpcProtocolError):
        sealed_header(clique(6, mixHash=QBFT_MIX, extraData="0x" + extra.hex()))


@pytest.mark.parametrize("seals", [True, False])
@pytest.mark.parametrize("field", ["number", "timestamp"])
@pytest.mark.parametrize("value", [None, "0x8000000000000000", "-0x1"])
def test_block__when_height_or_time_is_none__then_refused(field: str, value: str | None, *, seals: bool) -> None:
    block = clique(5) if seals else clique(5, extraData="0x")
    block |= {field: value} if value else {}
    if value is None:
        del block[field]
    with pytest.raises(RpcProtocolError):
        sealed_header(block)


def test_block__when_its_engine_seals_nothing__then_its_place_alone() -> None:
    header = sealed_header(clique(3, extraData="0x", difficulty="0x0"))
    assert (header.number, header.signer, header.listed, header.vote) == (3, None, None, None)
