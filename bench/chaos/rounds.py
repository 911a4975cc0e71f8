"""A round: customers shop while acts drawn for it befall node, chain and database; then all is quiet and the checker looks."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.chaos.acts import Act, Jump, KillChain, KillStore, NewNode, Reorganise, Sizes, SwapChain, draw
from bench.chaos.book import Book, Standing
from bench.chaos.chain import ChainDown
from bench.chaos.checker import check, index_stands_at_head
from bench.chaos.evidence import Evidence
from bench.chaos.faults import Befallen, Faults, Kind, Want
from bench.chaos.found import Found
from bench.chaos.keeper import Keeper, NodeStuck
from bench.chaos.place import Ground, ground
from bench.chaos.shopping import Customer, Shop
from bench.chaos.swap import another_chain, says_foreign
from bench.chaos.tills import Asked, Street, Till, all_at_once, beside, join
from bench.chaos.waiting import wait
from bench.redemptions.town import Town
from node_api.chain.rpc_errors import ChainError
from node_api.chain.rpc_values import data, quantity, record
from tools.postgres import PostgresServer

_PATIENCE = 3.5
"""A little more than nodes wait for an answer."""
_QUIET_SECONDS = 400.0
_HELD_SECONDS = 15.0
_SETTLE_SECONDS, _LEFT_SECONDS, _DELIVERY_SECONDS = 60.0, 20.0, 10.0
_SURE_REWIND = "dropped", 2
_SWAPPED_SECONDS = 12.0
"""More than twice what the outbox waits for a receipt before it sends again."""
_ENDED_SECONDS = 30.0
"""After the last fault every key has come to its end within so many seconds."""
_BETWEEN_LAST_CODES, _ACTS_AFTER, _TILLS = 0.5, 4, 4
_COMMON = (
    (Kind.RESET, Want.SEND),
    (Kind.WRONG_JSON, Want.SEND),
    (Kind.TOO_MANY, Want.SEND),
    (Kind.LATE_AFTER, Want.SEND),
    (Kind.BROKEN_SERVER, Want.RECEIPT),
    (Kind.TRUNCATED, Want.NONCE),
    (Kind.LATE_BEFORE, Want.HEAD),
    (Kind.STALE_HEAD, Want.HEAD),
)
"""What befalls a node that lives on."""
_PASSERS_BY = 0.05, 0.4


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a round did and found; `way`: the faults between node and chain."""

    done: Counter[str]
    way: Counter[Befallen]
    checked: Counter[str]
    faults: list[str]
    evidence: Evidence | None = None


def play(
    town: Town,
    folder: Path,
    seed: str,
    sizes: Sizes,
    store: PostgresServer | None = None,
    intakes: int = 0,
    planted: str | None = None,
    acts: Sequence[Act] | None = None,
    confirmations: int = 0,
) -> Outcome:
    """Plays a round.

    Args:
        town: where it begins.
        folder: for its data; the nodes' log stays there.
        seed: of everything that is drawn.
        sizes: how much befalls it.
        store: the database's server; None for SQLite.
        intakes: processes of each node that take in; 0 where its own does.
        planted: a fault that its nodes have.
        acts: instead of those drawn.
        confirmations: blocks that must stand on one before its nodes call it final.
    """
    faults = Faults(random.Random(f"{seed} faults"), sizes.faults)
    acts = draw(random.Random(seed), sizes, server=store is not None) if acts is None else acts
    with ground(town, folder, faults, _PATIENCE, store, intakes, confirmations) as place:
        day = Round(place, seed, planted)
        try:
            found = day.run(acts, sizes)
        except (NodeStuck, ChainError, ChainDown) as stuck:
            way = f"the way there broke last by {place.proxy.broken}"
            found = Found([*day.street.faults, f"{type(stuck).__name__}: {stuck}; {place.chain.says()}; {way}"])
        done = day.done + day.keeper.done + place.chain.done
        return Outcome(done, faults.done, found.checked + day.street.seen, found.faults, found.evidence)


