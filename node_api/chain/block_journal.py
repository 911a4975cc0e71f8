"""The embedded chain's blocks since its snapshots, as sent: what a killed anvil is brought back with.

One segment file for each snapshot, named for the block it follows (`blocks-<number>.jsonl`, the first follows block
0). A line is one block with its raw transactions and its time; the same transactions at the same times on the same
state give the same block hashes, so what was replayed can be checked against what is written here. Segments reach
back to the older of the two snapshots, so that one torn snapshot loses nothing.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

import orjson

from node_api.chain.durable import PRIVATE_FILE, sync_folder

_LOOK_EVERY = 0.005
_TAIL = 1 << 16


@dataclass(frozen=True, slots=True)
class JournaledBlock:
    """One block.

    Attributes:
        number: its height.
        hash: its hash, 0x-hex.
        parent: hash of the block before it.
        timestamp: block time, Unix seconds.
        wall: real time when it was seen, Unix seconds.
        transactions: raw signed transactions in block order, 0x-hex.
    """

    number: int
    hash: str
    parent: str
    timestamp: int
    wall: int
    transactions: tuple[str, ...]


def segment_path(folder: Path, base: int) -> Path:
    """The segment whose first block follows block `base`."""
    return folder / f"blocks-{base:012d}.jsonl"


def segment_bases(folder: Path) -> list[int]:
    """The blocks that the segments follow, oldest first."""
    return sorted(int(path.stem.removeprefix("blocks-")) for path in folder.glob("blocks-*.jsonl"))


def read_blocks(folder: Path, base: int) -> Iterator[JournaledBlock]:
    """Journaled blocks that follow the snapshot at block `base`, oldest first, over all segments from there on.

    A torn last line of a segment, left by a kill during a write, ends that segment.
    """
    for start in segment_bases(folder):
        if start >= base:
            for block, _ in _whole_lines(segment_path(folder, start)):
                yield block


def damaged_segments(folder: Path, base: int) -> dict[str, int]:
    """Segments of `read_blocks` that are damaged before a torn last line: by name, how many lines it passes over."""
    found: dict[str, int] = {}
    for start in segment_bases(folder):
        path = segment_path(folder, start)
        if start >= base and (passed_over := _lines(path) - sum(1 for _ in _whole_lines(path))):
            found[path.name] = passed_over
    return found


def newest_journaled(folder: Path) -> int:
    """Number of the last block that is written down, in the journal or in a snapshot; -1 where nothing is."""
    bases = segment_bases(folder)
    if not bases:
        return -1
    try:
        with segment_path(folder, bases[-1]).open("rb") as file:
            block = _parse(_last_line(file))
    except FileNotFoundError:  # a snapshot has taken its place just now
        return bases[-1]
    return bases[-1] if block is None else block.number


def wait_until_journaled(folder: Path, number: int, seconds: float = 2.0) -> bool:
    """Waits until a kill of anvil cannot take block `number` any more; False where it is not written down in time.

    The supervisor writes blocks down within some 25 ms; on a loaded machine it may take longer.
    """
    deadline = time.monotonic() + seconds
    while newest_journaled(folder) < number:
        if time.monotonic() > deadline:
            return False
        time.sleep(_LOOK_EVERY)
    return True


class BlockJournal:
    """The open segment: blocks are appended durably."""

    def __init__(self, folder: Path, base: int, *, keep: int | None = None) -> None:
        """Opens the segment, made where it is missing, and cuts off a torn last line.

        Args:
            folder: the chain's folder.
            base: the block the segment follows.
            keep: the last block to keep; what is written above it was not brought back and is cut off.
        """
        self.base = base
        self._folder = folder
        path = segment_path(folder, base)
        whole = 0
        if path.exists():
            for block, end in _whole_lines(path):
                if keep is not None and block.number > keep:
                    break
                whole = end
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
        os.ftruncate(self._descriptor, whole)
        os.lseek(self._descriptor, 0, os.SEEK_END)
        os.fsync(self._descriptor)
        sync_folder(folder)

    def append(self, blocks: list[JournaledBlock]) -> None:
        """Writes the blocks, one durable write for all of them."""
        lines = b"".join(orjson.dumps(asdict(block)) + b"\n" for block in blocks)
        while lines:
            lines = lines[os.write(self._descriptor, lines) :]
        os.fsync(self._descriptor)

    def size(self) -> int:
        """Bytes of the segment."""
        return os.lseek(self._descriptor, 0, os.SEEK_CUR)

    def close(self) -> None:
        """Closes the segment's file."""
        os.close(self._descriptor)

    def follow_snapshot(self, base: int, oldest_kept: int) -> BlockJournal:
        """Goes on in a new, empty segment after the snapshot at `base`.

        Segments below the oldest kept snapshot are not needed any more; segments above `base` belong to blocks that
        the chain has gone back on. Both are dropped.
        """
        self.close()
        following = BlockJournal(self._folder, base, keep=base)
        for other in segment_bases(self._folder):
            if other < oldest_kept or other > base:
                segment_path(self._folder, other).unlink()
        sync_folder(self._folder)
        return following


def _lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(line.endswith(b"\n") for line in file)


def _last_line(file: BinaryIO) -> bytes:
    """The last line that has its end; empty where there is none."""
    size = file.seek(0, os.SEEK_END)
    window = _TAIL
    while True:
        file.seek(max(0, size - window))
        lines = file.read(min(size, window))
        end = lines.rfind(b"\n") + 1
        start = lines.rfind(b"\n", 0, max(0, end - 1)) + 1
        if start or window >= size:
            return lines[start:end]
        window *= 4


def _whole_lines(path: Path) -> Iterator[tuple[JournaledBlock, int]]:
    """Blocks of a segment, each with the offset behind its line, up to the first line that is not whole."""
    offset = 0
    with path.open("rb") as file:
        for line in file:
            offset += len(line)
            block = _parse(line)
            if block is None:
                return
            yield block, offset


def _parse(line: bytes) -> JournaledBlock | None:
    if not line.endswith(b"\n"):
        return None
    try:
        fields = orjson.loads(line)
        return JournaledBlock(**{**fields, "transactions": tuple(fields["transactions"])})
    except (orjson.JSONDecodeError, TypeError, KeyError):
        return None
