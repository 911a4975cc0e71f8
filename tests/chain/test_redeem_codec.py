"""`redeem` and `redeemWithConsents` by hand equal eth_abi, and what a call's logs say of its items.

encode_redeem
├── without consents ........ `redeem`
└── with some ............... `redeemWithConsents`
consents_to ................. of the items that bring one, by what their holders signed
read_verdicts
├── of each kind ............ are told apart
└── of something else ....... refused: fewer or more than the items, another voucher or item, no logs at all
"""

import pytest
from eth_abi.abi import decode, encode
from hypothesis import given, settings
from hypothesis import strategies as st

from node_api.chain.contracts import contract
from node_api.chain.eip712 import open_digest, redemption_digest
from node_api.chain.events import EventUnknown
from node_api.chain.redeem_codec import REASONS, consents_to, encode_redeem, read_verdicts
from node_api.chain.rpc_errors import RpcProtocolError
from node_api.chain.rpc_values import Json
from node_api.domain.ids import Address, Amount, Hash, MerchantId, UnixSeconds, VoucherId
from node_api.domain.item_words import ItemGroup
from node_api.domain.items import Item, OpenCode, Spend, TerminalSeal
from node_api.domain.operations import Accepted, Declined, SpentVoucher
from node_api.domain.refusals import RULES
from tests.domain.test_item_words import items, uints

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


VOUCHERS, STRANGER = Address("0x" + "ab" * 20), "0x" + "cd" * 20
REASON = {error.name: selector for selector, error in contract("Vouchers").errors.items()}
_REDEEMED = "bytes32 bytes32 uint256 uint256 uint256"


def log(event: str, indexed: list[int], types: str, *values: object, address: str = VOUCHERS) -> dict[str, Json]:
    told: list[Json] = ["0x" + contract("Vouchers").topics[event].hex(), *(f"0x{value:064x}" for value in indexed)]
    return {"address": address, "topics": told, "data": "0x" + encode(types.split(), values).hex()}


def redeemed(voucher: int, number: int, *, address: str = VOUCHERS) -> dict[str, Json]:
    return log("VoucherRedeemed", [voucher, 3], _REDEEMED, bytes(32), bytes(32), 50, 1, number, address=address)


def refused(voucher: int) -> dict[str, Json]:
    return log("RedemptionRefused", [voucher, 3], "bytes32 bytes4", bytes(32), REASON["Vouchers_Expired"])


def item_refused(group: int, index: int) -> dict[str, Json]:
    reason = REASON["Vouchers_SignatureInvalid"]
    return log("RedemptionItemRefused", [3], "uint256 uint256 bytes4", group, index, reason)


def of_vouchers(*vouchers: int) -> Item:
    spends = tuple(Spend(VoucherId(one), Amount(50)) for one in vouchers)
    return Item(spends, MerchantId(3), Amount(100), Hash("0x" + "00" * 32), 0, UnixSeconds(9))


CALL = [
    ItemGroup.of(MerchantId(3), (of_vouchers(1), of_vouchers(2, 5))),
    ItemGroup.of(MerchantId(3), (of_vouchers(7), of_vouchers(8))),
]
LOGS: list[dict[str, Json]] = [redeemed(1, 11), redeemed(2, 12), redeemed(5, 13), refused(7), item_refused(1, 1)]


def test_read_verdicts__of_each_kind__are_told_apart() -> None:
    unknown: dict[str, Json] = {**LOGS[0], "topics": ["0x" + "00" * 32]}
    among_others: list[Json] = [redeemed(1, 4, address=STRANGER), *LOGS[:3], unknown, *LOGS[3:]]

    assert read_verdicts(among_others, VOUCHERS, CALL) == [
        Accepted((SpentVoucher(VoucherId(1), Amount(50), 11),)),
        Accepted((SpentVoucher(VoucherId(2), Amount(50), 12), SpentVoucher(VoucherId(5), Amount(50), 13))),
        Declined("Expired", VoucherId(7)),
        Declined("SignatureInvalid", None),
    ]


@pytest.mark.parametrize(
    ("logs", "fault"),
    [
        (LOGS[:-1], "fewer items"),
        ([], "fewer items"),
        ([*LOGS, refused(9)], "more items"),
        ([redeemed(9, 11), *LOGS[1:]], "do not redeem the vouchers of item 0 of group 0"),
        ([*LOGS[:2], refused(5), *LOGS[3:]], "in the midst"),
        ([*LOGS[:-1], item_refused(1, 0)], "item 0 where item 1 of group 1"),
        ([None], "no logs"),
        ([{"address": VOUCHERS, "topics": [], "data": "0x"}], "no logs"),
        ([{**LOGS[0], "data": "0xno"}], "no logs"),
    ],
)
def test_read_verdicts__of_something_else__are_refused(logs: list[Json], fault: str) -> None:
    with pytest.raises(RpcProtocolError, match=fault):
        read_verdicts(logs, VOUCHERS, CALL)


def test_read_verdicts__in_another_form__are_refused() -> None:
    with pytest.raises(EventUnknown, match="VoucherRedeemed with 32 bytes"):
        read_verdicts([{**LOGS[0], "data": "0x" + "00" * 32}], VOUCHERS, CALL)


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
