"""How the processes of one node tell each other news: messages over a pair of sockets that nobody else reaches.

News may be lost where a process does not read: whoever waits for some looks for himself after a while. That the other side
ended is never missed.
"""

from __future__ import annotations

import contextlib
import socket
from typing import Any

import orjson

_LONGEST = 1 << 18


class Channel:
    """One end. Thread-safe."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end

    def tell(self, kind: str, what: Any = None) -> None:
        """Sends a message if there is room, and waits for none."""
        with contextlib.suppress(OSError):
            self._end.send(orjson.dumps([kind, what]), socket.MSG_DONTWAIT)

    def hear(self) -> tuple[str, Any] | None:
        """The next message; None once the other side has ended."""
        try:
            message = self._end.recv(_LONGEST)
        except OSError:
            return None
        if not message:
            return None
        kind, what = orjson.loads(message)
        return kind, what

    def close(self) -> None:
        """Ends it: the other side hears nothing more."""
        self._end.close()


def pair() -> tuple[Channel, socket.socket]:
    """Two ends: ours, and the one that another process opens by its descriptor."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    return Channel(ours), theirs


def opened(descriptor: int) -> Channel:
    """The end that was handed to this process."""
    return Channel(socket.socket(fileno=descriptor))
