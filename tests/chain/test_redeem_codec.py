"""`redeem` and `redeemWithConsents` by hand equal eth_abi; verdicts out of logs are tested end to end in tests/api.

encode_redeem
├── without consents ........ `redeem`
└── with some ............... `redeemWithConsents`
consents_to ................. of the items that bring one, by what their holders signed
"""

from eth_abi.abi import decode
from hypothesis import given, settings
from hypothesis import strategies as st

from node_api.chain.contracts import contract
from node_api.chain.eip712 import open_digest, redemption_digest
from node_api.chain.redeem_codec import REASONS, consents_to, encode_redeem
from node_api.domain.ids import Address, Amount, Hash, MerchantId, UnixSeconds, VoucherId
from node_api.domain.item_words import ItemGroup
from node_api.domain.items import Item, OpenCode, Spend, TerminalSeal
from node_api.domain.refusals import RULES

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
    st.lists(spends, max_size=3),
    uints,
    uints,
    st.binary(min_size=32, max_size=32),
    uints,
    uints,
    st.binary(max_size=70),
)
seals = st.builds(
    lambda terminal, signature: TerminalSeal(Address("0x" + terminal.hex()), signature),
    st.binary(min_size=20, max_size=20),
    st.binary(max_size=70),
)
groups = st.builds(
    lambda merchant, some, seal: ItemGroup.of(MerchantId(merchant), tuple(some), seal),
    uints,
    st.lists(items, max_size=3),
    st.none() | seals,
)


consents = st.tuples(st.binary(min_size=32, max_size=32), st.binary(max_size=70))


@given(st.lists(groups, max_size=3))
@settings(max_examples=80, deadline=None)
def test_encode_redeem__any_groups__equals_eth_abi(some: list[ItemGroup]) -> None:
    redeem = contract("Vouchers").function("redeem")

    encoded = encode_redeem(some)

    assert encoded == redeem.encode([as_tuples(some)])
    assert decode(redeem.inputs, encoded[4:])


@given(st.lists(groups, max_size=3), st.lists(consents, min_size=1, max_size=3))
@settings(max_examples=40, deadline=None)
def test_encode_redeem__with_consents__equals_eth_abi(some: list[ItemGroup], given: list[tuple[bytes, bytes]]) -> None:
    redeem = contract("Vouchers").function("redeemWithConsents")

    encoded = encode_redeem(some, given)

    assert encoded == redeem.encode([as_tuples(some), given])
    assert decode(redeem.inputs, encoded[4:])


def test_consents_to__items_with_and_without__are_named_by_what_was_signed() -> None:
    domain, receipt = b"\x0d" * 32, Hash("0x" + "ab" * 32)
    plain = Item((Spend(VoucherId(1), Amount(2)),), MerchantId(3), Amount(4), receipt, 0, UnixSeconds(5), bytes(65))
    code = OpenCode(plain.spends, Amount(6), 0, UnixSeconds(5), bytes(65))
    opened = code.presented(MerchantId(3), Amount(4), receipt)._replace(consent=b"second")
    groups = [
        ItemGroup.of(MerchantId(3), (plain, plain._replace(consent=b"first"))),
        ItemGroup.of(MerchantId(3), (opened,)),
    ]

    found = consents_to(groups, domain)

    assert found == [
        (redemption_digest(domain, plain), b"first"),
        (open_digest(domain, code, code.max_bill), b"second"),
    ]


def as_tuples(some: list[ItemGroup]) -> list[object]:
    """The groups as eth_abi takes them."""
    return [
        (
            group.merchant,
            "0x" + "0" * 40 if group.seal is None else group.seal.terminal,
            b"" if group.seal is None else group.seal.signature,
            [
                (
                    [(spend.voucher, spend.amount, spend.sequence) for spend in item.spends],
                    item.bill,
                    bytes.fromhex(item.receipt[2:]),
                    item.channel,
                    item.deadline,
                    item.signature,
                )
                for item in (words.item() for words in group.items)
            ],
        )
        for group in some
    ]


def test_reasons__every_rule__has_a_selector() -> None:
    assert sorted(REASONS.values()) == sorted(RULES)
