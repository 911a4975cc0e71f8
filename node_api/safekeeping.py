"""Backups of a node: its database, its embedded chain, its deployments, and a list of its key files; and the way back.

The database is copied before the chain, so the chain knows everything that the database believes; what came between is read
from the chain after the restore. Keys are listed, never copied: they belong where secrets are kept.

Both ways are done whole or begun again by the same command, under a mark that one process holds. A backup's folder has the mark
until the manifest takes its place. What is restored is copied beside its place, and put there by renames once everything is on
the disk: the deployments last, without which `serve` takes nothing for a node. What a command did not make it never removes.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

import orjson

from node_api import __version__
from node_api.chain.durable import PRIVATE_FILE, private_folder, sync_folder
from node_api.chain.handle import living_status, snapshot_chain
from node_api.chain.key_errors import KeyFault
from node_api.chain.keys import KeyRing
from node_api.chain.rpc_errors import ChainError
from node_api.chain.snapshot import read_snapshot, snapshot_files
from node_api.chain.webhook_key import FILE as WEBHOOK_KEY
from node_api.chain.webhook_key import WebhookKey
from node_api.config import Settings
from node_api.domain.errors import WebhookKeyUnfit
from node_api.domain.fingerprints import fingerprint
from node_api.storage.backup import bring_back, copy_out, file_for, is_empty, newest_indexed

MANIFEST = "backup.json"
TAKING = f"{MANIFEST}.part"
"""The mark in the folder of a backup that is being taken."""
RESTORING = "backup.restoring"
"""The mark in the data folder of a node that is being restored, and of which backup: the SHA-256 of its manifest."""
FORMAT = 1
_TRIES = 3
_DATABASE, _CHAIN, _DEPLOYMENTS = "database.", "chain", "deployments"
_CHAIN_FILES = ("identity.json", "snapshot-*.bin", "blocks-*.jsonl")


class BackupFault(Exception):
    """A backup cannot be taken, is not whole, or cannot be restored here; the message says why."""


class RestoreUnfinished(ChainError):
    """A backup's way back into the data folder was cut off, or is under way: what is there is no node yet."""


