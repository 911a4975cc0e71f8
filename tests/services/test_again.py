"""
Where the chain goes back under a command
├── not at all → one attempt, no look
├── once → said, settled, looked at anew, attempted again
├── again while it is looked at → likewise
├── at every attempt → given up
└── another fault → raised at once
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest

from node_api.domain.ids import UnixSeconds
from node_api.services.loading.again import ATTEMPTS, until_it_stays
from node_api.services.ports.treasury import Carried, ChainWentBack, Command


class Story:
    """Notes in order what was done, and goes back when told to."""

    def __init__(self, *goes_back: str) -> None:
        self.done: list[str] = []
        self._goes_back = list(goes_back)

    def step(self, name: str) -> None:
        self.done.append(name)
        if self._goes_back and self._goes_back[0] == name:
            self._goes_back.pop(0)
            raise ChainWentBack("blocks are gone")

    def run(self) -> None:
        def look() -> None:
            self.step("look")

        until_it_stays(lambda: self.step("attempt"), look, self, self.done.append)

    # --- the desk ---

    def carry_out(self, commands: Iterable[Command]) -> Iterator[Carried]:
        raise AssertionError("nothing is sent here")

    def settle(self) -> None:
        self.step("settle")

    def now(self) -> UnixSeconds:
        return UnixSeconds(0)


SAID = "blocks are gone; looking at the chain anew and going on with what is left"


def test_again__when_the_chain_stays__then_one_attempt() -> None:
    story = Story()
    story.run()
    assert story.done == ["attempt"]


def test_again__when_it_goes_back__then_settled_and_attempted_anew() -> None:
    story = Story("attempt")
    story.run()
    assert story.done == ["attempt", SAID, "settle", "look", "attempt"]


def test_again__when_it_goes_back_while_looked_at__then_looked_at_anew() -> None:
    story = Story("attempt", "look")
    story.run()
    assert story.done == ["attempt", SAID, "settle", "look", SAID, "settle", "look", "attempt"]


def test_again__when_it_never_stays__then_given_up() -> None:
    story = Story(*["attempt"] * ATTEMPTS)
    with pytest.raises(ChainWentBack):
        story.run()
    assert story.done.count("attempt") == ATTEMPTS


def test_again__when_another_fault__then_raised_at_once() -> None:
    def attempt() -> None:
        raise KeyError("other")

    story = Story()
    with pytest.raises(KeyError):
        until_it_stays(attempt, lambda: None, story, story.done.append)
    assert story.done == []
