"""`vouchertrail settlement`: merchants are paid in runs, prepared by one person and released by another."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path

import rich_click as click

from node_api.chain.contracts import custom_errors
from node_api.chain.durable import write_whole
from node_api.cli.audit_output import Section, line_name, local_day, plain, print_report
from node_api.cli.options import FAULT, NUMBER, USAGE, Shared, fail, shared_options
from node_api.cli.staff import MONEY, Parsed, Staff, staffed
from node_api.domain.ids import Amount, Day, MerchantId
from node_api.domain.importing.faults import BadValue
from node_api.domain.printable import counted
from node_api.domain.settlement import ControlTotals, EntryState, SettlementEntry, SettlementRun, control_totals
from node_api.services.auditing import find_programme
from node_api.services.settling import (
    due_entries,
    find_run,
    payable_now,
    preparation,
    prepared_run,
    release,
    runs_of,
    waiting_runs,
)

_EPOCH = date(1970, 1, 1)
_Written = tuple[SettlementRun, Path, Path | None]
"""A run, its file, and where the file of another run that had its name is kept now."""
_RUN = click.argument("number", metavar="RUN", type=NUMBER)


def _day(text: str) -> Day:
    try:
        return Day((date.fromisoformat(text) - _EPOCH).days)
    except ValueError:
        raise BadValue("a day is written 2026-05-31", "give year, month and day") from None


@click.group(name="settlement")
def cli() -> None:
    """Settlement runs. Two people, exact amounts, each paid once. Safe to call twice."""


@cli.command()
@click.option("--until", type=Parsed("day", _day), required=True, help="Last local day to pay, inclusive: 2026-05-31.")
@click.option("--programme", "name", metavar="ID|REF", help="Only this programme.")
@click.option(
    "--folder", type=click.Path(path_type=Path, file_okay=False), help="Where run files go; the node's folder."
)
@shared_options
def prepare(shared: Shared, until: Day, name: str | None, folder: Path | None) -> None:
    """Prepare runs of all merchants' days that are due, and write a file with control totals for each. TREASURER.

    A day is due where something is payable, its reversal and dispute window is over, and no run waits with it. Where the file
    of a run that waits is not in the folder, it is written from the chain: a call that was cut off left none. A file of another
    run that has its name, as of another chain, is kept beside it under another name.
    """
    with staffed(shared) as staff:
        into = folder or shared.settings.data / "settlements"
        with staff.reader() as reader:
            programme = None if name is None else find_programme(reader, name).id
            entries = due_entries(reader, staff.office.desk.now(), until, programme)
            waiting = waiting_runs(reader, programme)
        late = [_written(run, into) for run in waiting if not _is_file_of(_path(run, into), run)]
        _tell_prepared(shared, [_prepared(staff, part, into) for part in runs_of(entries)], late)


def _prepared(staff: Staff, entries: tuple[SettlementEntry, ...], folder: Path) -> _Written:
    staff.send(preparation(entries))
    with staff.reader() as reader:
        run = prepared_run(reader, entries)
    return _written(run, folder)


def _written(run: SettlementRun, folder: Path) -> _Written:
    folder.mkdir(parents=True, exist_ok=True)
    path = _path(run, folder)
    aside = None if not path.exists() or _is_file_of(path, run) else _set_aside(path)
    write_whole(path, [json.dumps(_file(run), indent=2).encode()])
    return run, path, aside


def _set_aside(path: Path) -> Path:
    """Gives a file a second name by its content, so that the same one has the same name, whatever is cut off when."""
    aside = path.with_name(f"{path.stem}-of-another-{hashlib.sha256(path.read_bytes()).hexdigest()[:16]}{path.suffix}")
    with suppress(FileExistsError):
        os.link(path, aside)
    return aside


def _path(run: SettlementRun, folder: Path) -> Path:
    return folder / f"run-{run.number}.json"


def _tell_prepared(shared: Shared, runs: Sequence[_Written], late: Sequence[_Written]) -> None:
    """Tells of the runs prepared now, and of those prepared before whose file was missing."""
    if shared.as_json:
        shared.tell({"runs": [_told(*one) for one in runs], "files": [_told(*one) for one in late]}, "")
        return
    whats = ((late, "was prepared before, its file was missing and is written now"), (runs, "is prepared"))
    for written, what in whats:
        for run, path, aside in written:
            click.echo(f"run {run.number} {what}: {counted(run.totals.entries, 'day')}, {run.totals.amount:,}; {path}")
            if aside is not None:
                click.echo(f"  the file that had its name is of another run or chain; it is kept as {aside}")
    if not runs:
        click.echo(f"{'' if late else 'nothing to do: '}nothing is due that does not stand in a run already")


def _told(run: SettlementRun, path: Path, aside: Path | None) -> dict[str, object]:
    told = {"run": run.number, "file": str(path), "totals": plain(run.totals)}
    return told if aside is None else told | {"set_aside": str(aside)}


def _file(run: SettlementRun) -> dict[str, object]:
    """A run as its file has it; what two people compare."""
    entries = [[entry.line, entry.merchant, entry.day, entry.amount] for entry in run.entries]
    return {"run": run.number, "hash": run.hash, "totals": plain(run.totals), "entries": entries}


def _has(file: Path, run: SettlementRun) -> bool:
    """Whether the file says what the chain has. Raises ValueError and RecursionError for what is no JSON."""
    return bool(json.loads(file.read_bytes()) == json.loads(json.dumps(_file(run))))


def _is_file_of(path: Path, run: SettlementRun) -> bool:
    try:
        return _has(path, run)
    except (FileNotFoundError, ValueError, RecursionError):
        return False


@cli.command(name="release")
@_RUN
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--total", type=MONEY, help="The control total you expect; instead of, or beside, the run's FILE.")
@shared_options
def release_command(shared: Shared, number: int, file: Path | None, total: Amount | None) -> None:
    """Release a run: the chain pays every entry exactly its amount, or passes over it. APPROVER.

    FILE, as `prepare` wrote it, or --total must agree with the run on the chain, else nothing is sent. Exit code 1 where
    an entry was passed over: it is payable still, and goes into a later run.
    """
    if file is None and total is None:
        fail("give the run's FILE or its --total", USAGE, kind="Usage", as_json=shared.as_json)
    with staffed(shared) as staff:
        with staff.reader() as reader:
            run = find_run(reader, number)
        _agree(shared, run, file, total)
        if run.released is None:
            staff.send(release(run))
            with staff.reader() as reader:
                run = find_run(reader, number)
        elif not shared.as_json:
            click.echo(f"nothing to do: run {number} was released")
        _print_run(staff, run)
        if any(entry.state is EntryState.SKIPPED for entry in run.entries):
            raise SystemExit(FAULT)


def _agree(shared: Shared, run: SettlementRun, file: Path | None, total: Amount | None) -> None:
    if total is not None and run.totals.amount != total:
        message = f"run {run.number} amounts to {run.totals.amount}, not to {total}; nothing was sent"
        fail(message, FAULT, kind="TotalDiffers", as_json=shared.as_json)
    if file is None:
        return
    try:
        same = _has(file, run)
    except (ValueError, RecursionError):
        fail(f"{file} is no run file", USAGE, kind="FileUnreadable", as_json=shared.as_json)
    if not same:
        message = f"{file} is not run {run.number} as the chain has it; nothing was sent: `prepare` writes it of a run that waits"
        fail(message, FAULT, kind="FileDiffers", as_json=shared.as_json)


@cli.command(name="list")
@shared_options
def list_runs(shared: Shared) -> None:
    """All runs with their totals."""
    with staffed(shared, sends=False) as staff, staff.reader() as reader:
        runs = reader.settlement_runs()
    rows = [
        (run.number, "open" if run.released is None else "released", run.totals.entries, run.totals.amount, run.paid)
        for run in runs
    ]
    whole = [{"run": run.number, "totals": run.totals, "paid": run.paid, "released": run.released} for run in runs]
    columns = ("run", "state", "days", "amount", "paid")
    print_report(shared, False, {"runs": whole}, [Section("Settlement runs", columns, rows)])


@cli.command()
@_RUN
@shared_options
def show(shared: Shared, number: int) -> None:
    """One run: entries, what is payable for each now, and control totals by merchant and line."""
    with staffed(shared, sends=False) as staff:
        with staff.reader() as reader:
            run = find_run(reader, number)
        _print_run(staff, run)


def _print_run(staff: Staff, run: SettlementRun) -> None:
    with staff.reader() as reader:
        now = payable_now(reader, run)
        refs = {merchant.id: merchant.ref for merchant in reader.merchants()}
    names = {"0x" + selector.hex(): error.name for selector, error in custom_errors().items()}
    reasons = {one.reason: names.get(one.reason, one.reason) for one in run.entries if one.reason is not None}
    rows = [
        (
            line_name(entry.line),
            refs.get(entry.merchant, str(entry.merchant)),
            local_day(entry.day),
            entry.amount,
            now[entry.line, entry.merchant, entry.day],
            entry.state.value,
            reasons.get(entry.reason or "", entry.account or ""),
        )
        for entry in run.entries
    ]
    columns = ("line", "merchant", "day", "amount", "payable now", "state", "account or reason")
    paid = control_totals(entry for entry in run.entries if entry.state is EntryState.PAID)
    title = f"Run {run.number}: {'waits for its release' if run.released is None else f'paid {run.paid:,}'}"
    sections = [Section(title, columns, rows), *_total_sections(run.totals, paid, refs)]
    whole = {"run": run, "totals": run.totals, "paid": paid, "reasons": reasons}
    print_report(staff.shared, False, whole, sections)


def _total_sections(totals: ControlTotals, paid: ControlTotals, refs: Mapping[MerchantId, str]) -> list[Section]:
    columns = ("", "prepared", "paid")
    merchants = [
        (refs.get(one, str(one)), amount, paid.by_merchant.get(one, 0)) for one, amount in totals.by_merchant.items()
    ]
    lines = [(line_name(one), amount, paid.by_line.get(one, 0)) for one, amount in totals.by_line.items()]
    return [
        Section("By merchant", columns, merchants),
        Section("By line", columns, lines),
        Section("In all", columns, [("", totals.amount, paid.amount)]),
    ]
