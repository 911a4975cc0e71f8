"""The outbox: packs queued redemptions of many callers into one call, and brings each to its end exactly once.

Signed bytes are stored before they are sent, and the same bytes can only take effect once. So whatever is killed, and whenever:
what is stored and not resolved is looked up, and sent again where the chain does not know it.
"""

import threading
from collections.abc import Callable, Sequence

import structlog

from node_api.domain.ids import MerchantId
from node_api.domain.items import Item, ItemGroup
from node_api.domain.operations import Place, SentCall
from node_api.services.ports.chain_head import IndexFollower
from node_api.services.ports.operations import OperationStore, OutboxStore, QueuedItem
from node_api.services.ports.relaying import CallOutcome, NonceLost, Relay

MAX_ITEMS = 100
"""Items in one call: more save little gas, and a call must fit a block of any network."""
MAX_VOUCHERS = 300
"""Vouchers in one call, unless a single item has more: what bounds its gas."""
RECEIPT_SECONDS = 5.0
_IDLE_SECONDS = 1.0
_RETRY_SECONDS = 0.5

log = structlog.get_logger()

Settled = Callable[[list[str]], None]


class Outbox:
    """A worker thread that sends what is queued. One for each relayer account."""

    def __init__(
        self,
        store: OperationStore,
        calls: OutboxStore,
        relay: Relay,
        follower: IndexFollower,
    ) -> None:
        """Starts nothing yet."""
        self._store, self._calls, self._relay, self._follower = store, calls, relay, follower
        self._wanted = threading.Event()
        self._stopping = threading.Event()
        self._settled: list[Settled] = []
        self.fault: str | None = None
        """What keeps it from sending now; None where it works."""
        self._last_nonce: int | None = None  # highest that was resolved, once it was looked up
        self._thread = threading.Thread(target=self._work, name="outbox", daemon=True)

    def on_settled(self, listener: Settled) -> None:
        """Has the listener told the ids of operations that became final; on the worker's thread, so be quick."""
        self._settled.append(listener)

    def start(self) -> None:
        """Starts the worker; it first finishes what an earlier one left."""
        self._thread.start()

    def stop(self) -> None:
        """Lets the worker finish the call in hand and ends it; what is queued stays queued."""
        self._stopping.set()
        self._wanted.set()
        if self._thread.is_alive():
            self._thread.join(2 * RECEIPT_SECONDS)

    def wake(self) -> None:
        """Says that something was queued."""
        self._wanted.set()

    def _work(self) -> None:
        calm = False
        while not self._stopping.is_set():
            try:
                if not calm:
                    self._finish_unresolved()
                    self._restore_lost(self._relay.next_nonce())
                while not self._stopping.is_set() and self._send_queued():
                    pass
                self.fault = None
            except Exception as error:  # noqa: BLE001  whatever it is, work goes on when it is over; nothing is lost meanwhile
                self._tell(f"{type(error).__name__}: {error}")
                calm = self._stopping.wait(_RETRY_SECONDS)
                continue
            calm = self._wanted.wait(
                _IDLE_SECONDS
            )  # nothing to do for a while: time to look whether the chain went back
            self._wanted.clear()

    def _tell(self, fault: str) -> None:
        """Keeps a fault for whoever asks, and logs it when it is a new one."""
        if fault != self.fault:
            log.warning("outbox_waits", fault=fault)
        self.fault = fault

    def _send_queued(self) -> bool:
        """Sends one call's worth of what is queued; says whether there was anything."""
        queued = self._store.queued(MAX_ITEMS)
        if not queued:
            return False
        groups, places = pack(one_call(queued))
        call = self._relay.sign(groups)
        if self._restore_lost(call.nonce):
            return True  # the chain went back: look again with the nonces it has now
        self._calls.sending(call, places)
        self._carry(call, groups, places)
        return True

    def _carry(self, call: SentCall, groups: Sequence[ItemGroup], places: Sequence[Place]) -> None:
        """Sends a stored call until it stands in a block, and writes down what became of it."""
        while True:
            try:
                self._relay.send(call)
            except NonceLost:
                log.warning("outbox_nonce_lost", transaction=call.hash, nonce=call.nonce)
                self._calls.abandon(call.hash)
                return
            outcome = self._relay.outcome(call, groups, RECEIPT_SECONDS)
            if outcome is not None:
                self._resolve(call, outcome, places)
                return
            if self._stopping.is_set():
                return

    def _resolve(self, call: SentCall, outcome: CallOutcome, places: Sequence[Place]) -> None:
        self._follower.catch_up()  # first the index: whoever hears of the outcome finds it there
        if outcome.verdicts is None:
            log.error("outbox_call_reverted", transaction=call.hash, fault=outcome.fault)
            final = self._calls.fail(call.hash, outcome.block, outcome.fault)
        else:
            final = self._calls.resolve(call.hash, outcome.block, list(zip(places, outcome.verdicts, strict=True)))
        if call.sender == self._relay.sender:  # an account before it counted nonces of its own
            self._last_nonce = max(call.nonce, self._last_nonce or 0)
        for listener in self._settled:
            listener(final)

    def _finish_unresolved(self) -> None:
        """Brings what an earlier worker, or an earlier try, signed to its end."""
        unresolved = self._calls.unresolved()
        if unresolved:
            self._restore_lost(self._relay.next_nonce())
        for call in unresolved:
            groups, places = self._carried(call)
            self._carry(call, groups, places)

    def _restore_lost(self, next_nonce: int) -> bool:
        """Where the chain's next nonce lies below what was resolved, it went back: gives it again what it lost.

        Returns: whether anything was lost.
        """
        if self._last_nonce is None:
            self._last_nonce = self._calls.last_nonce(self._relay.sender)
        if self._last_nonce is None or next_nonce > self._last_nonce:
            return False
        lost = self._calls.confirmed_from(self._relay.sender, next_nonce)
        log.warning("outbox_chain_went_back", calls=len(lost))
        for call in lost:
            groups, places = self._carried(call)
            if call.block_time is not None:
                self._relay.restore(call, call.block_time)
            self._carry(call, groups, places)
        return True

    def _carried(self, call: SentCall) -> tuple[list[ItemGroup], list[Place]]:
        """The groups of a stored call, as they were signed."""
        carried = self._calls.carried(call.hash)
        groups: list[ItemGroup] = []
        for place, outcome in carried:
            work = outcome.work
            if place.item == 0:
                groups.append(ItemGroup(work.item.merchant, (work.item,), work.seal))
            else:
                last = groups[-1]
                groups[-1] = ItemGroup(last.merchant, (*last.items, work.item), last.seal)
        return groups, [place for place, _ in carried]


