"""A round: customers shop while acts drawn for it befall node, chain and database; then all is quiet and the checker looks."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sqlalchemy import select

from bench.chaos.acts import Act, Jump, KillChain, KillStore, NewNode, Reorganise, Sizes, SwapChain, draw
from bench.chaos.chain import ChainDown
from bench.chaos.checker import Found, check
from bench.chaos.faults import Befallen, Faults
from bench.chaos.lives import Doom, Life
from bench.chaos.place import Ground, ground
from bench.chaos.points import IN_REWINDING
from bench.chaos.shopping import Customer, Shop
from bench.chaos.swap import another_chain, says_foreign
from bench.chaos.tills import Asked, Street, Till, all_at_once
from bench.redemptions.town import Town
from node_api.chain.rpc_errors import ChainError
from node_api.chain.rpc_values import quantity, record
from node_api.storage import operation_tables as t
from node_api.storage.engine import open_database, reading
from tools.postgres import PostgresServer

_RPC_SECONDS, _PATIENCE = 3.0, 3.5
_START_SECONDS, _LIFE_SECONDS = 60.0, 10.0
_STARTS = 80
_QUIET_SECONDS = 400.0
_HELD_SECONDS = 15.0
_SETTLE_SECONDS = 60.0
_SURE_REWIND = "dropped", 2
_PASSERS_BY = (0.05, 0.4)


class NodeStuck(Exception):
    """A node neither served nor ended, or none could be started."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a round did and found; `way`: the faults between node and chain."""

    done: Counter[str]
    way: Counter[Befallen]
    checked: Counter[str]
    faults: list[str]


