"""The replay itself: code after code at its own second, resumable, every outcome compared with what was expected."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from node_api.domain.ids import Hash, ProgrammeId, UnixSeconds, VoucherId
from node_api.domain.importing.acts import ActRow
from node_api.domain.importing.rows import ProgrammeRow
from node_api.domain.models import ProgrammeState
from node_api.services.loading.seen import Seen
from node_api.services.ports.playing import Outcome, Play, PlayerClock, Till
from node_api.services.ports.reading import Reader
from node_api.services.ports.treasury import ActivateProgramme, ProgrammeSeen, TreasuryDesk
from node_api.services.replaying.acts import Acts
from node_api.services.replaying.journal import ReplayJournal

SKIPPED = "skipped"
_OF_ACTS = frozenset(
    {"VoucherFrozen", "VoucherRevoked", "VoucherBooked", "SignatureUsed", "ProgrammePaused", "MerchantFrozen"}
)
_OF_DAYS = frozenset({"DayLimitPassed", "MonthLimitPassed", "MerchantLimitPassed", "TerminalLimitPassed"})
_HANG_ON_THE_CLOCK = frozenset({"NotYetValid", "Expired", "ProgrammeNotActive"}) | _OF_ACTS | _OF_DAYS
_OF_OTHERS = frozenset({"AlreadyRedeemed", "NotFirstRedemption"})
_CLOCK_REASONS = frozenset({"NotYetValid", "DeadlineTooFar", "ProgrammeNotActive"})
_AHEAD = 4
"""So many times the codes played together are taken up before the first of them has ended."""

_TOO_LATE = "DeadlinePassed"
_TRIES = 3
_PAGE = 1_000


@dataclass(slots=True)
class Summary:
    """What became of a replay.

    Attributes:
        accepted: codes accepted; `accepted_rows` counts their vouchers.
        refused: codes refused, by reason.
        skipped: codes that cannot be played on this clock.
        unexpected: codes whose outcome is not the expected one.
        known: codes that an earlier run had brought to their end.
        acts: what was done between the codes, in this run or an earlier one, and where it stands on chain.
    """

    codes: int = 0
    rows: int = 0
    accepted: int = 0
    accepted_rows: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    refused_rows: int = 0
    skipped: int = 0
    known: int = 0
    activated: int = 0
    unexpected: list[tuple[Play, Outcome]] = field(default_factory=list)
    seconds: float = 0.0
    acts: list[tuple[ActRow, Outcome]] = field(default_factory=list)

    def add(self, play: Play, outcome: Outcome) -> None:
        """Counts one code."""
        self.codes += 1
        self.rows += len(play.rows)
        if outcome.reason == SKIPPED:
            self.skipped += 1
            return
        if outcome.reason is None:
            self.accepted += 1
            self.accepted_rows += len(play.item.spends)
        else:
            self.refused[outcome.reason] += 1
            self.refused_rows += len(play.rows)
        if outcome.reason != play.expected:
            self.unexpected.append((play, outcome))


Beside = Callable[[UnixSeconds | None], None]
"""Does what another replay has to do by a time, or all the rest."""


def nothing_beside(_: UnixSeconds | None) -> None:
    """Nothing is played beside."""


Redeemed = Mapping[tuple[VoucherId, Hash], Outcome]
"""What became of the codes of an earlier run that redeemed a voucher for a receipt; taken back since, or not."""


def redeemed_before(reader: Reader) -> Redeemed:
    """Everything redeemed as of the reader's block."""
    found: dict[tuple[VoucherId, Hash], Outcome] = {}
    last = 0
    while page := reader.redemptions(limit=_PAGE, after=last):
        for entry in page:
            found[entry.voucher, entry.receipt] = Outcome(None, entry.tx.hash, entry.tx.block.number)
        last = page[-1].number
    return found


_Begun = tuple[Play, Future[tuple[Outcome, bool]]]


