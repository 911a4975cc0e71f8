"""A small replay that is played beside another one, by the same clock."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from node_api.domain.ids import UnixSeconds
from node_api.services.ports.playing import Outcome, Play
from node_api.services.replaying.replay import Replay


class PlayedBeside:
    """Goes on up to a time whenever the other replay comes to it.

    Attributes:
        played: every code so far with its outcome.
    """

    def __init__(self, replay: Replay, plays: Iterable[Play]) -> None:
        """Holds all plays in memory; the replay has begun."""
        self._replay = replay
        self._waiting = deque(plays)
        self.played: list[tuple[Play, Outcome]] = []

    def until(self, time: UnixSeconds | None) -> None:
        """Does everything that is due by a time, or all the rest."""
        while self._waiting and (time is None or self._waiting[0].at <= time):
            play = self._waiting.popleft()
            self.played.append((play, self._replay.take(play)))
        self._replay.act(time)
