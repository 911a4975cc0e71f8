"""`python -m bench.chaos`: rounds of faults from one seed; prints what befell the node, and what the checker found."""

from __future__ import annotations

import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import click

from bench.chaos.acts import Sizes
from bench.chaos.faults import Befallen, Kind, Want
from bench.chaos.minimums import ROUNDS, short_of
from bench.chaos.place import build
from bench.chaos.rounds import Outcome, play
from bench.redemptions.town import Town
from tools.postgres import PostgresServer, find_initdb, postgres_server

OUT = Path(__file__).resolve().parents[2] / "build" / "chaos"
_PLACES = 1_000
_WITH_INTAKE = {3, 0}
"""Of four rounds, by number: one on each database."""
_DEPTH = 2
"""In one round of three, by number from the second on, a block is final once so many stand on it."""


@click.command()
@click.option("--seed", default=1, show_default=True, help="Draws everything; the same seed draws the same.")
@click.option("--rounds", default=10, show_default=True, type=click.IntRange(min=1), help="How many.")
@click.option("--only", type=click.IntRange(min=1), help="Play the round of this number alone.")
def main(seed: int, rounds: int, only: int | None) -> None:
    """Kills, reorganisations, faults of the way to the chain, clock jumps; every second round on PostgreSQL.

    Where PostgreSQL is not installed all rounds are on SQLite. Of four rounds two have nodes with a process that takes in.
    Of three rounds one has a chain whose blocks are final once two stand on them. The exit code is 1 where the checker found
    something, and where a full run has delivered too little of anything.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # whatever was started ends with it
    done, checked, way, faults = Counter[str](), Counter[str](), Counter[Befallen](), 0
    began = time.monotonic()
    with ExitStack() as stack:
        work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vouchertrail-chaos-")))
        initdb = find_initdb()
        server = None if initdb is None else stack.enter_context(postgres_server(initdb))
        click.echo(f"seed {seed}; PostgreSQL is {'not ' if server is None else ''}installed", err=True)
        town = build(work / "town", _PLACES)
        for number in [only] if only else range(1, rounds + 1):
            outcome = _round(town, work, seed, number, server if number % 2 == 0 else None)
            done, checked, way = done + outcome.done, checked + outcome.checked, way + outcome.way
            faults += len(outcome.faults)
    _print("befell", done)
    _print_way(way)
    _print("checked", checked)
    kills = sum(count for what, count in done.items() if what.startswith("SIGKILL"))
    moved = sum(count for what, count in done.items() if what.startswith("reorganisation"))
    click.echo(f"{kills} kills, {moved} reorganisations, {faults} findings, {time.monotonic() - began:,.0f} s")
    short = short_of(done, checked, way, server=server is not None) if only is None and rounds >= ROUNDS else []
    for what in short:
        click.echo(f"too little: {what}")
    raise SystemExit(1 if faults or short else 0)


def _round(town: Town, work: Path, seed: int, number: int, server: PostgresServer | None) -> Outcome:
    """Plays one and tells how it went; the logs are kept where something was found."""
    began, folder = time.monotonic(), work / f"round-{number}"
    folder.mkdir()
    intakes = 1 if number % 4 in _WITH_INTAKE else 0
    depth = _DEPTH if number % 3 == 2 else 0
    sizes = Sizes(depth=depth) if depth else Sizes()
    outcome = play(town, folder, f"{seed} {number}", sizes, server, intakes, confirmations=depth)
    kind = ("SQLite" if server is None else "PostgreSQL") + (", with a process that takes in" if intakes else "")
    kind += f", final at depth {depth}" if depth else ""
    kills = sum(count for what, count in outcome.done.items() if what.startswith("SIGKILL"))
    items, seconds = outcome.checked["items"], time.monotonic() - began
    click.echo(
        f"round {number} on {kind}: {kills} kills, {items} redemptions, {seconds:.0f} s, {len(outcome.faults)} findings"
    )
    if outcome.faults:
        OUT.mkdir(parents=True, exist_ok=True)
        for log in folder.glob("*.log"):
            shutil.copy(log, OUT / f"seed-{seed}-round-{number}-{log.name}")
        click.echo("\n".join(f"  {fault}" for fault in outcome.faults))
        click.echo(f"  again: make chaos SEED={seed} ROUND={number}    log: {OUT}")
    shutil.rmtree(folder, ignore_errors=True)
    return outcome


def _print(what: str, counts: Counter[str]) -> None:
    click.echo(what)
    for name, count in sorted(counts.items()):
        click.echo(f"{count:>9,} {name}")


def _print_way(way: Counter[Befallen]) -> None:
    """How often each kind of fault befell each class of requests."""
    click.echo(f"{'faults of the way':<25}" + "".join(f"{want:>9}" for want in Want))
    for kind in Kind:
        click.echo(f"{kind:<25}" + "".join(f"{way[kind, want] or '':>9}" for want in Want))


if __name__ == "__main__":
    main()
