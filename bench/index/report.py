"""The table for people, and the JSON beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.table import Table

from bench.index.lines import Line
from bench.redemptions.report import Facts, console, print_facts, write_measured


def write_json(path: Path, facts: Facts, lines: Sequence[Line]) -> None:
    """Everything that was measured; the peer is the last line."""
    told = [{**asdict(line), "rate": line.rate, "times_peer": line.rate / lines[-1].rate} for line in lines]
    write_measured(path, facts, {"lines": told})


def print_table(facts: Facts, lines: Sequence[Line]) -> None:
    """One row for each line, and what it was measured on."""
    table = Table("", title="Index, events read from the chain")
    for name in ("a second", "lowest–highest", "× peer", "events", "CPU each, µs", "bytes each"):
        table.add_column(name, justify="right")
    for line in lines:
        table.add_row(
            line.name,
            f"{line.rate:,.0f}",
            f"{min(line.rates):,.0f}–{max(line.rates):,.0f}",
            f"{line.rate / lines[-1].rate:.1f}",
            f"{line.events:,}",
            f"{line.cpu_each:.1f}",
            "" if line.bytes_each is None else f"{line.bytes_each:,.0f}",
        )
    console().print(table)
    print_facts(facts)
