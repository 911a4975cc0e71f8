"""Codes and receipts.

encode, decode
├── any item or open code → the same          ├── lower case, blanks around → the same item
└── one character changed, cut short, another prefix → CodeUnreadable
receipt
├── canonical bytes → as documented   └── counted → items in the categories only, discounts taken off
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node_api.domain.codes import decode_code, encode_code, encode_open_code, is_open_code
from node_api.domain.errors import CodeUnreadable
from node_api.domain.ids import Amount, Hash, MerchantId, UnixSeconds, VoucherId
from node_api.domain.items import MAX_OPEN_BILL, Item, OpenCode, Spend, open_signature
from node_api.domain.receipts import Receipt, ReceiptItem

uints = st.integers(0, 2**256 - 1) | st.integers(0, 2**40)
spends = st.builds(lambda v, a, s: Spend(VoucherId(v), Amount(a), s), uints, uints, uints)
items = st.builds(
    lambda some, merchant, bill, receipt, channel, deadline, signature: Item(
        tuple(some),
        MerchantId(merchant),
        Amount(bill),
        Hash("0x" + receipt.hex()),
        channel,
        UnixSeconds(deadline),
        signature,
    ),
    st.lists(spends, max_size=4),
    uints,
    uints,
    st.binary(min_size=32, max_size=32),
    uints,
    uints,
    st.binary(max_size=100),
)
ONE = Item(
    (
        Spend(VoucherId((5 << 35) + (7 << 11) + 3), Amount(5_00)),
        Spend(VoucherId((6 << 35) + (7 << 11) + 3), Amount(5_00)),
    ),
    MerchantId(17),
    Amount(42_50),
    Hash("0x" + "ab" * 32),
    0,
    UnixSeconds(1_790_000_000),
    bytes(range(65)),
)


@given(items)
@settings(max_examples=150, deadline=None)
def test_code__any_item__comes_back(item: Item) -> None:
    assert decode_code(encode_code(item)) == item
    assert decode_code(f"  {encode_code(item).lower()}\n") == item


@given(items, st.integers(0, MAX_OPEN_BILL))
@settings(max_examples=100, deadline=None)
def test_code__any_open_code__comes_back(item: Item, max_bill: int) -> None:
    code = OpenCode(item.spends, Amount(max_bill), item.channel, item.deadline, item.signature)
    assert decode_code(encode_open_code(code)) == code
    assert is_open_code(encode_open_code(code))
    assert not is_open_code(encode_code(item))


def test_code__open_for_more_than_there_can_be__is_refused() -> None:
    with pytest.raises(CodeUnreadable):
        decode_code(encode_open_code(OpenCode((), Amount(MAX_OPEN_BILL + 1), 0, ONE.deadline)))


def test_item__with_a_keys_signature__is_never_open() -> None:
    marked = open_signature(Amount(1), b"")
    for length, is_open in ((33, False), (34, True)):
        assert (ONE.signed(marked + bytes(length)).max_bill is not None) is is_open


def test_code__two_vouchers__fits_a_small_symbol() -> None:
    assert len(encode_code(ONE)) < 224  # alphanumeric capacity of QR version 7, level L


@given(st.integers(4, len(encode_code(ONE)) - 1), st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"))
@settings(max_examples=200, deadline=None)
def test_code__one_character_changed__is_refused(position: int, letter: str) -> None:
    code = encode_code(ONE)
    changed = code[:position] + letter + code[position + 1 :]
    if changed != code and position < len(code) - 1:  # the last character carries unused bits
        with pytest.raises(CodeUnreadable):
            decode_code(changed)


@pytest.mark.parametrize(
    "code",
    [
        "",
        "VT1:",
        "VT1:A",
        "VT1:AAA",
        "VT1:AAAAAA",
        "VT2:AAAA",
        encode_code(ONE)[:-8],
        encode_code(ONE) + "A",
        "VT1:" + "A" * 5000,
        "VT1:é" + "A" * 20,
    ],
)
def test_code__not_a_code__is_refused(code: str) -> None:
    with pytest.raises(CodeUnreadable):
        decode_code(code)


def test_receipt__canonical__is_as_documented() -> None:
    receipt = Receipt(
        "R-1", UnixSeconds(1_700_000_000), (ReceiptItem(3, Amount(1250)), ReceiptItem(None, Amount(-5))), bytes(16)
    )

    assert receipt.canonical() == (
        b'{"items":[{"amount":1250,"category":3},{"amount":-5,"category":null}],"number":"R-1",'
        b'"salt":"0x00000000000000000000000000000000","time":1700000000}'
    )


def test_receipt__counted__takes_the_categories_only() -> None:
    lines = ((3, 1000), (4, 200), (None, 70), (3, -100), (63, 5))
    receipt = Receipt("R-1", UnixSeconds(0), tuple(ReceiptItem(c, Amount(a)) for c, a in lines), bytes(16))

    assert receipt.counted(1 << 3) == 900
    assert receipt.counted(1 << 3 | 1 << 63) == 905
    assert receipt.counted(0) == 0
