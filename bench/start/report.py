"""The table for people, and the JSON beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.table import Table

from bench.redemptions.report import Facts, console, print_facts, write_measured
from bench.start.lines import Line


def write_json(path: Path, facts: Facts, lines: Sequence[Line]) -> None:
    """Everything that was measured."""
    write_measured(path, facts, {"lines": [{**asdict(line), "median": line.median} for line in lines]})


def print_table(facts: Facts, lines: Sequence[Line]) -> None:
    """One row for each line."""
    table = Table("", title="From the command to the first answer")
    for name in ("seconds", "lowest–highest", "memory, MiB"):
        table.add_column(name, justify="right")
    for line in lines:
        spread = f"{min(line.seconds):.2f}–{max(line.seconds):.2f}"
        table.add_row(line.name, f"{line.median:.2f}", spread, f"{line.memory_mib:,}")
    console().print(table)
    print_facts(facts)
