"""What commands that take an import folder share: its check with every fault told, and a progress bar."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import NoReturn

import rich_click as click
from eth_utils.address import is_checksum_address
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from node_api.cli.options import USAGE, Shared, fail
from node_api.domain.printable import counted
from node_api.services.import_folder import FaultReport, ImportFolder, check_folder
from node_api.services.loading.load import FolderDiffers

_WIDTH = 120

console = Console(width=None if sys.stdout.isatty() else _WIDTH)
"""For people; a pipe gets lines wide enough for the tables."""


def checked_folder(shared: Shared, folder: Path) -> ImportFolder:
    """The folder, checked; ends the command with every fault told where there is one."""
    with bar(shared, "checking") as advance:
        read: dict[str, int] = {}

        def progress(file: str, done: int, total: int) -> None:
            advance(f"checking {file}", (done - read.get(file, 0)) // 1024, total // 1024)
            read[file] = done

        found = check_folder(folder, progress=progress, checksum=is_checksum_address)
    if isinstance(found, FaultReport):
        tell_faults(shared, folder, found)
        raise SystemExit(USAGE)
    return found


def tell_faults(shared: Shared, folder: Path, report: FaultReport) -> None:
    """Prints every fault kept, and how many there are."""
    if shared.as_json:
        shared.tell({"faults": [asdict(fault) for fault in report.faults], "total": report.total}, "")
        return
    for fault in report.faults:
        click.echo(str(fault), err=True)
    more = f", the first {len(report.faults):,} are shown" if report.total > len(report.faults) else ""
    click.echo(f"{counted(report.total, 'fault')} in {folder}{more}; nothing was changed", err=True)


def fail_differing(shared: Shared, fault: FolderDiffers) -> NoReturn:
    """Ends the command with all that the chain has otherwise than the folder."""
    lines = "\n".join(map(str, fault.differences))
    fail(f"{fault}\n{lines}", USAGE, kind="FolderDiffers", as_json=shared.as_json)


@contextmanager
def bar(shared: Shared, title: str) -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar on the terminal; silent for programs and pipes."""
    columns = (TextColumn("{task.description:32}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    silent = shared.as_json or not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=silent) as progress:
        task = progress.add_task(title, total=None)

        def advance(description: str, count: int, total: int) -> None:
            progress.update(task, description=description, advance=count, total=total)

        yield advance


def say_aside(remark: str) -> None:
    """Tells of something remarkable while a command goes on: on stderr, for people and programs alike."""
    click.echo(remark, err=True)
