"""`python -m bench`: measures, prints one table, and writes the same as JSON into build/bench."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from bench.redemptions import lines as measured
from bench.redemptions.lines import KINDS, Length, Line
from bench.redemptions.processes import machine
from bench.redemptions.report import print_table, versions, write_json
from bench.redemptions.town import build_town
from node_api.loaders.completejourney.load import load_completejourney

OUT = Path(__file__).resolve().parents[1] / "build" / "bench"


@click.command()
@click.option("--what", default=",".join(KINDS), show_default=True, help="Lines, joined by commas.")
@click.option("--seconds", default=10.0, show_default=True, type=click.FloatRange(min=0.1), help="Of a run, about.")
@click.option("--runs", default=3, show_default=True, type=click.IntRange(min=1), help="The median of so many counts.")
@click.option("--warm-up", default=200, show_default=True, type=click.IntRange(min=1), help="Redemptions before.")
@click.option("--folder", type=click.Path(path_type=Path, exists=True), help="Import folder; else Complete Journey's.")
@click.option("--out", default=OUT, type=click.Path(path_type=Path), help="Folder of the JSON.")
def main(what: str, seconds: float, runs: int, warm_up: int, folder: Path | None, out: Path) -> None:
    """Redemptions a second of the node and of its peers, on this machine, in one run."""
    wanted = what.split(",")
    unknown = [name for name in wanted if name not in KINDS]
    if unknown:
        raise click.BadParameter(f"{', '.join(unknown)}: there are {', '.join(KINDS)}", param_hint="--what")
    with tempfile.TemporaryDirectory(prefix="vouchertrail-bench-") as name:
        work, here = Path(name), machine()
        town = build_town(folder or _complete_journey(work / "data"), work)
        facts = {**here, **versions(), "seconds": seconds, "runs": runs}
        found: list[Line] = []
        for line in wanted:
            click.echo(f"{KINDS[line].title} …", err=True)
            cores = int(str(here["cores"]))
            found.append(measured.measure(line, town, work, Length(seconds, runs, warm_up), cores))
    facts |= {"engine": found[0].engine}
    write_json(out / "redemptions.json", facts, found)
    print_table(facts, found)


def _complete_journey(out: Path) -> Path:
    load_completejourney(out, weeks=0)
    return out


if __name__ == "__main__":
    main()
