"""The table for people, and the JSON beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.table import Table

from bench.redemptions.report import Facts, console, print_facts, write_measured
from bench.validators.lines import Line

_MILLION, _MIB = 1_000_000, 1 << 20


def write_json(path: Path, facts: Facts, lines: Sequence[Line]) -> None:
    """Everything that was measured."""
    write_measured(path, facts, {"lines": [asdict(line) for line in lines]})


def print_table(facts: Facts, lines: Sequence[Line]) -> None:
    """One row for each network."""
    table = Table("validators", title="Networks on this machine, an observer beside the validators")
    for name in ("at rest, of a core", "million gas", "a second", "CPU s of a node for 1,000", "memory of a node, MiB"):
        table.add_column(name, justify="right")
    table.add_column("disk of a node, MiB for 1,000", justify="right")
    for line in lines:
        table.add_row(
            f"{line.validators}",
            f"{line.rest_share:.0%}",
            f"{line.gas / _MILLION:,.0f}",
            f"{line.gas / _MILLION / line.seconds:,.1f}",
            f"{line.cpu_each:.1f}",
            f"{line.memory_mib:,.0f}",
            f"{line.disk_bytes / _MIB / (line.gas / 1e9):,.0f}",
        )
    console().print(table)
    print_facts(facts)
