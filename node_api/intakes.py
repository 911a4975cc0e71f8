"""A node's processes that only take redemptions in, as its own process keeps them: started, told news, started again."""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import structlog

from node_api.api.metrics import Metrics
from node_api.channel import Channel, pair
from node_api.config import Settings

_AGAIN_SECONDS = 1.0
_PATIENCE_SECONDS = 35.0
"""A little more than requests in hand are waited for."""
_MOST_IDS = 1_000

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Ears:
    """Whom the node's own process has told what those that take in say.

    Attributes:
        wake: something was queued.
        catch_up: the index is behind.
        metrics: count what they answered.
    """

    wake: Callable[[], None]
    catch_up: Callable[[], None]
    metrics: Metrics


class Intakes:
    """Keeps one process for each listener.

    Attributes:
        command: starts one; its options follow.
    """

    command: ClassVar[Sequence[str]] = (sys.executable, "-m", "node_api", "intake")

    def __init__(self, settings: Settings, listeners: Sequence[socket.socket], ears: Ears) -> None:
        """Starts nothing yet.

        Args:
            settings: the node's: they find the same in their environment.
            listeners: each takes the connections of one.
            ears: are told what they say.
        """
        self._settings, self._listeners, self._ears = settings, listeners, ears
        self._channels: dict[int, Channel] = {}
        self._running: dict[int, subprocess.Popen[bytes]] = {}
        self._ready: set[int] = set()
        self._news = threading.Condition()
        self._stopping = threading.Event()
        self._folder = tempfile.TemporaryDirectory(prefix="vouchertrail-")
        self.socket = str(Path(self._folder.name) / "node.sock")
        """Where the node's own process is to be asked: nobody else reaches it."""

    def start(self) -> None:
        """Starts them all; each is started again whenever it ends."""
        for number in range(len(self._listeners)):
            threading.Thread(target=self._keep, args=(number,), name=f"intake-{number}", daemon=True).start()

    def wait_ready(self) -> bool:
        """Waits until each takes connections; false where they are stopped before."""
        with self._news:
            self._news.wait_for(lambda: len(self._ready) == len(self._listeners) or self._stopping.is_set())
        return not self._stopping.is_set()

    def stop(self) -> None:
        """Has each finish what it has in hand, and waits for that."""
        self._stopping.set()
        with self._news:
            self._news.notify_all()
        running = list(self._running.values())
        for one in running:
            one.terminate()
        deadline = time.monotonic() + _PATIENCE_SECONDS
        for one in running:
            try:
                one.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                one.kill()
        self._folder.cleanup()

    def settled(self, operations: list[str]) -> None:
        """Tells each which operations became final."""
        for at in range(0, len(operations), _MOST_IDS):
            self.tell("settled", operations[at : at + _MOST_IDS])

    def tell(self, kind: str, what: Any) -> None:
        """Tells each some news."""
        for channel in list(self._channels.values()):
            channel.tell(kind, what)

    def _keep(self, number: int) -> None:
        while not self._stopping.is_set():
            try:
                with self._started(number) as (running, channel):
                    self._hear(number, channel)
                    end: dict[str, object] = {"exit_code": running.wait()}
            except Exception as fault:  # noqa: BLE001  its listener stays open: whoever is given to it would wait for ever
                end = {"fault": f"{type(fault).__name__}: {fault}"}
            if not self._stopping.wait(_AGAIN_SECONDS):
                log.warning("intake_ended", number=number, **end)

    @contextmanager
    def _started(self, number: int) -> Iterator[tuple[subprocess.Popen[bytes], Channel]]:
        """One of the processes, as long as the context lasts."""
        channel, theirs = pair()
        listener = self._listeners[number].fileno()
        command = [*self.command, "--data", str(self._settings.data)]
        command += ["--listener", str(listener), "--channel", str(theirs.fileno()), "--socket", self.socket]
        try:
            running = subprocess.Popen(command, pass_fds=(listener, theirs.fileno()), start_new_session=True)
        except OSError:
            channel.close()
            raise
        finally:
            theirs.close()
        self._running[number], self._channels[number] = running, channel
        if self._stopping.is_set():
            running.terminate()
        try:
            yield running, channel
        finally:
            del self._channels[number], self._running[number]
            channel.close()  # it ends with that

    def _hear(self, number: int, channel: Channel) -> None:
        """Passes on what one says, until it has ended."""
        in_hand = 0
        while (message := channel.hear()) is not None:
            match message:
                case "queued", _:
                    self._ears.wake()
                case "behind", _:
                    self._catch_up()
                case "ready", _:
                    with self._news:
                        self._ready.add(number)
                        self._news.notify_all()
                case "answered", (now, answered):
                    self._ears.metrics.told(now - in_hand, answered)
                    in_hand = now
        self._ears.metrics.told(-in_hand, ())

    def _catch_up(self) -> None:
        try:
            self._ears.catch_up()
        except Exception as fault:  # noqa: BLE001  who asked looks for himself after a while, and says what is wrong
            log.warning("index_waits", fault=f"{type(fault).__name__}: {fault}")


@contextmanager
def kept(intakes: Intakes) -> Iterator[None]:
    """Has them run as long as the context lasts."""
    intakes.start()
    try:
        yield
    finally:
        intakes.stop()
