"""Whose turn it is to write to an SQLite file: of all threads, and of all processes beside this one.

SQLite has who waits look again and again, each time later, while the file stands free. Here who waits is next within a
millisecond. It is SQLite that keeps writers apart: a turn that cannot be had is gone without.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

_LOOK_SECONDS = 0.001
_MOST_SECONDS = 30.0
_SUFFIX = "-turn"


class _Turn:
    def __init__(self, database: str | None) -> None:
        self._file = None if database in (None, "", ":memory:") else f"{database}{_SUFFIX}"
        self._lock = threading.Lock()
        self._descriptor: int | None = None

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Waits for it, and gives it back at the end."""
        with self._lock:
            held = self._take()
            try:
                yield
            finally:
                if held is not None:
                    fcntl.flock(held, fcntl.LOCK_UN)

    def _take(self) -> int | None:
        """The file that other processes look at, locked; None where it cannot be."""
        descriptor, deadline = self._opened(), time.monotonic() + _MOST_SECONDS
        while descriptor is not None and time.monotonic() < deadline:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(_LOOK_SECONDS)
            else:
                return descriptor
        return None

    def _opened(self) -> int | None:
        if self._descriptor is None and self._file is not None:
            try:
                self._descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            except OSError:  # of a folder that takes no file SQLite says more
                return None
        return self._descriptor


_TURNS: dict[str | None, _Turn] = {}
_MAKING = threading.Lock()


def turn_of(database: str | None) -> AbstractContextManager[None]:
    """The turn to write to a database file, for as long as the context lasts; of one in memory among threads alone."""
    with _MAKING:
        if database not in _TURNS:
            _TURNS[database] = _Turn(database)
    return _TURNS[database].taken()
