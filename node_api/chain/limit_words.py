"""The words in which Vouchers counts what limits have used up (docs/storage.md, slots 9 and 17), and attestors (27)."""

from __future__ import annotations

from node_api.chain import words as w
from node_api.chain.rpc import RpcClient
from node_api.chain.rpc_values import data
from node_api.domain.calendar import month_of
from node_api.domain.ids import Address, Day, ProgrammeId
from node_api.domain.limits import HolderCounter
from node_api.domain.models import BlockRef

_ADDRESS_BITS = 160


class LimitWords:
    """Implements `LimitReads` by slot."""

    def __init__(self, rpc: RpcClient, vouchers: Address) -> None:
        """Asks nothing yet."""
        self._rpc, self._vouchers = rpc, vouchers

    def counter(self, programme: ProgrammeId, holder: Address, day: Day, block: BlockRef) -> HolderCounter:
        """See the port. Sums of another day or month are gone."""
        word = self._word("_counters", programme << _ADDRESS_BITS | int(holder, 16), block)
        today, this_month = w.field(word, 0, 24) == day, w.field(word, 96, 16) == month_of(day)
        return HolderCounter(
            day_amount=w.field(word, 24, 56) if today else 0,
            day_count=w.field(word, 80, 16) if today else 0,
            month_amount=w.field(word, 112, 56) if this_month else 0,
            month_count=w.field(word, 168, 16) if this_month else 0,
            total=word >> 184,
        )

    def attests(self, account: Address, block: BlockRef) -> bool:
        """See the port."""
        return self._word("_attestors", int(account, 16), block) != 0

    def terminal_spent(self, terminal: Address, day: Day, block: BlockRef) -> int:
        """See the port. A day earlier than the last one counts as the last: programmes of several zones share the limit."""
        word = self._word("_terminals", int(terminal, 16), block)
        return w.field(word, 128, 64) if day <= w.field(word, 104, 24) else 0

    def _word(self, label: str, key: int, block: BlockRef) -> int:
        slot = w.mapped(key, w.slot_of("Vouchers", label))
        answer = self._rpc.call("eth_getStorageAt", [self._vouchers, slot, hex(block.number)])
        return int.from_bytes(data(answer))
