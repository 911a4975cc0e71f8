"""`python -m bench`: measures, prints tables, and writes the same as JSON into build/bench."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from bench.index import lines as index
from bench.index import report as index_report
from bench.issue import lines as issue
from bench.issue import report as issue_report
from bench.network import lines as network
from bench.record import lines as record
from bench.record import report as record_report
from bench.redemptions import lines as measured
from bench.redemptions.lines import KINDS, Length, Line
from bench.redemptions.processes import machine
from bench.redemptions.report import Facts, print_table, versions, write_json
from bench.redemptions.town import Town, build_town
from bench.start import lines as start
from bench.start import report as start_report
from bench.validators import lines as validators
from bench.validators import report as validators_report
from node_api.loaders.completejourney.load import load_completejourney
from tools.postgres import find_initdb, postgres_server

OUT = Path(__file__).resolve().parents[1] / "build" / "bench"
_START, _INDEX, _ISSUE, _RECORD = "start", "index", "issue", "record"
_NETWORK, _VALIDATORS = "network", "validators"
_UNASKED = (*KINDS, _START, _INDEX, _ISSUE, _RECORD)
_IN_TOWN = {*KINDS, _START, _INDEX, _NETWORK}
_LINES = (*_UNASKED, _NETWORK, _VALIDATORS)
"""The last two need geth."""
_THROW_AWAY = "postgresql"
"""Named in place of a URL: a server of its own."""
_SIZES = {_INDEX: 60_000, _ISSUE: 100_000, _RECORD: 1_000_000, _VALIDATORS: 40_000}
"""Redemptions in the chain that the index is measured on, vouchers issued, redemptions in the record, vouchers minted."""


@click.command()
@click.option("--what", default=",".join(_UNASKED), show_default=True, help="Lines, joined by commas.")
@click.option("--seconds", default=10.0, show_default=True, type=click.FloatRange(min=0.1), help="Of a run, about.")
@click.option("--runs", default=3, show_default=True, type=click.IntRange(min=1), help="The median of so many counts.")
@click.option("--warm-up", default=200, show_default=True, type=click.IntRange(min=1), help="Redemptions before.")
@click.option(
    "--size",
    type=click.IntRange(min=1),
    help="Redemptions of the index (60,000) or the record (a million), vouchers issued (100,000).",
)
@click.option(
    "--database",
    help="For the record: URL of an empty one, or `postgresql` for a throw-away server; else an SQLite file.",
)
@click.option("--folder", type=click.Path(path_type=Path, exists=True), help="Import folder; else Complete Journey's.")
@click.option("--out", default=OUT, type=click.Path(path_type=Path), help="Folder of the JSON.")
def main(
    what: str,
    seconds: float,
    runs: int,
    warm_up: int,
    size: int | None,
    database: str | None,
    folder: Path | None,
    out: Path,
) -> None:
    """Redemptions a second of the node and of its peers, events a second of its index, and what a large record takes."""
    wanted = what.split(",")
    unknown = [name for name in wanted if name not in _LINES]
    if unknown:
        raise click.BadParameter(f"{', '.join(unknown)}: there are {', '.join(_LINES)}", param_hint="--what")
    with tempfile.TemporaryDirectory(prefix="vouchertrail-bench-") as name:
        work = Path(name)
        facts: Facts = {**machine(), **versions(), "runs": runs}
        source = work / "data" if folder is None else folder
        if set(wanted) & _IN_TOWN:
            if folder is None:
                load_completejourney(source, weeks=0)
            town = build_town(source, work)
            lines = [name for name in wanted if name in KINDS]
            _redemptions(lines, town, work, Length(seconds, runs, warm_up), facts, out)
            if _START in wanted:
                _start(town, work, facts, out)
            if _INDEX in wanted:
                _index(town, work, size or _SIZES[_INDEX], runs, facts, out)
            if _NETWORK in wanted:
                _network(town, source, work / "net", Length(seconds, runs, warm_up), facts, out)
        if _ISSUE in wanted:
            _issue(work / "issue", size or _SIZES[_ISSUE], runs, facts, out)
        if _VALIDATORS in wanted:
            _validators(work / "validators", size or _SIZES[_VALIDATORS], facts, out)
        if _RECORD in wanted:
            _record(work / "record", size or _SIZES[_RECORD], database, facts, out)


def _redemptions(wanted: Sequence[str], town: Town, work: Path, length: Length, facts: Facts, out: Path) -> None:
    if not wanted:
        return
    found: list[Line] = []
    for line in wanted:
        click.echo(f"{KINDS[line].title} …", err=True)
        found.append(measured.measure(line, town, work, length, int(str(facts["cores"]))))
    told = {**facts, "seconds": length.seconds, "engine": found[0].engine}
    write_json(out / "redemptions.json", told, found)
    print_table(told, found)


def _start(town: Town, work: Path, facts: Facts, out: Path) -> None:
    click.echo("start …", err=True)
    found = start.measure(town, work)
    told = {**facts, "engine": found[0].engine}
    start_report.write_json(out / "start.json", told, found)
    start_report.print_table(told, found)


def _index(town: Town, work: Path, size: int, runs: int, facts: Facts, out: Path) -> None:
    click.echo(f"index, after {size:,} redemptions …", err=True)
    found = index.measure(town, work, size, runs)
    told = {**facts, "engine": found[0].engine}
    index_report.write_json(out / "index.json", told, found)
    index_report.print_table(told, found)


def _issue(work: Path, size: int, runs: int, facts: Facts, out: Path) -> None:
    click.echo(f"issue of {size:,} vouchers …", err=True)
    found = issue.measure(work, size, runs)
    told = {**facts, "engine": found[0].engine}
    issue_report.write_json(out / "issue.json", told, found)
    issue_report.print_table(told, found)


def _network(town: Town, source: Path, work: Path, length: Length, facts: Facts, out: Path) -> None:
    click.echo("network …", err=True)
    found = network.measure(town, source, work, length, int(str(facts["cores"])))
    told = {**facts, "engine": found[0].engine}
    write_json(out / "network.json", told, found)
    print_table(told, found)


def _validators(work: Path, size: int, facts: Facts, out: Path) -> None:
    click.echo(f"networks, {size:,} vouchers minted on each …", err=True)
    found = validators.measure(work, size // validators.BATCHES)
    told = {**facts, "engine": found[0].engine}
    validators_report.write_json(out / "validators.json", told, found)
    validators_report.print_table(told, found)


def _record(work: Path, size: int, database: str | None, facts: Facts, out: Path) -> None:
    click.echo(f"record of {size:,} redemptions …", err=True)
    work.mkdir()
    with _database(database) as url:
        found = record.measure(work, size, url)
    told = {**facts, "engine": found.issued.engine}
    record_report.write_json(out / f"record-{found.database}-{size}.json", told, found)
    record_report.print_table(told, found)


@contextmanager
def _database(named: str | None) -> Iterator[str | None]:
    """The URL that was named, or that of a server which lasts as long as the context."""
    if named != _THROW_AWAY:
        yield named
        return
    initdb = find_initdb()
    if initdb is None:
        raise click.ClickException("PostgreSQL's server is not installed here")
    with postgres_server(initdb) as server:
        yield server.create()


if __name__ == "__main__":
    main()
