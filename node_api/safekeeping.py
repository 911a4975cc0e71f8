"""Backups of a node: its database, its embedded chain, its deployments, and a list of its key files; and the way back.

The database is copied before the chain, so the chain knows everything that the database believes; what came between is read
from the chain after the restore. Keys are listed, never copied: they belong where secrets are kept.
"""

from __future__ import annotations

import hashlib
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from node_api import __version__
from node_api.chain.durable import private_folder, sync_folder, write_whole
from node_api.chain.handle import living_status, snapshot_chain
from node_api.chain.keys import KeyRing, KeyRole
from node_api.chain.snapshot import read_snapshot, snapshot_files
from node_api.config import Settings
from node_api.storage.backup import bring_back, copy_out, newest_indexed

MANIFEST = "backup.json"
FORMAT = 1
_TRIES = 3
_CHAIN, _DEPLOYMENTS = "chain", "deployments"
_CHAIN_FILES = ("identity.json", "snapshot-*.bin", "blocks-*.jsonl")


class BackupFault(Exception):
    """A backup cannot be taken, is not whole, or cannot be restored here; the message says why."""


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup holds.

    Attributes:
        release: of the node that took it.
        taken_at: Unix seconds.
        index_block: where the index stood; None where it was empty.
        chain_block: newest block of the embedded chain's snapshot; None for a chain that others run.
        keys: account of each key file of the node, by role; empty for the wallet's master.
        files: SHA-256 of each file, by its path in the backup.
    """

    release: str
    taken_at: int
    index_block: int | None
    chain_block: int | None
    keys: dict[str, str]
    files: dict[str, str]


def take_backup(settings: Settings, keys: KeyRing, folder: Path) -> Backup:
    """Takes a backup into a new folder, while the node works.

    Raises:
        BackupFault: the folder is not empty, or the chain's snapshot is older than the index.
        CopyFailed: the database could not be copied.
        ChainNotReady: the embedded chain takes no snapshot.
    """
    if folder.exists() and any(folder.iterdir()):
        raise BackupFault(f"{folder} is not empty")
    private_folder(folder.resolve())
    index_block = newest_indexed(settings.database_url)
    copy_out(settings.database_url, folder)
    chain_block = _copy_chain(settings.chain_folder, folder / _CHAIN) if settings.chain_url is None else None
    if chain_block is not None and index_block is not None and chain_block < index_block:
        raise BackupFault(f"the chain's snapshot is of block {chain_block}, the index stands at {index_block}")
    if settings.deployments_folder.is_dir():
        shutil.copytree(settings.deployments_folder, folder / _DEPLOYMENTS)
    present = {role.value: "" if role is KeyRole.WALLET_MASTER else keys.address(role) for role in keys.present()}
    files = {str(path.relative_to(folder)): _digest(path) for path in sorted(folder.rglob("*")) if path.is_file()}
    backup = Backup(__version__, int(time.time()), index_block, chain_block, present, files)
    write_whole(folder / MANIFEST, [orjson.dumps({"format": FORMAT, **_plain(backup)}, option=orjson.OPT_INDENT_2)])
    return backup


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
        raise BackupFault(f"{folder} has form {form}, this release reads form {FORMAT}")
    for name, digest in backup.files.items():
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()) or not path.is_file():
            raise BackupFault(f"{name} is missing")
        if _digest(path) != digest:
            raise BackupFault(f"{name} has changed since it was written")
    return backup


def restore_backup(settings: Settings, keys: KeyRing, folder: Path) -> tuple[Backup, list[str]]:
    """Makes a node of a backup, where there is none yet.

    Returns: the backup, and the roles whose key files have to be put back, or are of another account.

    Raises:
        BackupFault: the backup is not whole, or a node is there already.
        CopyFailed: the database could not be brought back.
    """
    backup = check_backup(folder)
    places = {_CHAIN: settings.chain_folder, _DEPLOYMENTS: settings.deployments_folder}
    for place in places.values():
        if place.is_dir() and any(place.iterdir()):
            raise BackupFault(f"{place} is not empty: nothing is written over")
    bring_back(settings.database_url, next(folder.glob("database.*")))
    for name, place in places.items():
        if (folder / name).is_dir():
            private_folder(place.parent)
            shutil.copytree(folder / name, place, dirs_exist_ok=True)
            sync_folder(place)
    here = {role.value: "" if role is KeyRole.WALLET_MASTER else keys.address(role) for role in keys.present()}
    return backup, [role for role, account in backup.keys.items() if here.get(role) != account]


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


def _plain(backup: Backup) -> dict[str, Any]:
    return {name: getattr(backup, name) for name in Backup.__slots__}
