"""Files that are whole or absent, whatever is killed when: write aside, fsync, rename, fsync the folder. One writer at a time."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700


def private_folder(folder: Path) -> Path:
    """Makes the folder, and those above it, where they are missing, readable by their owner alone, and returns it."""
    if not folder.is_dir():
        private_folder(folder.parent)
        folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
    return folder


@contextmanager
def alone(mark: Path, *, wait: bool = True) -> Iterator[None]:
    """Keeps other processes and threads out that name the same mark, for the length of the block or until this process ends.

    Args:
        mark: a file that holds nothing; it is made where it is missing, in a private folder, and stays.
        wait: for whoever is in; else BlockingIOError.
    """
    private_folder(mark.parent)
    descriptor = os.open(mark, os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def write_whole(path: Path, chunks: Iterable[bytes], *, mode: int = PRIVATE_FILE) -> None:
    """Replaces the file's content in one step that survives a power cut.

    A kill at any moment leaves the old content or the new, never a mixture; a left-over `.part` file is harmless
    and overwritten by the next write.

    Raises:
        OSError: the disk does not take it: the old content stands, and no `.part` file is left.
    """
    aside = path.with_name(f"{path.name}.{os.getpid()}.part")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), mode)
            for chunk in chunks:
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, path)
    except BaseException:  # on a full disk it would take the room of others
        aside.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Makes created, renamed and deleted names in the folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
