"""The table for people, and the JSON beside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from rich.table import Table

from bench.record.lines import Record
from bench.record.timing import Spread
from bench.redemptions.report import Facts, console, print_facts, write_measured

_MILLION = 1_000_000


def write_json(path: Path, facts: Facts, record: Record) -> None:
    """Everything that was measured."""
    write_measured(path, facts, asdict(record))


def print_table(facts: Facts, record: Record) -> None:
    """One row for each figure, and what it was measured on."""
    table = Table("", title=f"A record of {record.redemptions:,} redemptions, {record.database}")
    table.add_column("p50, or all of it", justify="right")
    table.add_column("p99", justify="right")
    for row in _rows(record):
        table.add_row(*row)
    console().print(table)
    print_facts(facts)


def _rows(record: Record) -> Iterator[tuple[str, ...]]:
    cost = record.issued
    yield f"issue {record.vouchers:,} vouchers, s", f"{cost.seconds:,.1f}"
    yield "… gas, million", f"{cost.gas / _MILLION:,.0f}"
    yield "… chain: memory, MiB; on disk, MiB", f"{cost.anvil_mib:,}; {cost.chain_mib:,}"
    yield "… memory of the command that issues, MiB", f"{cost.load_mib:,}"
    yield "… index them, s", f"{record.issued_index_seconds:,.1f}"
    yield "… reconcile them, s", f"{record.issued_reconcile_seconds:,.1f}"
    yield "… database, MiB", f"{record.issued_database_mib:,}"
    yield "… a holder's list, ms", *_spread(record.issued_list)
    yield "index the redemptions, s", f"{record.index_seconds:,.1f}"
    yield "trace, reader opened for each, ms", *_spread(record.trace)
    yield "trace, within one reader, ms", *_spread(record.trace_within)
    yield "trace over HTTP, ms", *_spread(record.http.trace)
    yield "a holder's list, ms", *_spread(record.list)
    yield "a holder's list over HTTP, ms", *_spread(record.http.list)
    yield "a merchant's statement, ms", *_spread(record.statement)
    yield "a merchant's statement over HTTP, ms", *_spread(record.http.statement)
    yield "totals of the programme, ms", *_spread(record.totals)
    yield f"reconcile, {record.words:,} words of the chain, s", f"{record.reconcile_seconds:,.1f}"
    yield "database, MiB", f"{record.database_mib:,}"
    yield "… MiB for a million redemptions", f"{record.bytes_each * _MILLION / (1 << 20):,.0f}"
    yield "memory of the process that indexes, MiB", f"{record.node_mib:,}"
    yield "start of a node that is served on it, s", f"{record.http.start_seconds:,.1f}"
    yield "… its memory when it is ready, MiB; after all reads", f"{record.http.started_mib:,}; {record.http.mib:,}"


def _spread(spread: Spread) -> tuple[str, str]:
    return f"{spread.p50:,.3f}", f"{spread.p99:,.3f}"
