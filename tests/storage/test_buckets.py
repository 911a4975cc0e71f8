"""Levels of buckets in a file.

levels
├── of two keys → are apart, and outlast whoever wrote them
├── of more keys than there are slots → nothing breaks, and the ones asked last keep theirs
└── changed by four processes at once → none of it is lost
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from node_api.services.ports.buckets import Level
from node_api.storage.buckets import SharedBuckets

_COUNT = """
import sys
from pathlib import Path
from node_api.storage.buckets import SharedBuckets
buckets = SharedBuckets(Path(sys.argv[1]))
for _ in range(2_000):
    buckets.change("key", lambda level: (level[0] + 1 if level else 1, 1))
"""


class Seen:
    """Sets a level and keeps the one before."""

    def __init__(self, level: Level) -> None:
        self.before: list[Level | None] = []
        self._level = level

    def __call__(self, level: Level | None) -> Level:
        self.before.append(level)
        return self._level


def test_levels__of_two_keys__are_apart_and_last(tmp_path: Path) -> None:
    first, second = Seen((7, 1)), Seen((9, 2))
    buckets = SharedBuckets(tmp_path / "rates")
    for step in (first, first):
        buckets.change("a", step)
    buckets.change("b", second)
    buckets.close()
    again = SharedBuckets(tmp_path / "rates")
    again.change("a", first)
    again.change("b", second)
    assert first.before == [None, (7, 1), (7, 1)]
    assert second.before == [None, (9, 2)]


def test_levels__of_more_keys_than_slots__the_last_keep_theirs(tmp_path: Path) -> None:
    buckets = SharedBuckets(tmp_path / "rates")
    for number in range(20_000):
        buckets.change(f"key {number}", Seen((1, number)))
    for number in range(19_500, 20_000):
        last = Seen((1, number))
        buckets.change(f"key {number}", last)
        assert last.before == [(1, number)]


def test_levels__changed_by_processes_at_once__lose_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _COUNT, str(tmp_path / "rates")]
    running = [subprocess.Popen(command) for _ in range(4)]
    assert [one.wait() for one in running] == [0] * 4
    seen = Seen((0, 2))
    SharedBuckets(tmp_path / "rates").change("key", seen)
    assert seen.before == [(8_000, 1)]
