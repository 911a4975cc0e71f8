"""`redeem` by hand equals eth_abi; verdicts out of logs are tested end to end in tests/api."""

from eth_abi.abi import decode
from hypothesis import given, settings
from hypothesis import strategies as st

from node_api.chain.contracts import contract
from node_api.chain.redeem_codec import REASONS, encode_redeem
from node_api.domain.ids import Address, Amount, Hash, MerchantId, UnixSeconds, VoucherId
from node_api.domain.items import Item, ItemGroup, Spend, TerminalSeal
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
    lambda merchant, some, seal: ItemGroup(MerchantId(merchant), tuple(some), seal),
    uints,
    st.lists(items, max_size=3),
    st.none() | seals,
)


@given(st.lists(groups, max_size=3))
@settings(max_examples=80, deadline=None)
def test_encode_redeem__any_groups__equals_eth_abi(some: list[ItemGroup]) -> None:
    redeem = contract("Vouchers").function("redeem")
    plain = [
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
                for item in group.items
            ],
        )
        for group in some
    ]

    encoded = encode_redeem(some)

    assert encoded == redeem.encode([plain])
    assert decode(redeem.inputs, encoded[4:])


def test_reasons__every_rule__has_a_selector() -> None:
    assert sorted(REASONS.values()) == sorted(RULES)
