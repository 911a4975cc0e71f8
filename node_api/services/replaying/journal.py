"""What earlier runs of a replay learned: one line a code, written as it comes to its end."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from node_api.domain.ids import Hash, UnixSeconds
from node_api.services.ports.playing import Outcome


class ReplayJournal:
    """An append-only file. A line torn by a kill is as good as absent: its code is played again, as the same operation.

    Attributes:
        outcomes: of codes that came to their end.
        begun: when codes were played that did not come to it, where they are played at another time than their rows'.
    """

    def __init__(self, path: Path) -> None:
        """Opens the file, made where it is missing, and reads it."""
        self._path = path
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        self.outcomes: dict[int, Outcome] = {}
        self.begun: dict[int, UnixSeconds] = {}
        self._read()
        self._file = path.open("a", encoding="ascii")
        if path.stat().st_size and not path.read_bytes().endswith(b"\n"):
            self._file.write("\n")

    def begin(self, code: int, at: UnixSeconds) -> None:
        """Writes down that a code is about to be played at this time. From any thread."""
        self._write([code, at])

    def add(self, code: int, outcome: Outcome) -> None:
        """Writes down what became of a code; it survives the death of this process. From any thread."""
        self.outcomes[code] = outcome
        self._write([code, outcome.reason, outcome.transaction, outcome.block])

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    def _write(self, entry: list[object]) -> None:
        line = json.dumps(entry, separators=(",", ":"))
        with self._lock:
            self._file.write(line + "\n")
            self._file.flush()

    def _read(self) -> None:
        for line in self._lines():
            match line:
                case [int(code), int(at)]:
                    self.begun[code] = UnixSeconds(at)
                case [int(code), reason, transaction, block]:
                    self.outcomes[code] = Outcome(reason, Hash(transaction) if transaction else None, block)
                    self.begun.pop(code, None)

    def _lines(self) -> Iterator[Any]:
        if not self._path.exists():
            return
        for line in self._path.read_text(encoding="ascii").splitlines():
            try:
                yield json.loads(line)
            except ValueError:
                continue
