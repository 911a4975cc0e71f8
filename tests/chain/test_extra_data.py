"""`extraData` byte for byte as the engines' documentation has it, and taken apart again.

qbft
├── the example of Besu's page, the empty one, the one of its command line → the same bytes, and the validators back
├── a vote to add, to remove, a round, seals → read
└── no RLP, another form, Besu's IBFT 2.0 → refused
clique
├── the example of Besu's page; Görli's genesis → the same bytes, and the signers back
├── signers in any order → ascending
└── cut off → refused
"""

from __future__ import annotations

import pytest
import rlp

from node_api.chain.extra_data import (
    ExtraDataFault,
    clique_extra_data,
    clique_signers,
    qbft_extra_data,
    read_qbft_extra_data,
)

# https://besu.hyperledger.org/private-networks/how-to/configure/consensus/qbft#extra-data: "toEncode.json" and its RLP, the
# genesis files of both ways to select validators; the last is of Besu's own RLPSubCommandTest.
QBFT = {
    "0xf87aa00000000000000000000000000000000000000000000000000000000000000000f854944592c8e45706cc08b8f44b11e43cba0cfc5892cb"
    "9406e23768a0f59cf365e18c2e0c89e151bcdedc7094c5327f96ee02d7bcbc1bf1236b8c15148971e1de94ab5e7f4061c605820d3744227eed91ff"
    "8e2c8908c080c0": [
        "0x4592c8e45706cc08b8f44b11e43cba0cfc5892cb",
        "0x06e23768a0f59cf365e18c2e0c89e151bcdedc70",
        "0xc5327f96ee02d7bcbc1bf1236b8c15148971e1de",
        "0xab5e7f4061c605820d3744227eed91ff8e2c8908",
    ],
    "0xf87aa00000000000000000000000000000000000000000000000000000000000000000f8549464a702e6263b7297a96638cac6ae65e6541f4169"
    "943923390ad55e90c237593b3b0e401f3b08a0318594aefdb9a738c9f433e5b6b212a6d62f6370c2f69294c7eeb9a4e00ce683cf93039b212648e0"
    "1c6c6b78c080c0": [
        "0x64a702e6263b7297a96638cac6ae65e6541f4169",
        "0x3923390ad55e90c237593b3b0e401f3b08a03185",
        "0xaefdb9a738c9f433e5b6b212a6d62f6370c2f692",
        "0xc7eeb9a4e00ce683cf93039b212648e01c6c6b78",
    ],
    "0xe5a00000000000000000000000000000000000000000000000000000000000000000c0c080c0": [],
    "0xf84fa00000000000000000000000000000000000000000000000000000000000000000ea94be068f726a13c8d46c44be6ce9d275600e1735a494"
    "5ff6f4b66a46a2b2310a6f3a93aaddc0d9a1c193c080c0": [
        "0xbe068f726a13c8d46c44be6ce9d275600e1735a4",
        "0x5ff6f4b66a46a2b2310a6f3a93aaddc0d9a1c193",
    ],
}
# https://besu.hyperledger.org/private-networks/reference/cli/subcommands#ibft-20-extra-data
IBFT_2 = (
    "f853a00000000000000000000000000000000000000000000000000000000000000000ea94be068f726a13c8d46c44be6ce9d275600e1735a4945ff6"
    "f4b66a46a2b2310a6f3a93aaddc0d9a1c193808400000000c0"
)
# https://besu.hyperledger.org/private-networks/how-to/configure/consensus/clique#genesis-file
CLIQUE = "0" * 64 + "01a54556254bfa3db2daa7673435ec63649925c5" + "0" * 130
SIGNERS = ["0x42eb768f2244c8811c63729a21a3569731535f06", "0x7ffc57839b00206d1ad20c69a1981b489f772031"]
VANITY = bytes(32)


def lower(addresses: tuple[str, ...]) -> list[str]:
    return [one.lower() for one in addresses]


@pytest.mark.parametrize(("encoded", "validators"), QBFT.items())
def test_qbft__when_the_documentation_has_it__then_byte_for_byte_and_back(encoded: str, validators: list[str]) -> None:
    assert "0x" + qbft_extra_data(validators).hex() == encoded
    read = read_qbft_extra_data(bytes.fromhex(encoded[2:]))
    assert (lower(read.validators), read.vote, read.round, read.seals) == (validators, None, 0, ())


@pytest.mark.parametrize(("written", "added"), [(b"\xff", True), (b"", False)])
def test_qbft__when_a_header_of_later__then_vote_round_and_seals(written: bytes, added: bool) -> None:
    voted = bytes.fromhex(SIGNERS[0][2:])
    read = read_qbft_extra_data(rlp.encode([VANITY, [voted], [voted, written], 300, [b"\x01" * 65, b"\x02" * 65]]))
    assert read.vote is not None
    assert (read.vote[0].lower(), read.vote[1], read.round) == (SIGNERS[0], added, 300)
    assert read.seals == (b"\x01" * 65, b"\x02" * 65)


@pytest.mark.parametrize(
    "extra",
    [
        b"",
        b"\xf8",
        bytes(32),
        bytes.fromhex(IBFT_2),
        rlp.encode([VANITY, [], [], 0]),
        rlp.encode([bytes(31), [], [], 0, []]),
        rlp.encode([VANITY, [bytes(19)], [], 0, []]),
        rlp.encode([VANITY, [], [bytes(20), b"\x01"], 0, []]),
        rlp.encode([VANITY, [], [bytes(20)], 0, []]),
        rlp.encode([VANITY, [], [], [], []]),
    ],
)
def test_qbft__when_of_another_form__then_refused(extra: bytes) -> None:
    with pytest.raises(ExtraDataFault):
        read_qbft_extra_data(extra)


def test_clique__when_the_documentation_has_it__then_byte_for_byte_and_back() -> None:
    signer = "0x01a54556254bfa3db2daa7673435ec63649925c5"
    assert clique_extra_data([signer]).hex() == CLIQUE
    assert lower(clique_signers(bytes.fromhex(CLIQUE))) == [signer]


def test_clique__when_signers_come_in_any_order__then_ascending() -> None:
    assert lower(clique_signers(clique_extra_data(SIGNERS[::-1]))) == SIGNERS


def test_clique__when_between_epochs__then_lists_nobody() -> None:
    assert clique_signers(bytes(32 + 65)) == ()


@pytest.mark.parametrize("length", [0, 96, 98, 116, 118])
def test_clique__when_cut_off__then_refused(length: int) -> None:
    with pytest.raises(ExtraDataFault):
        clique_signers(bytes(length))


@pytest.mark.parametrize("write", [clique_extra_data, qbft_extra_data])
def test_either__when_an_address_is_short__then_refused(write: object) -> None:
    assert callable(write)
    with pytest.raises(ExtraDataFault):
        write(["0x00"])
