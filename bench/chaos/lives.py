"""The lives of nodes, as the conductor sees them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import orjson

_KILLED = -signal.SIGKILL
_LAST_WORDS = 1_000


@dataclass(frozen=True, slots=True)
class Doom:
    """Where a node is to die: when it comes to the point for the `count`th time."""

    point: str
    count: int


@dataclass(slots=True)
class Life:
    """One node, from its birth to its end.

    Attributes:
        from_outside: a signal was sent to it.
        reached: it came to its point, and killed itself there.
        fell: a process of it that takes in did.
        over: that, or the node's own end.
        replaced: another one has taken the place of that process.
    """

    doom: Doom | None
    pid: int = 0
    url: str | None = None
    code: int | None = None
    complaint: str = ""
    from_outside: bool = False
    reached: bool = False
    fell: bool = False
    born: threading.Event = field(default_factory=threading.Event)
    serving: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)
    replaced: threading.Event = field(default_factory=threading.Event)

    @property
    def ended_by_itself(self) -> bool:
        """Whether it came to an end that nobody meant for it."""
        return self.ended.is_set() and not self.reached and not self.from_outside

    def kill(self, number: signal.Signals = signal.SIGKILL) -> bool:
        """Ends it from outside, and waits for its end; whether it lived, and SIGKILL, where that is the signal, ended it."""
        self.born.wait()
        if not self.ended.is_set():
            self.from_outside = True
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)
        self.ended.wait()
        if self.from_outside and number == signal.SIGKILL and self.code != _KILLED:
            self.from_outside = False  # it was about to end
        return self.from_outside and not self.reached


class Nursery:
    """Starts nodes, one at a time."""

    def __init__(
        self, running: subprocess.Popen[bytes], environment: Mapping[str, str], log: Path, intakes: int
    ) -> None:
        """For nodes with this environment and so many processes that take in, whose log grows from one to the next."""
        self._running, self._environment, self._log, self._intakes = running, dict(environment), log, intakes
        self._life: Life | None = None
        threading.Thread(target=self._listen, daemon=True).start()

    def bear(self, doom: Doom | None, *, timeout: float, planted: str | None = None) -> Life:
        """Starts a node, once the one before has ended.

        Args:
            doom: where it is to die.
            timeout: seconds that it waits for an answer of the chain.
            planted: a fault that it has.
        """
        if self._life is not None:
            self._life.ended.wait()
        self._life = life = Life(doom)
        order = {
            "environment": self._environment,
            "log": str(self._log),
            "intakes": self._intakes,
            "timeout": timeout,
            "point": None if doom is None else doom.point,
            "count": None if doom is None else doom.count,
            "planted": planted,
        }
        assert self._running.stdin is not None
        self._running.stdin.write(orjson.dumps(order) + b"\n")
        self._running.stdin.flush()
        return life

    def last_words(self) -> str:
        """The end of the nodes' log."""
        return self._log.read_text(encoding="utf-8", errors="replace")[-_LAST_WORDS:] if self._log.exists() else ""

    def end(self) -> None:
        """Ends the node that lives."""
        if self._life is not None and self._running.poll() is None:
            self._life.kill()

    def _listen(self) -> None:
        assert self._running.stdout is not None
        for line in self._running.stdout:
            told, life = orjson.loads(line), self._life
            assert life is not None
            if "pid" in told:
                life.pid = told["pid"]
                life.born.set()
            elif "url" in told:
                life.url = told["url"]
                life.serving.set()
            elif "reached" in told:
                life.reached = True
            elif "fell" in told:
                if told["fell"] == life.pid:  # else one of a node before, which had not heard of its end
                    life.fell = True
                    life.over.set()
            elif "replaced" in told:
                if told["replaced"] == life.pid:
                    life.replaced.set()
            elif "ended" in told:
                life.code = told["ended"]
                life.ended.set()
                life.over.set()
            else:
                life.complaint = told["message"]


@contextmanager
def nursery(environment: Mapping[str, str], log: Path, intakes: int) -> Iterator[Nursery]:
    """Where nodes of this environment are born, each with so many processes that take in; the last one ends with it."""
    command = [sys.executable, "-m", "bench.chaos.node"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as running:
        place = Nursery(running, environment, log, intakes)
        try:
            yield place
        finally:
            place.end()
            running.terminate()