class Round:
    """Its course.

    Attributes:
        done: what the conductor did.
        keeper: of its nodes.
    """

    def __init__(self, place: Ground, seed: str, planted: str | None = None) -> None:
        """Starts nothing yet."""
        self.done: Counter[str] = Counter()
        self.street = Street()
        self._place, self._seed, self._planted = place, seed, planted
        self._rng = random.Random(f"{seed} acts")
        self._shop = Shop(place.town, place.tokens, place.chain.now, seed)
        self._closing, self._over = threading.Event(), threading.Event()
        self._book = Book(place.settings.database_url)
        self.keeper = Keeper(place, self.street, planted, partial(place.chain.reorganise, *_SURE_REWIND, self._rng))
        self._went_back: set[str] = set()  # calls that were final when the chain came back from an earlier state
        self._threads: list[threading.Thread] = []

    def run(self, acts: Sequence[Act], sizes: Sizes) -> Found:
        """Plays the acts and checks what came of it."""
        self._shop.set_aside(sum(act.early + act.late for act in acts if isinstance(act, Jump)) + sizes.last)
        rngs = [random.Random(f"{self._seed} customer {number}") for number in range(sizes.customers)]
        for rng in rngs:
            self._beside(Customer(self.street, self._shop, rng, self._closing).go)
        passers_by = threading.Thread(target=self._passers_by, daemon=True)
        passers_by.start()
        try:
            for played, act in enumerate(acts, start=1):
                self._shop.day = played / (len(acts) + _ACTS_AFTER)
                self._play(act)
                time.sleep(self._rng.uniform(0, 0.4))
            self.keeper.renew(None)
            self._live_on(sizes.last)
            self._closing.set()
            self._place.proxy.faults.on = False
            self._see_all_ended()
            self._finish()
        finally:
            self._closing.set()
            self._place.proxy.faults.on = False
            self._over.set()
        passers_by.join()
        return self._close()

    def _play(self, act: Act) -> None:
        chain = self._place.chain
        match act:
            case NewNode(doom):
                self.keeper.renew(doom)
            case Reorganise(shape, depth):
                if not wait(partial(self._reorganised, shape, depth), _SETTLE_SECONDS):
                    self.keeper.missed(f"reorganisation, {shape}")
            case Jump(early, late):
                self._jump(early, late)
            case KillChain():
                chain.kill()
                self._went_back.update(call for call, _ in self._book.resolved())
            case KillStore():
                assert self._place.store is not None
                self._place.store.kill()
                self._place.store.start()
                self.done["SIGKILL of PostgreSQL"] += 1
            case SwapChain():
                self._swap()

    def _reorganised(self, shape: str, depth: int) -> bool:
        """Whether the chain took another path, with a node at it; what was final before stands where it stood."""
        self.keeper.need()
        final = self._final() if depth <= self._place.confirmations else []
        if not self._place.chain.reorganise(shape, depth, self._rng):
            return False
        receipts = self._place.chain.receipts([call for call, _ in final])
        for (call, block), receipt in zip(final, receipts, strict=True):
            if receipt is None or block is None or data(receipt["blockHash"]) != block:
                self.street.fault(f"call {call} was final, and a reorganisation of {depth} blocks moved it")
        self.done["final calls that stood through a reorganisation"] += len(final)
        return True

    def _final(self) -> Standing:
        """Calls that no reorganisation within the depth of finality may move."""
        return [(call, block) for call, block in self._book.resolved() if call not in self._went_back]

    def _jump(self, early: int, late: int) -> None:
        """Codes that expire soon are sent while the clock is about to jump, and after it.

        What was told final must stand on the chain before: no node can bring a code back after its time.
        """
        self.keeper.need()
        if not wait(self._nothing_lost, _QUIET_SECONDS):
            self.street.fault("calls that were resolved are not on the chain again")
        before, after = ([self._shop.single(hasty=True) for _ in range(count)] for count in (early, late))
        for asked in before:
            self._beside(partial(self._ask, asked))
        self._place.chain.jump(partial(self._see_taken_in, before))
        for asked in after:
            self._beside(partial(self._ask, asked))

    def _live_on(self, codes: int) -> None:
        """What was drawn for the way to the chain comes to its end; then common faults befall a node that lives on."""
        faults = self._place.proxy.faults
        wait(lambda: not faults.left(), _LEFT_SECONDS)
        faults.add(_COMMON if codes else ())
        for _ in range(codes):
            self._beside(partial(self._ask, self._shop.single(hasty=True)))
            time.sleep(_BETWEEN_LAST_CODES)
        wait(lambda: not faults.left(), _DELIVERY_SECONDS)
        for (kind, want), count in faults.left().items():
            self.keeper.missed(f"{kind} of a {want}", count)

    def _see_all_ended(self) -> None:
        """Nothing befalls the node any more, and nobody starts another: what was asked of it comes to its end soon."""
        waiting = [asked for asked in self.street.asked if not asked.told]
        self._ask_all_again(waiting, _ENDED_SECONDS)

    def _swap(self) -> None:
        """Another chain answers at the node's address, with a call in flight.

        The node says so, none starts there, and nothing is written there, however long it lasts.
        """
        self.keeper.renew(None)
        proxy = self._place.proxy
        with another_chain(self._place) as other, self._place.chain.held():
            wait(lambda: bool(self._book.signed()), _HELD_SECONDS)
            with proxy.leading_to(other.url):
                until = time.monotonic() + _SWAPPED_SECONDS
                if self._book.signed():
                    self.done["call in flight while the chain was swapped"] += 1
                else:
                    self.keeper.missed("call in flight while the chain was swapped")
                if not wait(partial(says_foreign, self.street.url or ""), _SETTLE_SECONDS):
                    self.street.fault("another chain answers, and /readyz does not say so")
                time.sleep(max(0.0, until - time.monotonic()))
                self.keeper.see_refused()
            if quantity(other.call("eth_blockNumber")) or quantity(record(other.call("txpool_status"))["queued"]):
                self.street.fault("something stands on another chain")
        if proxy.strayed:
            self.street.fault(
                f"{len(proxy.strayed)} transactions were sent to another chain: {str(proxy.strayed[0])[:200]} …"
            )
        self.done["chain swapped for another"] += 1

    def _see_taken_in(self, asked: Sequence[Asked]) -> None:
        if not wait(partial(self._taken_in, asked), _HELD_SECONDS):
            self.keeper.missed("codes taken in before a clock jump")

    def _taken_in(self, asked: Sequence[Asked]) -> bool:
        """Whether all of it is, with a node at it."""
        self.keeper.need()
        return all(one.operation is not None for one in asked)

    def _finish(self) -> None:
        """All is quiet: whoever asked hears an end, once more, and the node finishes."""
        join(self.street, self._threads, 2 * _QUIET_SECONDS)
        self.keeper.need()
        self._ask_all_again(self.street.asked, _QUIET_SECONDS, by_id=True)
        if not wait(lambda: not self._book.signed() and self._nothing_lost(), _QUIET_SECONDS):
            self.street.fault("calls are open or lost, though nothing has happened for long")

    def _close(self) -> Found:
        """The node is told to end, and the checker looks."""
        database = self._place.settings.database_url
        if not wait(lambda: index_stands_at_head(database, self._place.chain), _ENDED_SECONDS):
            self.street.fault("the index does not come to the chain's newest block, though nothing happens any more")
        self.keeper.end()
        with self._place.record() as record:
            vouchers = record.deployment.address("Vouchers")
            return check(record, self._place.chain, self.street, vouchers, self._place.first_nonce)

    def _ask(self, asked: Asked) -> None:
        till = Till(self.street)
        self.street.remember(asked)
        till.see_through(asked, time.monotonic() + _QUIET_SECONDS)
        till.close()

    def _ask_all_again(self, asked: Sequence[Asked], seconds: float, *, by_id: bool = False) -> None:
        """With every key until its answer is final, then by the operation's id; one that has no end after so long is stuck."""
        until = time.monotonic() + seconds
        parts = [asked[at::_TILLS] for at in range(_TILLS)]
        all_at_once(self.street, [partial(self._ask_again, part, until, by_id) for part in parts], 2 * seconds)

    def _ask_again(self, part: Sequence[Asked], until: float, by_id: bool) -> None:
        till = Till(self.street)
        for asked in part:
            till.see_through(asked, until)
            if by_id:
                till.see_through(asked, until, by_id=True)
        till.close()

    def _passers_by(self) -> None:
        rng = random.Random(f"{self._seed} passers-by")
        hurry = 1 + self._place.confirmations  # there is a block for each that must stand on one
        while not self._over.wait(rng.uniform(*_PASSERS_BY) / hurry):
            self._place.chain.pass_by()

    def _nothing_lost(self) -> bool:
        """Whether every call that was told final is on the chain; has a node at it that is to bring it back."""
        self.keeper.need()
        return None not in self._place.chain.receipts([call for call, _ in self._book.resolved()])

    def _beside(self, work: Callable[[], None]) -> None:
        self._threads.append(beside(self.street, work))
