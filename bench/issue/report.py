"""The table for people, and the JSON beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.table import Table

from bench.issue.lines import Line
from bench.redemptions.report import Facts, console, print_facts, write_measured


def write_json(path: Path, facts: Facts, lines: Sequence[Line]) -> None:
    """Everything that was measured."""
    told = [{**asdict(line), "rate": line.rate, "times_peer": line.rate / lines[1].rate} for line in lines]
    write_measured(path, facts, {"lines": told})


def print_table(facts: Facts, lines: Sequence[Line]) -> None:
    """One row for each line; the first peer's rate is what others are a multiple of."""
    peer = lines[1]
    table = Table("", title="Vouchers issued, ten to each holder")
    for name in ("a second", "lowest–highest", "× ERC-1155", "gas each", "vouchers", "calls"):
        table.add_column(name, justify="right")
    for line in lines:
        table.add_row(
            line.name,
            f"{line.rate:,.0f}",
            f"{min(line.rates):,.0f}–{max(line.rates):,.0f}",
            f"{line.rate / peer.rate:,.1f}",
            f"{line.gas_each:,.0f}",
            f"{line.vouchers:,}",
            f"{line.calls:,}",
        )
    console().print(table)
    print_facts(facts)
