"""How queued redemptions of many callers become one call."""

from collections.abc import Sequence
from dataclasses import dataclass

from node_api.domain.abi import WORD, counted_bytes
from node_api.domain.ids import MerchantId
from node_api.domain.item_words import ItemGroup
from node_api.domain.operations import Place
from node_api.services.ports.operations import QueuedItem


@dataclass(frozen=True, slots=True)
class CallBounds:
    """How large a call may be, and how small one is worth sending.

    A call costs its own block, receipt and page of the index: large ones save the chain's engine up to half of what a redemption
    takes it. Opening one redemption of a call later (a reversal, a dispute) takes a hash of each other one.

    Attributes:
        items: in one call.
        vouchers: in one call, unless a single item has more: what bounds its gas.
        data: bytes of its call data, unless a single item has more.
        worth: items that are sent while other calls are in flight.
    """

    items: int
    vouchers: int
    data: int
    worth: int


ANY_NETWORK = CallBounds(items=250, vouchers=380, data=120_000, worth=60)
"""geth takes no transaction of more than 128 KiB, and a call must fit a block of any network."""
ROOMY = CallBounds(items=1_000, vouchers=1_500, data=750_000, worth=1_000)
"""Of the embedded chain, whose blocks have the room."""
_CALL, _GROUP, _CONSENT = 6 * WORD, 7 * WORD, 3 * WORD


def one_call(queued: Sequence[QueuedItem], bounds: CallBounds) -> list[QueuedItem]:
    """The first of them that fit one call; at least one."""
    taken: list[QueuedItem] = []
    vouchers, size = 0, _CALL
    merchants: set[bytes] = set()
    for entry in queued:
        item, alone = entry.item, entry.seal is not None
        vouchers += item.voucher_count
        size += bytes_of(entry, in_a_group=not alone and item.merchant_word in merchants)
        if taken and (vouchers > bounds.vouchers or size > bounds.data):
            break
        taken.append(entry)
        if not alone:
            merchants.add(item.merchant_word)
    return taken


def bytes_of(queued: QueuedItem, *, in_a_group: bool = False) -> int:
    """Call data that an item takes at most, each of its parts in whole words; and its group, unless that has others already."""
    item, seal = queued.item, queued.seal
    size = len(item.words)  # its merchant is not among the words that are sent, where they are is
    if not in_a_group:
        size += _GROUP
    if seal is not None:
        size += len(counted_bytes(seal.signature)) - WORD  # how many there are is counted with the group
    if item.consent:
        size += _CONSENT + len(counted_bytes(item.consent))
    return size


def first_fitting(sizes: Sequence[int], most: int) -> int:
    """How many from the front fit together into `most`; at least one, where there is one."""
    total = 0
    for count, size in enumerate(sizes):
        total += size
        if total > most:
            return max(count, 1)
    return len(sizes)


def pack(queued: Sequence[QueuedItem]) -> tuple[list[ItemGroup], list[Place]]:
    """Groups items by merchant, in the order of each merchant's first; an item with a terminal's seal stands alone.

    A merchant's items are sorted by their first voucher: neighbouring places share words, which is cheaper on chain. Of two items
    with the same first voucher the earlier one stays before the later.

    Returns: the groups, and where each item stands, in the order of the call.
    """
    shared: dict[bytes, list[QueuedItem]] = {}
    members: list[list[QueuedItem]] = []
    for entry in queued:
        merchant = entry.item.merchant_word
        if entry.seal is not None:
            members.append([entry])
        elif merchant in shared:
            shared[merchant].append(entry)
        else:
            shared[merchant] = [entry]
            members.append(shared[merchant])
    groups, places = [], []
    for group, unsorted in enumerate(members):
        entries = sorted(unsorted, key=_first_voucher)
        items = tuple(entry.item for entry in entries)
        groups.append(ItemGroup(MerchantId(int.from_bytes(items[0].merchant_word)), items, entries[0].seal))
        places += [Place(entry.operation, entry.position, group, index) for index, entry in enumerate(entries)]
    return groups, places


def _first_voucher(entry: QueuedItem) -> bytes:
    return entry.item.first_voucher_word
