"""The emergency lane as of a block: pauses, extensions, widened channels, and the clocks they leave.

A programme's clock stands still inside a pause of it or of the network; the two never run at once (docs/emergency.md).
Pure: the steps are handed in, in the order of the chain.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from node_api.domain.ids import NEVER, Address, BatchId, ProgrammeId, UnixSeconds
from node_api.domain.models import TxRef

NETWORK = ProgrammeId(0)
"""Stands for all programmes where a pause is meant."""


@dataclass(frozen=True, slots=True)
class LaneStep:
    """One use of the lane; see `EmergencyStep`."""

    kind: str
    programme: ProgrammeId
    batch: BatchId
    channels: int
    old_until: UnixSeconds
    until: UnixSeconds
    actor: Address
    reason: str
    tx: TxRef

    @property
    def place(self) -> tuple[int, int]:
        """Where on the chain it stands."""
        return self.tx.block.number, self.tx.log_index


@dataclass(frozen=True, slots=True)
class Pause:
    """A programme's or the network's pauses: end of the newest, and seconds of all, one that runs counted to its end."""

    until: UnixSeconds = NEVER
    total: int = 0

    def rest(self, now: int) -> int:
        """What is left of a pause that runs."""
        return max(0, self.until - now)


class Lane:
    """What the steps up to a block come to."""

    def __init__(self, steps: Iterable[LaneStep] = ()) -> None:
        self.steps = tuple(steps)
        self._pauses: dict[ProgrammeId, list[LaneStep]] = defaultdict(list)
        self._extended: dict[BatchId, int] = defaultdict(int)
        self._widened: dict[ProgrammeId, LaneStep] = {}
        for step in self.steps:
            if step.kind == "extended":
                self._extended[step.batch] += step.until - step.old_until
            elif step.kind == "widened":
                self._widened[step.programme] = step
            else:
                self._pauses[step.programme].append(step)

    def paused_until(self, programme: ProgrammeId) -> UnixSeconds:
        """End of the newest pause of the programme or the network, exclusive; 0 where there was none."""
        return max(self._pause(programme).until, self._pause(NETWORK).until)

    def widened(self, programme: ProgrammeId) -> tuple[int, UnixSeconds]:
        """Channels last widened, and until when."""
        step = self._widened.get(programme)
        return (0, UnixSeconds(0)) if step is None else (step.channels, step.until)

    def extended(self, batch: BatchId) -> int:
        """Seconds by which a batch was extended in all."""
        return self._extended.get(batch, 0)

    def has_pauses(self, programme: ProgrammeId) -> bool:
        """Whether its clock ever differed from block time."""
        return programme in self._pauses or NETWORK in self._pauses

    def given_back(self, programme: ProgrammeId, place: tuple[int, int], time: UnixSeconds) -> int:
        """Seconds that pauses gave to something made at a place of the chain: all pauses, less what had run by then."""
        return sum(
            self._pause(of).total - before.total + before.rest(time)
            for of in (programme, NETWORK)
            for before in (self._pause(of, place),)
        )

    def _pause(self, programme: ProgrammeId, before: tuple[int, int] | None = None) -> Pause:
        """The pauses as they stood, up to a place of the chain where one is given."""
        steps = self._pauses.get(programme, [])
        return _replay(steps if before is None else [step for step in steps if step.place < before])


def _replay(steps: Sequence[LaneStep]) -> Pause:
    pause = Pause()
    for step in steps:
        now = step.tx.block.timestamp
        if step.kind == "resumed":
            pause = Pause(now, pause.total - pause.rest(now))
        else:
            pause = Pause(step.until, pause.total + step.until - max(now, pause.until))
    return pause
