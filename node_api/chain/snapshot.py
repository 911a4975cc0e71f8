"""Snapshots of the embedded chain: whole files, checked when read, the two newest kept.

A file is one line of JSON (the header) and then the bytes that `anvil_dumpState` gave, unchanged.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from node_api.chain.durable import sync_folder, write_whole
from node_api.chain.rpc_errors import ChainError

FORMAT = 1
KEPT = 2
_LONGEST_HEADER = 4096


class SnapshotTorn(ChainError):
    """A snapshot file is cut short, changed, or of a form this release does not read."""


@dataclass(frozen=True, slots=True)
class SnapshotHeader:
    """What a snapshot holds.

    Attributes:
        format: version of the file's form.
        chain_id: EIP-155 chain id.
        genesis_hash: hash of block 0.
        number: of the newest block in it.
        hash: of the newest block in it.
        timestamp: block time of the newest block, Unix seconds.
        wall: real time when it was taken, Unix seconds; with `timestamp` it tells how far the chain's clock is off.
        size: bytes of state that follow the header.
        sha256: of these bytes, hex.
    """

    format: int
    chain_id: int
    genesis_hash: str
    number: int
    hash: str
    timestamp: int
    wall: int
    size: int
    sha256: str


def snapshot_path(folder: Path, number: int) -> Path:
    """Where the snapshot at this block lies."""
    return folder / f"snapshot-{number:012d}.bin"


def snapshot_files(folder: Path) -> list[Path]:
    """All snapshot files, newest block first, whole or not."""
    return sorted(folder.glob("snapshot-*.bin"), reverse=True)


def write_snapshot(folder: Path, header: SnapshotHeader, state: bytes) -> Path:
    """Writes the snapshot durably and then removes all but the two newest; returns its path.

    Snapshots of higher blocks belong to blocks that the chain has gone back on: they go first.
    """
    path = snapshot_path(folder, header.number)
    for ahead in snapshot_files(folder):
        if ahead > path:
            ahead.unlink()
    write_whole(path, [orjson.dumps(asdict(header)), b"\n", state])
    for old in snapshot_files(folder)[KEPT:]:
        old.unlink()
    for left_over in folder.glob("snapshot-*.part"):
        left_over.unlink(missing_ok=True)
    sync_folder(folder)
    return path


def digest(state: bytes) -> str:
    """The checksum kept in the header."""
    return hashlib.sha256(state).hexdigest()


def read_header(path: Path) -> SnapshotHeader:
    """Reads the header alone. Raises SnapshotTorn."""
    with path.open("rb") as file:
        return _header(path, file.readline(_LONGEST_HEADER))


def read_snapshot(path: Path) -> tuple[SnapshotHeader, bytes]:
    """Reads and checks a snapshot.

    Raises:
        SnapshotTorn: anything about the file is not as it was written.
    """
    with path.open("rb") as file:
        header = _header(path, file.readline(_LONGEST_HEADER))
        state = file.read()
    if len(state) != header.size:
        raise SnapshotTorn(f"{path.name}: {len(state)} bytes of state where {header.size} were written")
    if digest(state) != header.sha256:
        raise SnapshotTorn(f"{path.name}: its bytes have changed since they were written")
    return header, state


def _header(path: Path, line: bytes) -> SnapshotHeader:
    try:
        header = SnapshotHeader(**orjson.loads(line))
    except (orjson.JSONDecodeError, TypeError) as error:
        raise SnapshotTorn(f"{path.name}: no readable header") from error
    if header.format != FORMAT:
        raise SnapshotTorn(f"{path.name}: form {header.format}, this release reads form {FORMAT}")
    return header
