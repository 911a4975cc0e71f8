"""Digests and signatures.

redemption digest
├── any item → equal to eth-account's encode_typed_data
└── one field changed → another digest
open digest
├── any code → equal to eth-account's, wherever it is presented
└── mark of open codes → the first bytes of the type's hash
terminal batch digest
└── any digests → equal to eth-account's
transfer digest
└── any order → equal to eth-account's
recover
├── 65 bytes → the signer        ├── 64 bytes (ERC-2098) → the signer
├── high s → nobody              ├── v of 0, 1, 26, 29 → nobody
└── any other length or garbage → nobody
"""

from dataclasses import replace

import pytest
from coincurve import PrivateKey
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_hash.auto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from node_api.chain.documents import open_document, transfer_document, typed_data
from node_api.chain.eip712 import (
    HALF_ORDER,
    NAME,
    OPEN_TYPE,
    TYPES,
    VERSION,
    address_of,
    domain_separator,
    holder_digest,
    open_digest,
    recover,
    redemption_digest,
    sign,
    terminal_batch_digest,
    transfer_digest,
)
from node_api.domain.ids import Address, Amount, Hash, MerchantId, UnixSeconds, VoucherId
from node_api.domain.items import MAX_OPEN_BILL, NO_BILL, OPEN_MARK, Item, OpenCode, Spend
from node_api.domain.transfers import TransferOrder

CONTRACT = Address("0x5FbDB2315678afecb367f032d93F642f64180aa3")
ORDER = 2 * HALF_ORDER + 1

uints = st.integers(0, 2**256 - 1) | st.integers(0, 2**60)
bytes32 = st.binary(min_size=32, max_size=32)
spends = st.builds(lambda v, a, s: Spend(VoucherId(v), Amount(a), s), uints, uints, uints)
items = st.builds(
    lambda some, merchant, bill, receipt, channel, deadline: Item(
        tuple(some), MerchantId(merchant), Amount(bill), Hash("0x" + receipt.hex()), channel, UnixSeconds(deadline)
    ),
    st.lists(spends, max_size=4),
    uints,
    uints,
    bytes32,
    uints,
    uints,
)
keys = st.integers(1, ORDER - 1).map(PrivateKey.from_int)


@given(items, st.integers(1, 2**53), keys)
@settings(max_examples=60, deadline=None)
def test_redemption_digest__any_item__equals_eth_accounts(item: Item, chain_id: int, key: PrivateKey) -> None:
    document = typed_data(chain_id, CONTRACT, item)
    message = encode_typed_data(full_message=document)
    expected = keccak(b"\x19" + message.version + message.header + message.body)

    digest = redemption_digest(domain_separator(chain_id, CONTRACT), item)

    assert digest == expected
    assert sign(key, digest) == bytes(Account.sign_message(message, key.secret).signature)


@given(items, st.integers(0, MAX_OPEN_BILL), st.integers(1, 2**53), keys)
@settings(max_examples=60, deadline=None)
def test_open_digest__any_code__equals_eth_accounts(item: Item, max_bill: int, chain_id: int, key: PrivateKey) -> None:
    code = OpenCode(item.spends, Amount(max_bill), item.channel, item.deadline)
    message = encode_typed_data(full_message=open_document(chain_id, CONTRACT, code))
    expected = keccak(b"\x19" + message.version + message.header + message.body)

    digest = open_digest(domain_separator(chain_id, CONTRACT), code, code.max_bill)
    signed = replace(code, signature=sign(key, digest))
    presented = signed.presented(item.merchant, item.bill, item.receipt)

    assert digest == expected
    if item.bill != NO_BILL:  # a booking is never open
        assert (presented.max_bill, presented.holders_signature) == (max_bill, signed.signature)
        assert holder_digest(domain_separator(chain_id, CONTRACT), presented) == digest


def test_open_mark__of_the_domain__is_the_types() -> None:
    assert keccak(OPEN_TYPE.encode()).startswith(OPEN_MARK)
    assert len(OPEN_MARK) == 4


@given(st.lists(bytes32, max_size=5), uints)
@settings(max_examples=30, deadline=None)
def test_terminal_batch_digest__any_digests__equals_eth_accounts(digests: list[bytes], merchant: int) -> None:
    message = encode_typed_data(
        full_message={
            "domain": {"name": NAME, "version": VERSION, "chainId": 7, "verifyingContract": CONTRACT},
            "primaryType": "TerminalBatch",
            "types": {name: TYPES[name] for name in ("EIP712Domain", "TerminalBatch")},
            "message": {"merchant": merchant, "redemptions": digests},
        }
    )
    expected = keccak(b"\x19" + message.version + message.header + message.body)

    assert terminal_batch_digest(domain_separator(7, CONTRACT), MerchantId(merchant), digests) == expected


@given(uints, st.binary(min_size=20, max_size=20), uints, st.integers(1, 2**53))
@settings(max_examples=30, deadline=None)
def test_transfer_digest__any_order__equals_eth_accounts(
    voucher: int, receiver: bytes, deadline: int, chain_id: int
) -> None:
    order = TransferOrder(VoucherId(voucher), Address("0x" + receiver.hex()), UnixSeconds(deadline))
    message = encode_typed_data(full_message=transfer_document(chain_id, CONTRACT, order))
    expected = keccak(b"\x19" + message.version + message.header + message.body)

    assert transfer_digest(domain_separator(chain_id, CONTRACT), order) == expected


@given(bytes32, keys)
@settings(max_examples=60, deadline=None)
def test_recover__both_lengths__gives_the_signer(digest: bytes, key: PrivateKey) -> None:
    signer = address_of(key.public_key)
    signature = sign(key, digest)
    parity = signature[64] - 27
    short = signature[:32] + bytes([signature[32] | parity << 7]) + signature[33:64]

    assert recover(digest, signature) == recover(digest, short) == signer == Account.from_key(key.secret).address


def test_recover__high_s__gives_nobody() -> None:
    key, digest = PrivateKey.from_int(5), keccak(b"digest")
    signature = sign(key, digest)
    flipped = (ORDER - int.from_bytes(signature[32:64])).to_bytes(32)

    assert recover(digest, signature[:32] + flipped + bytes([55 - signature[64]])) is None


@pytest.mark.parametrize("v", [0, 1, 26, 29, 255])
def test_recover__other_v__gives_nobody(v: int) -> None:
    digest = keccak(b"digest")

    assert recover(digest, sign(PrivateKey.from_int(5), digest)[:64] + bytes([v])) is None


@pytest.mark.parametrize(
    "signature", [b"", b"\x00" * 65, b"\xff" * 64, b"\x01" * 63, b"\x00" * 64 + b"\x1b", b"\x00" * 66]
)
def test_recover__not_a_signature__gives_nobody(signature: bytes) -> None:
    assert recover(keccak(b"digest"), signature) is None
