"""What the supervisor tells others through its folder: a lock that it lives, and a status file.

The lock is the truth about being alive (the kernel drops it with the process, so there is no stale pid); the status
file is what it said last.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

import orjson

from node_api.chain.durable import PRIVATE_FILE, private_folder, write_whole
from node_api.chain.rpc_errors import ChainError

# Exit code of a supervisor that found another one at work.
ALREADY_RUNNING = 3


class Phase(StrEnum):
    """Where the supervisor is in its life."""

    STARTING = "starting"
    READY = "ready"
    RESTARTING = "restarting"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ChainStatus:
    """The supervisor's last word.

    Attributes:
        phase: where it is in its life.
        pid: of the supervisor.
        anvil_pid: of the chain's process; 0 while there is none.
        url: where the chain answers, or answered last.
        chain_id: EIP-155 chain id.
        genesis_hash: hash of block 0; empty until known.
        snapshot: block of the newest snapshot; 0 before the first.
        snapshots: how many were taken since the supervisor started.
        restarts: how often anvil died since the supervisor started.
        lost: blocks that did not come back at the last restore.
        message: what went wrong, or what is remarkable; else empty.
        foreground: whether somebody else looks after the supervisor, who runs it in the foreground.
    """

    phase: Phase
    pid: int
    anvil_pid: int = 0
    url: str = ""
    chain_id: int = 0
    genesis_hash: str = ""
    snapshot: int = 0
    snapshots: int = 0
    restarts: int = 0
    lost: int = 0
    message: str = ""
    foreground: bool = False


class AlreadyRunning(ChainError):
    """Another supervisor holds the folder."""


def write_status(folder: Path, status: ChainStatus) -> None:
    """Replaces the status file."""
    write_whole(folder / "supervisor.json", [orjson.dumps(asdict(status), option=orjson.OPT_INDENT_2), b"\n"])


def read_status(folder: Path) -> ChainStatus | None:
    """The supervisor's last word, whether it still lives or not; None where there is none, or none that can be read."""
    try:
        fields = orjson.loads((folder / "supervisor.json").read_bytes())
        return ChainStatus(**{**fields, "phase": Phase(fields["phase"])})
    except (FileNotFoundError, LookupError, TypeError, ValueError):
        return None


@contextlib.contextmanager
def hold_folder(folder: Path) -> Iterator[Callable[[], bool]]:
    """Makes this process the folder's supervisor for the length of the block.

    Yields: a function that says whether the folder is still the same one, and not removed or made anew.

    Raises:
        AlreadyRunning: another process is the folder's supervisor.
    """
    private_folder(folder)
    path = folder / "supervisor.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE_FILE)

    def still_held() -> bool:
        try:
            return os.path.samestat(path.stat(), os.fstat(descriptor))
        except FileNotFoundError:
            return False

    try:
        while not _lock(descriptor, fcntl.LOCK_EX):
            if not _lock(descriptor, fcntl.LOCK_SH):  # held for good, not by somebody who only looks
                raise AlreadyRunning(f"a supervisor is already running for {folder}")
            fcntl.flock(descriptor, fcntl.LOCK_UN)
            time.sleep(0.005)
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield still_held
    finally:
        os.close(descriptor)


def supervisor_pid(folder: Path) -> int | None:
    """The pid of the living supervisor; None where none lives (0 in the instant before it has written its pid)."""
    try:
        descriptor = os.open(folder / "supervisor.lock", os.O_RDWR)
    except FileNotFoundError:
        return None
    try:
        if _lock(descriptor, fcntl.LOCK_SH):
            return None
        return int(os.pread(descriptor, 20, 0) or b"0")
    finally:
        os.close(descriptor)


def _lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