def require_restored(settings: Settings) -> None:
    """Raises RestoreUnfinished where a chain begun now would take the place of one that is being restored."""
    if (settings.data / RESTORING).exists():
        told = f"a backup is not wholly back in {settings.data}: the same `vouchertrail backup restore` once more finishes it"
        raise RestoreUnfinished(told)


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup holds.

    Attributes:
        release: of the node that took it.
        taken_at: Unix seconds.
        index_block: where the index stood; None where it was empty.
        chain_block: newest block of the embedded chain's snapshot; None for a chain that others run.
        keys: the account of each role's key file of the node, and the fingerprint of the wallet's master and of `webhooks.key`;
            empty where it is not known: the file did not open, or an older release took the backup.
        files: SHA-256 of each file, by its path in the backup.
    """

    release: str
    taken_at: int
    index_block: int | None
    chain_block: int | None
    keys: dict[str, str]
    files: dict[str, str]


def take_backup(settings: Settings, keys: KeyRing, folder: Path) -> Backup:
    """Takes a backup into a folder that is new, empty, or left by one that was cut off; the node may work meanwhile.

    Raises:
        BackupFault: something else is in the folder, or the chain's snapshot is older than the index.
        CopyFailed: the database could not be copied.
        ChainNotReady: the embedded chain takes no snapshot.
    """
    folder = private_folder(folder.resolve())
    mark = folder / TAKING
    _require_ours(folder, mark)
    with _held(mark) as manifest, ExitStack() as undo:
        _require_ours(folder, mark)  # another may have come to its end before we held it
        undo.callback(_clear, folder)
        _clear(folder)
        backup = _fill(settings, keys, folder)
        manifest.truncate()
        manifest.write(orjson.dumps({"format": FORMAT, **asdict(backup)}, option=orjson.OPT_INDENT_2))
        manifest.flush()
        _settle(folder)
        undo.pop_all()
        os.replace(mark, folder / MANIFEST)
        sync_folder(folder)
        sync_folder(folder.parent)
    return backup


def _require_ours(folder: Path, mark: Path) -> None:
    """Raises BackupFault where a folder holds anything but what a backup that was cut off left."""
    there = set(folder.iterdir())
    if there and there - set(_copies(folder)) != {mark}:
        raise BackupFault(f"{folder} is not empty, and nothing in it is touched: name a folder that is new or empty")


def check_backup(folder: Path) -> Backup:
    """Reads a backup and compares every file with what was written.

    Raises:
        BackupFault: it is none, or not whole.
    """
    try:
        found = orjson.loads((folder / MANIFEST).read_bytes())
        form = found.pop("format")
        backup = Backup(**found)
    except (OSError, orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise BackupFault(f"{folder} holds no readable {MANIFEST}: it is no backup, or one that was cut off") from error
    if form != FORMAT:
        raise BackupFault(f"{folder} has form {form}, this release reads form {FORMAT}: use a release that reads it")
    for name, digest in backup.files.items():
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()) or not path.is_file():
            raise BackupFault(f"{name} is missing: the backup cannot be restored, use another one")
        if _digest(path) != digest:
            raise BackupFault(
                f"{name} has changed since it was written: the backup cannot be relied on, use another one"
            )
    return backup


def restore_backup(settings: Settings, keys: KeyRing, folder: Path) -> tuple[Backup, list[str]]:
    """Makes a node of a backup, where there is none yet, or no more of one than an earlier run has put in place.

    Returns: the backup, and the names of the key files that are missing, do not open, or are others than the backup's node had.

    Raises:
        BackupFault: the backup is not whole, or something else is there already.
        CopyFailed: the database could not be brought back.
    """
    backup = check_backup(folder)
    mark = private_folder(settings.data.resolve()) / RESTORING
    with _held(mark) as note:
        _put_back(settings, backup, folder, note)
        mark.unlink()
        sync_folder(mark.parent)
    here = _identities(settings, keys)
    return backup, [name for name, shown in backup.keys.items() if name not in here or shown not in ("", here[name])]


def _identities(settings: Settings, keys: KeyRing) -> dict[str, str]:
    """What tells each key file from another, by name; empty for one that does not open: a backup is taken nevertheless."""
    found = {}
    for role in keys.present():
        try:
            found[role.value] = keys.identity(role)
        except KeyFault:
            found[role.value] = ""
    try:
        webhooks = WebhookKey(settings.keys_folder).read()
        found |= {} if webhooks is None else {WEBHOOK_KEY: fingerprint(webhooks)}
    except WebhookKeyUnfit:
        found[WEBHOOK_KEY] = ""
    return found


@contextmanager
def _held(mark: Path) -> Iterator[BinaryIO]:
    """Holds a mark, made where it is missing; one in which nothing is written goes with whoever fails.

    Raises:
        BackupFault: another process holds it, or has come to its end just now.
    """
    with os.fdopen(os.open(mark, os.O_RDWR | os.O_CREAT, PRIVATE_FILE), "r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            held = os.path.samestat(mark.stat(), os.fstat(file.fileno()))
        except (BlockingIOError, FileNotFoundError):
            held = False
        if not held:
            raise BackupFault(f"another process is at it: it holds {mark}; wait until it has ended")
        sync_folder(mark.parent)
        try:
            yield file
        except BaseException:
            if os.fstat(file.fileno()).st_size == 0:
                mark.unlink()
            raise


def _fill(settings: Settings, keys: KeyRing, folder: Path) -> Backup:
    """Copies everything into the folder, and says what it is."""
    index_block = newest_indexed(settings.database_url)
    copy_out(settings.database_url, folder)
    chain_block = _copy_chain(settings.chain_folder, folder / _CHAIN) if settings.chain_url is None else None
    if chain_block is not None and index_block is not None and chain_block < index_block:
        raise BackupFault(
            f"the chain's snapshot is of block {chain_block}, the index stands at {index_block}: take it again"
        )
    if settings.deployments_folder.is_dir():
        _copy(settings.deployments_folder, folder / _DEPLOYMENTS)
    files = {name: digest for name, digest in _digests(folder).items() if name != TAKING}
    return Backup(__version__, int(time.time()), index_block, chain_block, _identities(settings, keys), files)


def _copies(folder: Path) -> list[Path]:
    """What is in a backup's folder beside mark and manifest."""
    return [path for path in folder.iterdir() if path.name in (_CHAIN, _DEPLOYMENTS) or path.name.startswith(_DATABASE)]


def _clear(folder: Path) -> None:
    for path in _copies(folder):
        _remove(path)


