"""Items in words and back; that the words are the call's is tested beside the call (tests/chain/test_redeem_codec.py).

ItemWords
├── of any item ..... the same item comes out, with its merchant, receipt, and vouchers
└── of two items .... they are equal where the items are
"""

from hypothesis import given
from hypothesis import strategies as st

from node_api.domain.ids import Amount, Hash, MerchantId, UnixSeconds, VoucherId
from node_api.domain.item_words import ItemWords
from node_api.domain.items import Item, Spend

uints = st.integers(0, 2**256 - 1) | st.integers(0, 2**40)
spends = st.builds(lambda v, a, s: Spend(VoucherId(v), Amount(a), s), uints, uints, uints)
items = st.builds(
    lambda some, numbers, receipt, signature, consent: Item(
        tuple(some),
        MerchantId(numbers[0]),
        Amount(numbers[1]),
        Hash("0x" + receipt.hex()),
        numbers[2],
        UnixSeconds(numbers[3]),
        signature,
        consent,
    ),
    st.lists(spends, max_size=3),
    st.tuples(uints, uints, uints, uints),
    st.binary(min_size=32, max_size=32),
    st.binary(max_size=140),
    st.binary(max_size=140),
)


@given(items)
def test_item_words__of_any_item__tell_all_of_it(item: Item) -> None:
    words = ItemWords.of(item)

    assert words.item() == item
    assert int.from_bytes(words.merchant_word) == item.merchant
    assert words.receipt_bytes.hex() == item.receipt[2:]
    assert words.vouchers == [spend.voucher for spend in item.spends]
    assert words.voucher_count == len(item.spends)
    assert not item.spends or int.from_bytes(words.first_voucher_word) == item.spends[0].voucher


@given(items, items)
def test_item_words__of_two_items__are_equal_where_they_are(one: Item, other: Item) -> None:
    assert (ItemWords.of(one) == ItemWords.of(other)) == (one == other)
