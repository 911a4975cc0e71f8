"""Levels of buckets in a file that the processes of a node share."""

from __future__ import annotations

import fcntl
import hashlib
import mmap
import os
import struct
import threading
from collections.abc import Callable
from pathlib import Path

from node_api.services.ports.buckets import Level

_SLOT = struct.Struct("<16sdd")
_SLOTS = 8_192
_NEAR = 8
"""Slots that a key may have; once others have all of them, it takes that of the one that asked longest ago."""


class SharedBuckets:
    """Implements `Buckets`. What is kept outlasts its processes, and may be lost with the machine."""

    def __init__(self, path: Path) -> None:
        """Opens the file; makes it where there is none."""
        self._lock = threading.Lock()
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        os.ftruncate(self._descriptor, _SLOTS * _SLOT.size)
        self._map = mmap.mmap(self._descriptor, _SLOTS * _SLOT.size)

    def change(self, key: str, step: Callable[[Level | None], Level]) -> None:
        """See the port."""
        name = hashlib.blake2b(key.encode(), digest_size=16).digest()
        with self._lock:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)  # of each process; it ends with its process, too
            try:
                place, level = self._found(name)
                _SLOT.pack_into(self._map, place, name, *step(level))
            finally:
                fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Lets go of the file."""
        self._map.close()
        os.close(self._descriptor)

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
