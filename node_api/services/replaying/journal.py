"""What earlier runs of a replay learned: one line a code, written as it comes to its end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from node_api.domain.ids import Hash
from node_api.services.ports.playing import Outcome


class ReplayJournal:
    """An append-only file. A line torn by a kill is as good as absent: its code is played again, as the same operation."""

    def __init__(self, path: Path) -> None:
        """Opens the file, made where it is missing, and reads it."""
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self.outcomes: dict[int, Outcome] = dict(self._read())
        self._file = path.open("a", encoding="ascii")
        if path.stat().st_size and not path.read_bytes().endswith(b"\n"):
            self._file.write("\n")

    def add(self, code: int, outcome: Outcome) -> None:
        """Writes down what became of a code; it survives the death of this process."""
        self.outcomes[code] = outcome
        line = json.dumps([code, outcome.reason, outcome.transaction, outcome.block], separators=(",", ":"))
        self._file.write(line + "\n")
        self._file.flush()

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    def _read(self) -> Iterator[tuple[int, Outcome]]:
        if not self._path.exists():
            return
        for line in self._path.read_text(encoding="ascii").splitlines():
            try:
                code, reason, transaction, block = json.loads(line)
            except ValueError:
                continue
            yield code, Outcome(reason, Hash(transaction) if transaction else None, block)
