"""The table for people, and the JSON beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.redemptions.lines import KINDS, Line

_PACKAGES = ("coincurve", "eth-account", "fastapi", "sqlalchemy", "uvicorn", "web3")
_PEERS = {KINDS[name].title for name in ("fastapi", "clocked")}

Facts = Mapping[str, object]


def versions() -> dict[str, str]:
    """Of what the figures rest on."""
    return {name: version(name) for name in ("vouchertrail", *_PACKAGES)}


def ratios(lines: Sequence[Line]) -> dict[str, float]:
    """Each line's rate as a multiple of the peer's of the same run, the faster of its two ways; empty where neither was run."""
    peer = max((line.rate for line in lines if line.name in _PEERS), default=None)
    return {} if peer is None else {line.name: line.rate / peer for line in lines}


def write_json(path: Path, facts: Facts, lines: Sequence[Line]) -> None:
    """Everything that was measured."""
    times = ratios(lines)
    told = [{**asdict(line), "rate": line.rate, "times_peer": times.get(line.name)} for line in lines]
    write_measured(path, facts, {"lines": told})


def write_measured(path: Path, facts: Facts, measured: dict[str, object]) -> None:
    """What was measured, with what it was measured on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**facts, **measured}, indent=2) + "\n", encoding="utf-8")


def print_table(facts: Facts, lines: Sequence[Line]) -> None:
    """One row for each line, and what it was measured on."""
    table = Table("", title="Redemptions, to final receipt and indexed")
    for head in ("a second", "lowest–highest", "× peer", "p50 ms", "p99 ms", "gas", "new slots", "a call", "generator"):
        table.add_column(head, justify="right")
    table.add_column("CPU, µs each")
    table.add_column("memory, MiB (+ a minute)")
    times = ratios(lines)
    for line in lines:
        p50, p99 = (f"{value:,.0f}" for value in line.latency_ms) if line.latency_ms else ("", "")
        table.add_row(
            line.name,
            f"{line.rate:,.0f}",
            f"{min(line.rates):,.0f}–{max(line.rates):,.0f}",
            f"{times[line.name]:.1f}" if times else "",
            p50,
            p99,
            f"{line.gas_each:,.0f}",
            f"{line.slots_each:.2f}",
            f"{line.redemptions / line.calls:,.1f}",
            f"{line.generator_share:.0%}",
            ", ".join(_cpu(line, int(str(facts["cores"])))),
            ", ".join(_memory(line, of) for of in line.memory_mib),
        )
    console().print(table)
    print_facts(facts)


def _cpu(line: Line, cores: int) -> Iterator[str]:
    """What each process, and the load generator, took for one redemption."""
    for name, share in {**line.shares, "generator": line.generator_share}.items():
        yield f"{name} {share * cores * 1e6 / line.rate:,.0f}"


def _memory(line: Line, of: str) -> str:
    """Before, after, and how fast it grew at the end."""
    before, after = line.memory_mib[of]
    return f"{of} {before}→{after}" + (f" ({line.memory_slope[of]:+.1f})" if line.memory_slope else "")


def console() -> Console:
    """As wide as its terminal, and wide enough for every column where there is none."""
    return Console(width=None if Console().is_terminal else 200)


def print_facts(facts: Facts) -> None:
    """What a table was measured on, below it."""
    console().print(", ".join(f"{name} {value}" for name, value in facts.items()), highlight=False)
