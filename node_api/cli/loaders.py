"""`vouchertrail loaders`: import folders from other people's data, and spoiled copies of import folders."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import rich_click as click
from rich.console import Console
from rich.table import Table

from node_api.cli.options import FAULT, fail
from node_api.loaders.completejourney.calendar import weeks_behind
from node_api.loaders.completejourney.load import LoaderReport, load_completejourney
from node_api.loaders.completejourney.source import DataMissing
from node_api.loaders.spoil.spoil import EACH, FolderFaulty, SpoilReport, spoil_folder
from node_api.loaders.spoil.stock import CannotSpoil

_HALF = "{}; the folder is not whole: write it anew before it is loaded"
_WEEKS = click.IntRange(-2_400, 416_000)
"""Times of import folders lie in the years 1970 to 9999."""


@click.group("loaders")
def cli() -> None:
    """Write import folders (docs/import.md)."""


@cli.command()
@click.argument("out", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--weeks", type=_WEEKS, default=0, show_default=True, help="Move all times forward by so many whole weeks."
)
@click.option("--to-today", is_flag=True, help="As many whole weeks as put the data's last day just behind today.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def completejourney(out: Path, weeks: int, to_today: bool, as_json: bool) -> None:
    """Write the dunnhumby "Complete Journey" data to OUT: 27 coupon campaigns of a US grocer, 2017."""
    shift = weeks_behind(datetime.now(tz=UTC).date()) if to_today else weeks
    try:
        report = load_completejourney(out, shift)
    except DataMissing as missing:
        fail(str(missing), FAULT, kind="DataMissing", as_json=as_json)
    except OSError as fault:
        fail(_HALF.format(fault), FAULT, kind=type(fault).__name__, as_json=as_json)
    if as_json:
        click.echo(json.dumps(asdict(report)))
    else:
        _print_report(report, out)


def _print_report(report: LoaderReport, out: Path) -> None:
    table = Table("", "count", title=f"Complete Journey → {out}")
    table.columns[1].justify = "right"
    rows = {
        "programmes": report.programmes,
        "budget lines": report.budget_lines,
        "merchants": report.merchants,
        "batches": report.batches,
        "households": report.households,
        "households targeted": report.households_targeted,
        "rolls": report.rolls,
        "issues": report.issues,
        "vouchers": report.vouchers,
        "… of them second ones": report.vouchers_second,
        "redemptions": report.redemptions,
        **{f"… store by {name}": count for name, count in report.evidence.items()},
        "receipts": report.receipts,
        "codes": report.codes,
        "… with a synthetic bill": sum(report.synthetic_bills.values()),
        **{f"… because {reason}": count for reason, count in report.synthetic_bills.items()},
        "weeks moved forward": report.weeks,
    }
    for name, count in rows.items():
        table.add_row(name, f"{count:,}")
    Console().print(table)


@cli.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("out", type=click.Path(path_type=Path, file_okay=False))
@click.option("--seed", type=int, required=True, help="Of every draw: the same seed gives the same bytes.")
@click.option("--each", type=click.IntRange(1, 500), default=EACH, show_default=True, help="Broken codes of each kind.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def spoil(folder: Path, out: Path, seed: int, each: int, as_json: bool) -> None:
    """Copy FOLDER to OUT with redemptions that must be refused, the reason for each in the column expected."""
    try:
        report = spoil_folder(folder, out, seed, each)
    except (FolderFaulty, CannotSpoil, ValueError) as fault:
        fail(str(fault), FAULT, kind=type(fault).__name__, as_json=as_json)
    except OSError as fault:
        fail(_HALF.format(fault), FAULT, kind=type(fault).__name__, as_json=as_json)
    if as_json:
        click.echo(json.dumps(asdict(report)))
    else:
        _print_spoiled(report, out)


def _print_spoiled(report: SpoilReport, out: Path) -> None:
    table = Table("expected", "rows", title=f"Spoiled with seed {report.seed} → {out}")
    table.columns[1].justify = "right"
    for reason, count in report.reasons.items():
        table.add_row(reason, f"{count:,}")
    for reason, count in report.acts_refused.items():
        table.add_row(f"{reason}, of bookings", f"{count:,}")
    table.add_section()
    table.add_row("to be refused", f"{report.rows_refused:,}")
    table.add_row("left whole", f"{report.rows_whole:,}")
    table.add_row("sound ones added", f"{report.rows_sound_added:,}")
    table.add_row("acts in between", f"{report.acts:,}")
    Console().print(table)
