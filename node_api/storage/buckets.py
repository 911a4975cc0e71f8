"""Levels of buckets in a file that the processes of a node share."""

from __future__ import annotations

import fcntl
import hashlib
import mmap
import os
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from node_api.services.ports.buckets import Level

_SLOT = struct.Struct("<16sdd")
_SLOTS = 8_192
_SIZE = _SLOTS * _SLOT.size
_NEAR = 8
"""Slots that a key may have; once others have all of them, it takes that of the one that asked longest ago."""


class SharedBuckets:
    """Implements `Buckets`. What is kept outlasts its processes, and may be lost with the machine."""

    def __init__(self, path: Path) -> None:
        """Opens the file; makes it where there is none.

        Raises:
            OSError: it cannot be made, or the disk is full.
        """
        self._lock = threading.Lock()
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        with self._alone():
            there = os.fstat(self._descriptor).st_size
            os.pwrite(self._descriptor, bytes(max(0, _SIZE - there)), there)  # a hole could find the disk full later
        self._map = mmap.mmap(self._descriptor, _SIZE)

    def change(self, key: str, step: Callable[[Level | None], Level]) -> None:
        """See the port."""
        name = hashlib.blake2b(key.encode(), digest_size=16).digest()
        with self._lock, self._alone():
            place, level = self._found(name)
            _SLOT.pack_into(self._map, place, name, *step(level))

    def close(self) -> None:
        """Lets go of the file."""
        self._map.close()
        os.close(self._descriptor)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """No other process has the file meanwhile; one that ends lets go of it."""
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def _found(self, name: bytes) -> tuple[int, Level | None]:
        """The place of a key, and its level."""
        first = int.from_bytes(name[:4])
        near = [_SLOT.size * ((first + step) % _SLOTS) for step in range(_NEAR)]
        oldest, least = near[0], float("inf")
        for place in near:
            known, left, moment = _SLOT.unpack_from(self._map, place)
            if known == name:
                return place, (left, moment)
            if moment < least:
                oldest, least = place, moment
        return oldest, None