def _put_back(settings: Settings, backup: Backup, folder: Path, note: BinaryIO) -> None:
    """Brings every copy to its place that is not there yet.

    What lies beside a place is of an earlier run where the note says anything; a server's database, where it names this backup.
    """
    copy = folder / next(name for name in backup.files if name.startswith(_DATABASE))
    file = file_for(settings.database_url, copy)
    places = {} if file is None else {copy: file}
    places |= {folder / _CHAIN: settings.chain_folder.resolve(), folder / _DEPLOYMENTS: settings.deployments_folder}
    begun, this = note.read(), _digest(folder / MANIFEST).encode()
    lacking = {source: place for source, place in places.items() if _lacks(place, source, begun=bool(begun))}
    done = not lacking and (folder / _DEPLOYMENTS).exists()
    filled = file is not None or _is_filled(settings.database_url, backup, ours=done or begun == this)
    for place in places.values() if begun else ():
        _remove(_beside(place))
    with ExitStack() as undo:
        if filled and not begun:  # of a server's database nobody knows whether it took what failed
            undo.callback(note.truncate, 0)
        note.seek(0)
        note.write(this)  # as long as what it said before
        note.flush()
        os.fsync(note.fileno())
        for source, place in lacking.items():
            undo.callback(_remove, _beside(place))
            _copy(source, _beside(place))
        for source, place in lacking.items():  # a node may have been begun there meanwhile
            _lacks(place, source, begun=True)
        if not filled:
            bring_back(settings.database_url, copy)
        undo.pop_all()
    for place in lacking.values():
        os.replace(_beside(place), place)
        sync_folder(place.parent)


def _lacks(place: Path, source: Path, *, begun: bool) -> bool:
    """Whether the copy is still to be put in its place. Raises BackupFault where something else is there, or in the way."""
    if _beside(place).exists() and not begun:
        raise BackupFault(f"{_beside(place)} is in the way, and nothing is written over: move it elsewhere")
    if any(place.iterdir()) if place.is_dir() else place.exists():
        if _digests(place) != _digests(source):
            raise BackupFault(
                f"{place} is there already, and nothing is written over: move it, or name a new data folder"
            )
        return False
    if place.is_mount():
        raise BackupFault(f"{place} is a mount point, and nothing can be put in its place: mount a folder above it")
    return source.exists()


def _is_filled(url: str, backup: Backup, *, ours: bool) -> bool:
    """Whether an earlier run has filled the server's database. Raises BackupFault where somebody else has."""
    if is_empty(url):
        return False
    if not ours or (newest_indexed(url) or 0) < (backup.index_block or 0):
        raise BackupFault("the database has tables already, and nothing is written over: name an empty one")
    return True


def _beside(place: Path) -> Path:
    return place.with_name(f"{place.name}.restoring")


def _copy(source: Path, target: Path) -> None:
    """Copies a file or folder, and has it on the disk."""
    private_folder(target.parent)
    if source.is_dir():
        try:
            shutil.copytree(source, target)
        except shutil.Error as faults:  # it goes on after the first, to which the others are due mostly
            raise OSError(faults.args[0][0][2]) from faults
    else:
        target.touch(mode=PRIVATE_FILE)
        shutil.copyfile(source, target)
    _settle(target)


def _settle(top: Path) -> None:
    """Makes a file, or a folder and all in it, durable."""
    for path in (top, *top.rglob("*")):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _copy_chain(source: Path, target: Path) -> int | None:
    """Copies the embedded chain, from a snapshot taken now where it runs; the newest block of the snapshot."""
    for last_try in (*[False] * (_TRIES - 1), True):
        if living_status(source) is not None:
            snapshot_chain(source)
        try:
            shutil.rmtree(target, ignore_errors=True)
            private_folder(target.resolve())
            for pattern in _CHAIN_FILES:
                for path in source.glob(pattern):
                    shutil.copy2(path, target / path.name)
            newest = next(iter(snapshot_files(target)), None)
            return None if newest is None else read_snapshot(newest)[0].number
        except FileNotFoundError:  # the next snapshot came meanwhile, and took the place of the one before
            if last_try:
                raise
    raise AssertionError("the last try returns or raises")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _digests(top: Path) -> dict[str, str]:
    """SHA-256 of a file, or of each file in a folder, by its path from there."""
    return {str(path.relative_to(top)): _digest(path) for path in (top, *sorted(top.rglob("*"))) if path.is_file()}
