"""Packing a call: items by merchant, in the order of each merchant's first; a sealed item alone; no call beyond its bound."""

from node_api.domain.ids import Address, Amount, Hash, MerchantId, UnixSeconds, VoucherId
from node_api.domain.items import Item, Spend, TerminalSeal
from node_api.domain.models import BlockRef
from node_api.domain.operations import ItemOutcome, OperationState, Place, WorkItem
from node_api.services.outbox import MAX_VOUCHERS, one_call, pack
from node_api.services.ports.operations import QueuedItem

ZERO = Hash("0x" + "00" * 32)
BLOCK = BlockRef(1, ZERO, UnixSeconds(1))
SEAL = TerminalSeal(Address("0x" + "11" * 20), b"seal")


def queued(name: str, merchant: int, *, vouchers: int = 1, seal: TerminalSeal | None = None) -> QueuedItem:
    spends = tuple(Spend(VoucherId(number), Amount(1)) for number in range(vouchers))
    item = Item(spends, MerchantId(merchant), Amount(1), ZERO, 0, UnixSeconds(2))
    return QueuedItem(name, 0, ItemOutcome(WorkItem(item, seal, ZERO, None, None, BLOCK), OperationState.QUEUED))


def test_pack__mixed_merchants__groups_them_and_keeps_places() -> None:
    groups, places = pack([queued("a", 5), queued("b", 3), queued("c", 5), queued("d", 5, seal=SEAL), queued("e", 3)])

    assert [(group.merchant, len(group.items), group.seal) for group in groups] == [
        (5, 2, None),
        (3, 2, None),
        (5, 1, SEAL),
    ]
    assert places == [
        Place("a", 0, 0, 0),
        Place("c", 0, 0, 1),
        Place("b", 0, 1, 0),
        Place("e", 0, 1, 1),
        Place("d", 0, 2, 0),
    ]


def test_one_call__many_vouchers__stops_at_the_bound() -> None:
    half = MAX_VOUCHERS // 2

    taken = one_call([queued("a", 1, vouchers=half), queued("b", 1, vouchers=half), queued("c", 1)])

    assert [entry.operation for entry in taken] == ["a", "b"]


def test_one_call__a_single_giant__goes_alone() -> None:
    taken = one_call([queued("a", 1, vouchers=MAX_VOUCHERS + 1), queued("b", 1)])

    assert [entry.operation for entry in taken] == ["a"]
