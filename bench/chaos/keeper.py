"""Keeps a node at work: one dies, the next one starts; how each came to its end is counted, and an end of its own is a fault."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable
from functools import partial

from bench.chaos.lives import Doom, Life
from bench.chaos.minimums import intake_killed, node_killed
from bench.chaos.place import Ground
from bench.chaos.points import IN_REWINDING
from bench.chaos.swap import FOREIGN
from bench.chaos.tills import Street
from bench.chaos.waiting import wait

_RPC_SECONDS = 3.0
_START_SECONDS, _LIFE_SECONDS = 60.0, 10.0
_STARTS = 80


class NodeStuck(Exception):
    """A node neither served nor ended, or none could be started."""


class Keeper:
    """One node at a time.

    Attributes:
        done: kills by point, and what else came of the nodes.
    """

    def __init__(self, place: Ground, street: Street, planted: str | None, reorganise: Callable[[], bool]) -> None:
        """Starts nothing yet.

        Args:
            place: where its nodes live.
            street: is told where the node is now, and of faults.
            planted: a fault that its nodes have.
            reorganise: has a node rewind that is to die there.
        """
        self.done: Counter[str] = Counter()
        self._place, self._street, self._planted, self._reorganise = place, street, planted, reorganise
        self._life: Life | None = None

    def need(self) -> None:
        """What comes next is to befall a node that lives."""
        if self._life is None or self._life.ended.is_set():
            self.renew(None)

    def renew(self, doom: Doom | None) -> None:
        """The node that lives comes to its end, then another starts.

        Raises: NodeStuck.
        """
        self._see_end()
        self._begin(doom)

    def kill(self) -> None:
        """SIGKILL from outside, where one lives."""
        if self._life is not None:
            self.done["SIGKILL of the node from outside"] += self._life.kill()

    def end(self) -> None:
        """Tells the node to end: it must do so in good order."""
        life = self._life
        assert life is not None
        if not life.kill(signal.SIGTERM) or life.code != 0:
            self._street.fault(f"the node ended with {life.code} when it was told to end: {life.complaint}")

    def see_refused(self) -> None:
        """A node that starts where another chain answers ends, and says why."""
        self.kill()
        self._bury()
        self._place.proxy.faults.on = False
        life = self._bear(None)
        self._place.proxy.faults.on = True
        if (
            life.code
            and not life.serving.is_set()
            and FOREIGN.decode() in life.complaint + self._place.nodes.last_words()
        ):
            self.done["node that refused another chain"] += 1
        else:
            self._street.fault(f"a node started where another chain answers: {life.code} {life.complaint}")

    def missed(self, what: str, count: int = 1) -> None:
        """Something that was to befall the round did not."""
        self.done[f"not delivered: {what}"] += count

    def _see_end(self) -> None:
        """Waits until the node has died where it was to die; one that starts in vain under faults is started again.

        One that does not come to its point in time is killed from outside; another is to die where it comes there first.
        """
        again = True
        for _ in range(_STARTS):
            life = self._life
            if life is None:
                return
            doom = life.doom
            if doom is None:
                self.kill()
                return
            over = life.over.wait(_LIFE_SECONDS)
            if life.reached:
                self.done[node_killed(doom.point)] += 1
                return
            if life.fell:
                self._see_replaced(life, doom)
                self.kill()
                return
            if over:
                self._begin(doom)
                continue
            self.kill()
            if not again:
                self.missed(f"SIGKILL {doom.point}")
                return
            again = False
            self._begin(Doom(doom.point, 1))
            if doom.point == IN_REWINDING:
                wait(self._reorganise, _LIFE_SECONDS)
        raise NodeStuck(f"{_STARTS} starts in vain: {self._life and self._life.complaint}")

    def _see_replaced(self, life: Life, doom: Doom) -> None:
        """A process of the node's that takes in has died: the node has another take its place."""
        self.done[intake_killed(doom.point)] += 1
        if life.replaced.wait(_LIFE_SECONDS):
            self.done["process that takes in replaced"] += 1
        else:
            self.missed("process that takes in replaced")

    def _begin(self, doom: Doom | None) -> None:
        """Starts a node that serves, or has come to where it is to die."""
        for _ in range(_STARTS):
            self._bury()
            life = self._bear(doom)
            self._street.url = life.url
            if doom is not None or life.serving.is_set():
                return
            self.done["starts in vain under faults"] += 1
        raise NodeStuck(f"{_STARTS} starts in vain: {self._life and self._life.complaint}")

    def _bear(self, doom: Doom | None) -> Life:
        """Starts a node and waits until it serves, or has ended."""
        self._life = life = self._place.nodes.bear(doom, timeout=_RPC_SECONDS, planted=self._planted)
        if not wait(partial(_has_begun, life), _START_SECONDS):
            raise NodeStuck("a node neither serves nor ends")
        return life

    def _bury(self) -> None:
        """A node that served does not end unless somebody ends it."""
        life = self._life
        if life is not None and life.serving.is_set() and life.ended_by_itself:
            words = f"{life.complaint} {self._place.nodes.last_words()}"
            self._street.fault(f"a node that served ended by itself with {life.code}: {words}")


def _has_begun(life: Life) -> bool:
    return life.serving.is_set() or life.ended.is_set()
