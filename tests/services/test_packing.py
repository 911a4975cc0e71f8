"""How the outbox packs what is queued into one call.

pack
├── when items are of several merchants: it should make a group each, in the order of their first items
├── when a merchant's items come in any order: it should sort them by their first voucher, the earlier of two equal ones first
├── when an item has a terminal's seal: it should stand alone
└── in every case: it should say where each queued item went
one_call
├── when there are many vouchers, or much call data: it should stop at the bound
└── when one item alone is beyond the bound: it should go alone
first_fitting
└── it should count from the front what fits, and at least one
"""

import pytest

from node_api.chain.redeem_codec import encode_redeem
from node_api.domain.ids import Address, Amount, Hash, MerchantId, UnixSeconds, VoucherId
from node_api.domain.item_words import ItemGroup, ItemWords
from node_api.domain.items import Item, Spend, TerminalSeal
from node_api.services.packing import ANY_NETWORK, bytes_of, first_fitting, one_call, pack
from node_api.services.ports.operations import QueuedItem

SEAL = TerminalSeal(Address("0x" + "1" * 40), b"")


def queued(
    position: int, merchant: int, voucher: int, seal: TerminalSeal | None = None, *, vouchers: int = 1
) -> QueuedItem:
    digest = Hash(f"0x{position:064x}")
    spends = tuple(Spend(VoucherId(voucher + number), Amount(1)) for number in range(vouchers))
    item = Item(spends, MerchantId(merchant), Amount(1), digest, 0, UnixSeconds(9))
    return QueuedItem("op", position, ItemWords.of(item), seal)


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([queued(0, 7, 1), queued(1, 3, 2), queued(2, 7, 3)], [(7, [0, 2]), (3, [1])]),
        ([queued(0, 7, 5), queued(1, 7, 2), queued(2, 7, 9), queued(3, 7, 2)], [(7, [1, 3, 0, 2])]),
        ([queued(0, 7, 5), queued(1, 7, 2, SEAL), queued(2, 7, 1)], [(7, [2, 0]), (7, [1])]),
    ],
)
def test_pack__of_queued_items__groups_and_sorts_them(
    entries: list[QueuedItem], expected: list[tuple[int, list[int]]]
) -> None:
    groups, places = pack(entries)
    packed = [
        (int(group.merchant), [place.position for place in places if place.group == number])
        for number, group in enumerate(groups)
    ]
    assert packed == expected
    by_position = {entry.position: entry.item for entry in entries}
    for place in places:
        assert groups[place.group].items[place.item] == by_position[place.position]


def test_one_call__many_vouchers__stops_at_the_bound() -> None:
    half = ANY_NETWORK.vouchers // 2

    taken = one_call([queued(0, 1, 1, vouchers=half), queued(1, 1, 1, vouchers=half), queued(2, 1, 1)], ANY_NETWORK)

    assert [entry.position for entry in taken] == [0, 1]


def test_one_call__a_single_giant__goes_alone() -> None:
    taken = one_call([queued(0, 1, 1, vouchers=ANY_NETWORK.vouchers + 1), queued(1, 1, 1)], ANY_NETWORK)

    assert [entry.position for entry in taken] == [0]


def test_one_call__much_call_data__stops_at_the_bound() -> None:
    entries = [queued(number, number, number, SEAL) for number in range(200)]
    fitting = (ANY_NETWORK.data - 6 * 32) // bytes_of(entries[0])

    assert 1 < fitting < len(entries)
    assert one_call(entries, ANY_NETWORK) == entries[:fitting]
    assert one_call(entries[:fitting], ANY_NETWORK) == entries[:fitting]


def test_one_call__of_one_merchant__counts_its_group_once() -> None:
    entries = [queued(number, 1, number) for number in range(400)]
    shared = bytes_of(entries[1], in_a_group=True)
    fitting = (ANY_NETWORK.data - 6 * 32 - bytes_of(entries[0])) // shared + 1

    assert ANY_NETWORK.data // bytes_of(entries[0]) < fitting < len(entries)
    assert one_call(entries, ANY_NETWORK) == entries[:fitting]


@pytest.mark.parametrize("consent", [b"", bytes(65)], ids=["no consent", "consents"])
@pytest.mark.parametrize("seal", [None, TerminalSeal(Address("0x" + "1" * 40), bytes(65))], ids=["no seal", "seals"])
def test_bytes_of__items_in_groups_of_their_own__add_up_to_the_call(seal: TerminalSeal | None, consent: bytes) -> None:
    groups, queue = [], []
    for number, signature in enumerate((b"", bytes(65), bytes(64), bytes(200))):
        spends = tuple(Spend(VoucherId(one), Amount(1)) for one in range(number))
        item = Item(spends, MerchantId(number), Amount(1), Hash("0x" + "0" * 64), 0, UnixSeconds(9), signature, consent)
        groups.append(ItemGroup.of(MerchantId(number), (item,), seal))
        queue.append(QueuedItem("op", number, ItemWords.of(item), seal))

    calldata = encode_redeem(groups, [(bytes(32), consent)] * len(groups) if consent else ())

    rest = len(calldata) - sum(map(bytes_of, queue))
    assert 0 < rest <= 6 * 32


@pytest.mark.parametrize(
    ("sizes", "expected"), [([], 0), ([5], 1), ([11], 1), ([5, 5], 2), ([5, 6], 1), ([4, 4, 4], 2)]
)
def test_first_fitting__into_ten__counts_from_the_front(sizes: list[int], expected: int) -> None:
    assert first_fitting(sizes, 10) == expected
