"""Processes that outlive a command or a terminal: how they are started, what they said last, how often they may die."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path

RESTARTS_ALLOWED = 5
RESTARTS_WITHIN_SECONDS = 60.0
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def start_apart(
    command: Sequence[str],
    log: Path,
    *,
    environment: Mapping[str, str] | None = None,
    ends_by: signal.Signals | None = None,
) -> subprocess.Popen[bytes]:
    """Starts a process as a session of its own, with nothing to read and its output behind what the log holds.

    Args:
        command: the program and its arguments.
        log: file that takes what it prints.
        environment: of the process; None is this one's.
        ends_by: signal that the kernel sends it, on Linux, once the thread that called this has ended: call it from the main
            thread then, and while no other runs. None lets it live on.
    """
    parent = os.getpid()
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=None if ends_by is None or _LIBC is None else lambda: _end_with_parent(ends_by, parent),  # noqa: PLW1509
        )


def leave_running(command: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
    """Starts a process that outlives this one; where it ends first, its exit code is taken."""
    process = start_apart(command, log)
    threading.Thread(target=process.wait, daemon=True).start()
    return process


def last_words(log: Path, most: int) -> str:
    """The end of a log, at most so many bytes of it."""
    try:
        return log.read_bytes()[-most:].decode(errors="replace").strip() or "it said nothing"
    except FileNotFoundError:
        return "it said nothing"


class Deaths:
    """Counts how often a process died, and says when that is too often to start it again."""

    def __init__(self) -> None:
        """None so far."""
        self._times: deque[float] = deque(maxlen=RESTARTS_ALLOWED)

    def too_many(self) -> bool:
        """Takes note of one more; says whether more than those allowed fall into a minute."""
        now = time.monotonic()
        if len(self._times) == RESTARTS_ALLOWED and now - self._times[0] < RESTARTS_WITHIN_SECONDS:
            return True
        self._times.append(now)
        return False


def _end_with_parent(number: signal.Signals, parent: int) -> None:
    assert _LIBC is not None
    _LIBC.prctl(_PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:  # it was killed before the kernel had been told
        os.kill(os.getpid(), number)
