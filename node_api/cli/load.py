"""`vouchertrail load`: check an import folder, show the plan, load what is missing."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path

import rich_click as click
from rich.table import Column, Table

from node_api.chain.life_calls import exception_id
from node_api.cli.folder import bar, checked_folder, console, fail_differing, say_aside
from node_api.cli.options import FAULT, Shared, fail, shared_options
from node_api.cli.outlook import look_ahead
from node_api.cli.treasury import open_treasury, treasury_lock
from node_api.domain.printable import counted
from node_api.domain.validity import BatchSpan
from node_api.services.import_folder import ImportFolder
from node_api.services.loading.load import FolderDiffers, FundsMissing, Loading, Tally
from node_api.services.loading.plan import PlanLine, plan_of
from node_api.services.loading.seen import Seen
from node_api.services.loading.terms import batch_terms
from node_api.services.loading.work import Work
from node_api.services.ports.treasury import CommandRefused
from node_api.services.validity import NO_PROGRAMME, span


@click.command(name="load")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--dry-run", is_flag=True, help="Check and show the plan; send nothing.")
@shared_options
def cli(shared: Shared, folder: Path, dry_run: bool) -> None:
    """Load an import FOLDER: programmes, budget lines, merchants, batches, holders, issues.

    The whole folder is checked first; with any fault in it nothing is loaded (exit code 2). What is on chain already is
    left as it is, so a load that was cut off goes on where it stopped, and a second run does nothing. Terminals that were
    removed since, limits that were changed and suspensions that were taken back are told as differences (exit code 2).
    """
    loaded = load_folder(shared, checked_folder(shared, folder), dry_run)
    _tell(shared, loaded, dry_run)


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load planned and did, what the chain has of the folder now, how long it took, and what it warned of."""

    work: Work
    plan: tuple[PlanLine, ...]
    tally: Tally
    seen: Seen
    seconds: float
    warnings: tuple[str, ...]


def load_folder(shared: Shared, folder: ImportFolder, dry_run: bool = False) -> Loaded:
    """Loads a checked folder, with plan and progress shown to people. Ends the command where it cannot be loaded."""
    began = time.monotonic()
    with treasury_lock(shared.settings):
        office = open_treasury(shared.settings)
        try:
            loading = Loading(folder, office.desk, office.book, office.wallets)
            plan = plan_of(folder, loading.work)
            warnings = look_ahead(shared, office, _spans(loading))
            if not shared.as_json and (dry_run or not loading.work.is_nothing):
                console.print(_plan_table(plan))
            if not dry_run and not loading.work.is_nothing:
                with bar(shared, "loading") as advance:
                    total = sum(line.transactions for line in plan)
                    loading.run(lambda stage, count: advance(stage, count, total), say_aside)
            seconds = time.monotonic() - began
            return Loaded(loading.work, plan, loading.tally, loading.seen, seconds, tuple(warnings))
        except FolderDiffers as fault:
            fail_differing(shared, fault)
        except FundsMissing as fault:
            fail(str(fault), FAULT, kind=type(fault).__name__, as_json=shared.as_json)
        except CommandRefused as fault:
            told = f"{fault}; what was done before stays: mend the cause and load again"
            fail(told, FAULT, kind=fault.error or "CommandRefused", as_json=shared.as_json)
        finally:
            office.rpc.close()


def _spans(loading: Loading) -> list[BatchSpan]:
    """The batches still to be opened."""
    there = loading.seen.programmes
    programmes = {ref: there[ref].id for ref in there}
    batches = {row.ref: batch_terms(row, programmes.get(row.programme, NO_PROGRAMME)) for row in loading.work.batches}
    return [span(ref, terms, exception_id(ref, terms)) for ref, terms in batches.items()]


def _tell(shared: Shared, loaded: Loaded, dry_run: bool) -> None:
    tally, work, plan, seconds = loaded.tally, loaded.work, loaded.plan, loaded.seconds
    waiting = [row.ref for row in work.waiting]
    fields: dict[str, object] = {
        "dry_run": dry_run,
        "nothing_to_do": work.is_nothing,
        "plan": [asdict(line) for line in plan],
        "sent": {kind: {"transactions": n, "gas": tally.gas[kind]} for kind, n in tally.transactions.items()},
        "roll_and_issue_gas": tally.supply_gas,
        "seconds": round(seconds, 2),
        "stages": {name: round(value, 2) for name, value in tally.seconds.items()},
        "waiting": waiting,
        "warnings": list(loaded.warnings),
    }
    if dry_run:
        sent = f"{counted(sum(line.transactions for line in plan), 'transaction')} would be sent; nothing was"
    elif work.is_nothing:
        sent = "nothing to do: everything in the folder is on chain"
    else:
        sent = (
            f"{counted(tally.transactions.total(), 'transaction')}, {tally.gas.total():,} gas "
            f"({tally.supply_gas:,} for rolls and issues) in {seconds:.1f} s"
        )
    later = f"\nactivated later, when their time has come: {', '.join(waiting)}" if waiting else ""
    shared.tell(fields, sent + later)


def _plan_table(plan: tuple[PlanLine, ...]) -> Table:
    heads = ("in the files", "on chain", "to do", "transactions", "gas, about")
    table = Table("what", *(Column(name, justify="right") for name in heads))
    for line in plan:
        cells = (line.in_files, line.there, line.to_do, line.transactions, line.gas)
        table.add_row(line.what, *(f"{value:,}" for value in cells))
    total = (sum(line.transactions for line in plan), sum(line.gas for line in plan))
    table.add_section()
    table.add_row("in all", "", "", "", *(f"{value:,}" for value in total))
    return table
