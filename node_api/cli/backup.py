"""`vouchertrail backup`: take, check and restore backups of a node."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import rich_click as click

from node_api.cli.keys import key_ring
from node_api.cli.options import FAULT, Shared, fail, shared_options
from node_api.domain.errors import StoreUnavailable
from node_api.domain.printable import counted
from node_api.safekeeping import Backup, BackupFault, check_backup, restore_backup, take_backup
from node_api.storage.backup import CopyFailed

_AGAIN = "mend that and run the command again: it begins anew, and writes over nothing"
_MISSING = (
    "missing, of another key, or not to be opened: put these key files (and their password) back before it serves"
)
_UNKNOWN = "no fingerprint is kept of these key files, so another one in their place is not noticed"
_UNDONE = "whatever was told of blocks above {} does not stand any more, and no event says so: have who reads events begin there"
_FOLDER = click.argument("folder", type=click.Path(path_type=Path, file_okay=False))


@click.group(name="backup")
def cli() -> None:
    """Backups of database, embedded chain and deployments. Key files are listed, not copied: keep them apart."""


@cli.command()
@_FOLDER
@shared_options
def take(shared: Shared, folder: Path) -> None:
    """Take a backup into FOLDER, which is new, empty, or left by one that was cut off; the node may go on working."""
    with _faults(shared):
        backup = take_backup(shared.settings, key_ring(shared.settings), folder)
    shared.tell(asdict(backup), _line(backup, folder))


@cli.command()
@_FOLDER
@shared_options
def check(shared: Shared, folder: Path) -> None:
    """Compare every file of the backup in FOLDER with what was written."""
    with _faults(shared):
        backup = check_backup(folder)
    shared.tell(asdict(backup), _line(backup, folder))


@cli.command()
@_FOLDER
@shared_options
def restore(shared: Shared, folder: Path) -> None:
    """Make a node of the backup in FOLDER, where the settings name none yet. Cut off, it is run again."""
    with _faults(shared):
        backup, missing = restore_backup(shared.settings, key_ring(shared.settings), folder)
    keys = f"\n{_MISSING}: {', '.join(missing)}" if missing else ""
    undone = "" if backup.chain_block is None else f"\n{_UNDONE.format(backup.chain_block)}"
    shared.tell({**asdict(backup), "missing_keys": missing}, _line(backup, folder) + undone + keys)


@contextmanager
def _faults(shared: Shared) -> Iterator[None]:
    try:
        yield
    except (BackupFault, CopyFailed) as fault:
        fail(str(fault), FAULT, kind=type(fault).__name__, as_json=shared.as_json)
    except (StoreUnavailable, OSError) as fault:
        fail(f"{fault}; {_AGAIN}", FAULT, kind=type(fault).__name__, as_json=shared.as_json)


def _line(backup: Backup, folder: Path) -> str:
    chain = "a chain that others run" if backup.chain_block is None else f"chain at block {backup.chain_block}"
    unknown = [name for name, shown in backup.keys.items() if not shown]
    keys = f"\n{_UNKNOWN}: {', '.join(unknown)}" if unknown else ""
    return f"{folder}: {counted(len(backup.files), 'file')}, index at block {backup.index_block}, {chain}{keys}"