class Replay:
    """One run over a folder's redemptions."""

    def __init__(
        self,
        till: Till,
        clock: PlayerClock,
        desk: TreasuryDesk,
        redeemed: Redeemed,
        journal: ReplayJournal,
        acts: Acts | None,
        *,
        shift_to_now: bool,
        together: int = 1,
    ) -> None:
        """Sends nothing yet.

        Args:
            till: where codes are redeemed.
            clock: the chain's.
            desk: activates programmes when their time comes, as the treasurer would.
            redeemed: what was redeemed before this run.
            journal: what earlier runs learned.
            acts: what is done between the codes; None: nothing, as where every row is played now.
            shift_to_now: plays every row now instead of at its time, for chains whose clock nobody can move.
            together: how many codes are played at once, where every row is played now.
        """
        self._till = till
        self._clock = clock
        self._desk = desk
        self._redeemed = redeemed
        self._journal = journal
        self._acts = acts
        self._shift, self._together = shift_to_now, together
        self._dormant: list[tuple[UnixSeconds, ProgrammeId]] = []
        self.summary = Summary()

    def run(
        self, plays: Iterable[Play], seen: Seen, programmes: Iterable[ProgrammeRow], beside: Beside = nothing_beside
    ) -> Iterator[tuple[Play, Outcome]]:
        """Plays every code not played before; yields all, in order, with their outcomes.

        Args:
            plays: the codes, in the order of their times.
            seen: what the chain has of the folder.
            programmes: activated as their time comes.
            beside: called with the time of each code before it is played, and with None behind the last.
        """
        began = time.monotonic()
        self.begin(seen, programmes)
        yield from self._at_once(plays) if self._shift and self._together > 1 else self._in_turn(plays, beside)
        self.act(None)
        beside(None)
        self.summary.seconds = time.monotonic() - began

    def begin(self, seen: Seen, programmes: Iterable[ProgrammeRow]) -> None:
        """Learns which programmes are to be activated; see `run`, which does all of it."""
        self._dormant = _dormant(seen, programmes)

    def _in_turn(self, plays: Iterable[Play], beside: Beside) -> Iterator[tuple[Play, Outcome]]:
        for play in plays:
            beside(play.at)
            yield play, self.take(play)

    def _at_once(self, plays: Iterable[Play]) -> Iterator[tuple[Play, Outcome]]:
        """Several at a time: where blocks come by the clock, each code waits for some of them.

        One that is refused for what an earlier one did waits for all of those. Who stops halfway has nothing more played.
        """
        self._activate(self._desk.now())
        pool, begun = ThreadPoolExecutor(self._together, "replay"), deque[_Begun]()
        try:
            for play in plays:
                while begun and (play.expected in _OF_OTHERS or len(begun) >= self._together * _AHEAD):
                    yield self._ended(*begun.popleft())
                begun.append((play, pool.submit(self._known_or_played, play)))
            while begun:
                yield self._ended(*begun.popleft())
        finally:
            pool.shutdown(cancel_futures=True)

    def _ended(self, play: Play, taken: Future[tuple[Outcome, bool]]) -> tuple[Play, Outcome]:
        return play, self._noted(play, *taken.result())

    def _known_or_played(self, play: Play) -> tuple[Outcome, bool]:
        """What became of a code, and whether an earlier run brought it about."""
        known = self._known(play)
        return (self._play(play), False) if known is None else (known, True)

    def take(self, play: Play) -> Outcome:
        """Plays one code, unless an earlier run did, once everything is done that is due by its time."""
        self.act(play.at)
        if self._known(play) is None:
            self._activate(self._desk.now() if self._shift else play.at)
        return self._noted(play, *self._known_or_played(play))

    def _noted(self, play: Play, outcome: Outcome, known: bool) -> Outcome:
        if known:
            self.summary.known += 1
        else:
            if outcome.transaction is not None:
                self._clock.answered(outcome.transaction)
            self._journal.add(play.code, outcome)
        self.summary.add(play, outcome)
        return outcome

    def act(self, until: UnixSeconds | None) -> None:
        """Has every act done that is due by then, programmes activated first; None: all the rest."""
        if self._acts is not None:
            self.summary.acts += self._acts.until(until, self._activate)

    def _known(self, play: Play) -> Outcome | None:
        """What an earlier run made of the code: refusals from the journal, redemptions from the record."""
        noted = self._journal.outcomes.get(play.code)
        if noted is not None and noted.reason is not None:
            return noted if noted.reason != SKIPPED else None
        if not play.item.spends or play.expected is not None:
            return noted
        return self._redeemed.get((play.item.spends[0].voucher, play.item.receipt))

    def _activate(self, until: UnixSeconds) -> None:
        while self._dormant and self._dormant[-1][0] <= until:
            starts_at, programme = self._dormant.pop()
            if not self._shift:
                self._clock.reach(starts_at)
            self.summary.activated += len(list(self._desk.carry_out([ActivateProgramme(programme)])))

    def _play(self, play: Play) -> Outcome:
        """One code at its time; once more where a restarted chain carried it at another time than it was given."""
        if self._shift:
            return self._play_now(play)
        for attempt in range(_TRIES):
            on_time = self._clock.reach(play.at)
            outcome = self._till.redeem(play, attempt)
            if outcome.reason == play.expected or outcome.reason not in _CLOCK_REASONS or not on_time:
                break
        return outcome

    def _play_now(self, play: Play) -> Outcome:
        """One code at the time it is now, or at the one at which an earlier run had begun it: asked for as the same operation."""
        if play.expected in _HANG_ON_THE_CLOCK:
            return Outcome(SKIPPED)
        begun = self._journal.begun.get(play.code) if play.expected is None else None
        if begun is not None and (outcome := self._till.redeem(_moved(play, begun), begun)).reason != _TOO_LATE:
            return _unless_of_the_clock(outcome)
        now = self._desk.now()
        self._journal.begin(play.code, now)
        return _unless_of_the_clock(self._till.redeem(_moved(play, now), now))


def _unless_of_the_clock(outcome: Outcome) -> Outcome:
    return Outcome(SKIPPED) if outcome.reason in _HANG_ON_THE_CLOCK else outcome


def _moved(play: Play, at: UnixSeconds) -> Play:
    """The play at another time; it is the attempt of that time, for what is signed then is another redemption."""
    deadline = UnixSeconds(max(0, min(at + play.item.deadline - play.at, 2**256 - 1)))
    return replace(play, at=at, item=play.item._replace(deadline=deadline))


def _begins(row: ProgrammeRow, there: ProgrammeSeen) -> UnixSeconds:
    return max(row.starts_at, there.earliest)


def _dormant(seen: Seen, programmes: Iterable[ProgrammeRow]) -> list[tuple[UnixSeconds, ProgrammeId]]:
    """Programmes that are to be activated when their time comes, the last one first."""
    loaded = ((row, seen.programmes[row.ref]) for row in programmes if row.active and row.ref in seen.programmes)
    return sorted(
        ((_begins(row, there), there.id) for row, there in loaded if there.state < ProgrammeState.ACTIVE), reverse=True
    )