def one_call(queued: Sequence[QueuedItem]) -> list[QueuedItem]:
    """The first of them that fit one call; at least one."""
    taken: list[QueuedItem] = []
    vouchers = 0
    for entry in queued:
        vouchers += len(entry.outcome.work.item.spends)
        if taken and vouchers > MAX_VOUCHERS:
            break
        taken.append(entry)
    return taken


def pack(queued: Sequence[QueuedItem]) -> tuple[list[ItemGroup], list[Place]]:
    """Groups items by merchant, in the order of each merchant's first; an item with a terminal's seal stands alone.

    A merchant's items are sorted by their first voucher: neighbouring places share words, which is cheaper on chain. Of two items
    with the same first voucher the earlier one stays before the later.

    Returns: the groups, and where each item stands, in the order of the call.
    """
    shared: dict[MerchantId, list[QueuedItem]] = {}
    members: list[list[QueuedItem]] = []
    for entry in queued:
        work = entry.outcome.work
        if work.seal is not None:
            members.append([entry])
        elif work.item.merchant in shared:
            shared[work.item.merchant].append(entry)
        else:
            shared[work.item.merchant] = [entry]
            members.append(shared[work.item.merchant])
    groups, places = [], []
    for group, unsorted in enumerate(members):
        entries = sorted(unsorted, key=_first_voucher)
        items: list[Item] = [entry.outcome.work.item for entry in entries]
        groups.append(ItemGroup(items[0].merchant, tuple(items), entries[0].outcome.work.seal))
        places += [Place(entry.operation, entry.position, group, index) for index, entry in enumerate(entries)]
    return groups, places


def _first_voucher(entry: QueuedItem) -> int:
    spends = entry.outcome.work.item.spends
    return spends[0].voucher if spends else 0
