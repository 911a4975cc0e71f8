"""The acts of a replay, each when its time has come, resumable by a journal of their own."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator

from node_api.domain.errors import ChainUnavailable
from node_api.domain.ids import UnixSeconds
from node_api.domain.importing.acts import ActRow
from node_api.services.ports.playing import Outcome, PlayerClock
from node_api.services.replaying.journal import ReplayJournal
from node_api.services.replaying.officers import Officers

_TRIES = 4
Before = Callable[[UnixSeconds], None]
"""Does what else is due by a time."""


class Acts:
    """What is to be done between the redemptions, in the order of its times."""

    def __init__(
        self,
        rows: Iterable[ActRow],
        officers: Officers,
        clock: PlayerClock,
        journal: ReplayJournal,
        revive: Callable[[], object],
    ) -> None:
        """Does nothing yet; `revive` is called when the chain does not answer, and returns once it does."""
        self._waiting = deque(rows)
        self._officers = officers
        self._clock = clock
        self._journal = journal
        self._revive = revive

    def until(self, time: UnixSeconds | None, before: Before) -> Iterator[tuple[ActRow, Outcome]]:
        """Does everything that is due by a time, or all the rest; yields it with where it stands on chain.

        Args:
            time: of what comes next, inclusive; None: nothing comes.
            before: called with an act's time before it is done, unless it was done in an earlier run.

        Raises: as `Officers.carry_out`.
        """
        while self._waiting and (time is None or self._waiting[0].at <= time):
            act = self._waiting[0]
            known = self._journal.outcomes.get(act.number)
            if known is None:
                before(act.at)
                known = self._carry_out(act)
                self._journal.add(act.number, known)
            self._waiting.popleft()
            yield act, known

    def _carry_out(self, act: ActRow) -> Outcome:
        """Once more where the chain died meanwhile: what it kept of the act is in the record."""
        for _ in range(_TRIES - 1):
            try:
                return self._attempt(act)
            except ChainUnavailable:
                self._revive()
        return self._attempt(act)

    def _attempt(self, act: ActRow) -> Outcome:
        self._clock.arrive(act.at)
        tx = self._officers.carry_out(act)
        if tx is None:
            return Outcome(act.expected)
        if not self._clock.keeps(tx.block.number, tx.block.hash):
            raise ChainUnavailable(f"a crash of the chain took act {act.number}")
        return Outcome(act.expected, tx.hash, tx.block.number)