def play(
    town: Town,
    folder: Path,
    seed: str,
    sizes: Sizes,
    store: PostgresServer | None = None,
    intakes: int = 0,
    planted: str | None = None,
    acts: Sequence[Act] | None = None,
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
    """
    faults = Faults(random.Random(f"{seed} faults"), sizes.faults)
    acts = draw(random.Random(seed), sizes, server=store is not None) if acts is None else acts
    with ground(town, folder, faults, _PATIENCE, store, intakes) as place:
        day = Round(place, seed, planted)
        try:
            found = day.run(acts, sizes.customers)
        except (NodeStuck, ChainError, ChainDown) as stuck:
            way = f"the way there broke last by {place.proxy.broken}"
            found = Found([f"{type(stuck).__name__}: {stuck}; {place.chain.says()}; {way}"])
        return Outcome(day.done + place.chain.done, faults.done, found.checked + day.street.seen, found.faults)


class Round:
    """Its course.

    Attributes:
        done: kills by point, and what else the conductor did.
    """

    def __init__(self, place: Ground, seed: str, planted: str | None = None) -> None:
        """Starts nothing yet."""
        self.done: Counter[str] = Counter()
        self.street = Street()
        self._place, self._seed, self._planted = place, seed, planted
        self._rng = random.Random(f"{seed} acts")
        self._shop = Shop(place.town, place.tokens, place.chain.now, seed)
        self._closing = threading.Event()
        self._life: Life | None = None
        self._threads: list[threading.Thread] = []

    def run(self, acts: Sequence[Act], customers: int) -> Found:
        """Plays the acts and checks what came of it."""
        self._shop.set_aside(sum(act.early + act.late for act in acts if isinstance(act, Jump)))
        rngs = [random.Random(f"{self._seed} customer {number}") for number in range(customers)]
        for rng in rngs:
            self._beside(Customer(self.street, self._shop, rng, self._closing).go)
        self._beside(self._passers_by)
        try:
            for played, act in enumerate(acts, start=1):
                self._shop.day = played / len(acts)
                self._play(act)
                time.sleep(self._rng.uniform(0, 0.4))
            self._new_node(None)
            self._wait(lambda: not self._place.proxy.faults.left(), _SETTLE_SECONDS)
            for (kind, want), count in self._place.proxy.faults.left().items():
                self.done[f"not delivered: {kind} of a {want}"] += count
        finally:
            self._closing.set()
            self._place.proxy.faults.on = False
        return self._close()

    def _play(self, act: Act) -> None:
        chain = self._place.chain
        match act:
            case NewNode(doom):
                self._new_node(doom)
            case Reorganise(shape, depth):
                if not self._wait(partial(self._reorganised, shape, depth), _SETTLE_SECONDS):
                    self._missed(f"reorganisation, {shape}")
            case Jump(early, late):
                self._jump(early, late)
            case KillChain():
                chain.kill()
            case KillStore():
                assert self._place.store is not None
                self._place.store.kill()
                self._place.store.start()
                self.done["SIGKILL of PostgreSQL"] += 1
            case SwapChain():
                self._swap()

    def _reorganised(self, shape: str, depth: int) -> bool:
        """Whether the chain took another path, with a node at it."""
        self._need_node()
        return self._place.chain.reorganise(shape, depth, self._rng)

    def _need_node(self) -> None:
        """What comes next is to befall a node that lives."""
        if self._life is None or self._life.ended.is_set():
            self._new_node(None)

    def _new_node(self, doom: Doom | None) -> None:
        """The node that lives comes to its end, then another starts."""
        self._see_end()
        self._begin(doom)

    def _see_end(self) -> None:
        """Waits until the node has died where it was to die; one that starts in vain under faults is started again.

        One that does not come to its point in time is killed from outside; another is to die where it comes there first.
        """
        again = True
        for _ in range(_STARTS):
            life = self._life
            if life is None:
                return
            over = life.doom is None or life.over.wait(_LIFE_SECONDS)
            if life.doom is not None and life.reached:
                self.done[f"SIGKILL of the node {life.doom.point}"] += 1
                return
            if life.doom is not None and over and not life.fell:
                self._begin(life.doom)
                continue
            if life.doom is not None and life.fell:
                self._see_replaced(life, life.doom)
            self.done["SIGKILL of the node from outside"] += life.kill()
            if over:
                return
            assert life.doom is not None
            if not again:
                self._missed(f"SIGKILL {life.doom.point}")
                return
            again = False
            self._begin(Doom(life.doom.point, 1))
            if life.doom.point == IN_REWINDING:
                self._wait(lambda: self._place.chain.reorganise(*_SURE_REWIND, self._rng), _LIFE_SECONDS)
        raise NodeStuck(f"{_STARTS} starts in vain: {self._life and self._life.complaint}")

    def _see_replaced(self, life: Life, doom: Doom) -> None:
        """A process of the node's that takes in has died: the node has another take its place."""
        self.done[f"SIGKILL of a process that takes in {doom.point}"] += 1
        if life.replaced.wait(_LIFE_SECONDS):
            self.done["process that takes in replaced"] += 1
        else:
            self._missed("process that takes in replaced")

    def _missed(self, what: str) -> None:
        """Something that was to befall the round did not."""
        self.done[f"not delivered: {what}"] += 1

    def _begin(self, doom: Doom | None) -> None:
        """Starts a node and waits until it serves, or has ended."""
        for _ in range(_STARTS):
            self._bury()
            self._life = life = self._place.nodes.bear(doom, timeout=_RPC_SECONDS, planted=self._planted)
            if not self._wait(partial(_has_begun, life), _START_SECONDS):
                raise NodeStuck("a node neither serves nor ends")
            self.street.url = life.url
            if doom is not None or life.serving.is_set():
                return
            self.done["starts in vain under faults"] += 1
        raise NodeStuck(f"{_STARTS} starts in vain: {self._life and self._life.complaint}")

    def _bury(self) -> None:
        """A node that served does not end unless somebody ends it."""
        life = self._life
        if life is not None and life.serving.is_set() and life.ended_by_itself:
            words = f"{life.complaint} {self._place.nodes.last_words()}"
            self.street.fault(f"a node that served ended by itself with {life.code}: {words}")

    def _jump(self, early: int, late: int) -> None:
        """Codes that expire soon are sent while the clock is about to jump, and after it.

        What was told final must stand on the chain before: no node can bring a code back after its time.
        """
        self._need_node()
        if not self._wait(self._nothing_lost, _QUIET_SECONDS):
            self.street.fault("calls that were resolved are not on the chain again")
        before, after = ([self._shop.single(hasty=True) for _ in range(count)] for count in (early, late))
        for asked in before:
            self._beside(partial(self._ask, asked))
        self._place.chain.jump(partial(self._see_taken_in, before))
        for asked in after:
            self._beside(partial(self._ask, asked))

    def _swap(self) -> None:
        """Another chain answers at the node's address: the node says so, and writes nothing there."""
        self._new_node(None)
        with another_chain(self._place) as other:
            with self._place.proxy.leading_to(other.url):
                if not self._wait(partial(says_foreign, self.street.url or ""), _SETTLE_SECONDS):
                    self.street.fault("another chain answers, and /readyz does not say so")
            if quantity(other.call("eth_blockNumber")) or quantity(record(other.call("txpool_status"))["queued"]):
                self.street.fault("something was sent to another chain")
        self.done["chain swapped for another"] += 1

    def _see_taken_in(self, asked: Sequence[Asked]) -> None:
        if not self._wait(partial(self._taken_in, asked), _HELD_SECONDS):
            self._missed("codes taken in before a clock jump")

    def _taken_in(self, asked: Sequence[Asked]) -> bool:
        """Whether all of it is, with a node at it."""
        self._need_node()
        return all(one.operation is not None for one in asked)

    def _close(self) -> Found:
        """All is quiet: whoever asked hears an end, the node finishes and is stopped, and the checker looks."""
        for thread in self._threads:
            thread.join(2 * _QUIET_SECONDS)
        if self._life is None or self._life.ended.is_set():
            self._begin(None)
        parts = [self.street.asked[at::4] for at in range(4)]
        all_at_once([partial(self._ask_again, part) for part in parts])
        if not self._wait(lambda: not self._calls("signed") and self._nothing_lost(), _QUIET_SECONDS):
            self.street.fault("calls are open or lost, though nothing has happened for long")
        assert self._life is not None
        if not self._life.kill(signal.SIGTERM) or self._life.code != 0:
            self.street.fault(f"the node ended with {self._life.code} when it was told to end: {self._life.complaint}")
        with self._place.record() as record:
            vouchers = record.deployment.address("Vouchers")
            return check(record, self._place.chain, self.street, vouchers, self._place.first_nonce)

    def _ask(self, asked: Asked) -> None:
        till = Till(self.street)
        self.street.remember(asked)
        till.see_through(asked, time.monotonic() + _QUIET_SECONDS)
        till.close()

    def _ask_again(self, part: list[Asked]) -> None:
        till = Till(self.street)
        for asked in part:
            till.see_through(asked, time.monotonic() + _QUIET_SECONDS)
        till.close()

    def _passers_by(self) -> None:
        rng = random.Random(f"{self._seed} passers-by")
        while not self._closing.wait(rng.uniform(*_PASSERS_BY)):
            self._place.chain.pass_by()

    def _nothing_lost(self) -> bool:
        """Whether every call that was told final is on the chain; has a node at it that is to bring it back."""
        self._need_node()
        return None not in self._place.chain.receipts(self._calls("resolved"))

    def _calls(self, state: str) -> list[str]:
        engine = open_database(self._place.settings.database_url)
        try:
            with reading(engine) as connection:
                hashes = connection.execute(select(t.outbox_calls.c.hash).where(t.outbox_calls.c.state == state))
                return ["0x" + one.hex() for one in hashes.scalars()]
        finally:
            engine.dispose()

    def _beside(self, work: Callable[[], None]) -> None:
        self._threads.append(threading.Thread(target=work, daemon=True))
        self._threads[-1].start()

    @staticmethod
    def _wait(until: Callable[[], bool], seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while not until():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True


def _has_begun(life: Life) -> bool:
    return life.serving.is_set() or life.ended.is_set()
