"""`python -m bench.http`: CPU time that HTTP takes of a redemption, by single requests and in batches."""

from __future__ import annotations

import itertools
import random
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import click
import orjson

from bench.redemptions.client import post, rush
from bench.redemptions.processes import cpu_seconds
from bench.redemptions.subjects import NotRedeemed
from bench.redemptions.town import process
from bench.redemptions.traffic import Signed
from node_api.domain.ids import Address, Amount, Hash, MerchantId, UnixSeconds, VoucherId
from node_api.domain.items import Item, Spend

_SEED, _OK = 22, 200
_LINES = {"single": (1, 256, "/v1/redemptions?wait=30"), "batch": (100, 16, "/v1/redemptions/batch?wait=30")}
"""Redemptions in a request, connections, path: as in `bench.redemptions`."""


@click.command()
@click.option("--count", default=10_000, show_default=True, type=click.IntRange(min=100), help="Redemptions of a run.")
@click.option("--runs", default=5, show_default=True, type=click.IntRange(min=1), help="The median of so many counts.")
def main(count: int, runs: int) -> None:
    """Prints microseconds of CPU, in the kernel and out of it, that a node's process takes for a redemption."""
    signed = [_signed(number) for number in range(count)]
    for name, (step, connections, path) in _LINES.items():
        bodies = [orjson.dumps(_body(signed[at : at + step], step)) for at in range(0, count, step)]
        used = _measure(path, bodies, connections, runs)
        each = [1e6 * seconds / count for seconds in used]
        low, high = min(each), max(each)
        click.echo(f"{name}: {statistics.median(each):.0f} µs a redemption ({low:.0f} to {high:.0f})")


def _measure(path: str, bodies: Sequence[bytes], connections: int, runs: int) -> list[float]:
    """CPU seconds of each run, after one that is not counted."""
    keys, found = itertools.count(), []
    with (
        tempfile.TemporaryDirectory(prefix="vouchertrail-bench-") as work,
        process([sys.executable, "-m", "bench.http.node"], Path(work) / "node.log") as (running, url),
    ):
        for _ in range(runs + 1):
            requests = [post(path, "vt_measured", f"key-{next(keys)}", body) for body in bodies]
            before = cpu_seconds({"node": running.pid})["node"]
            answered = rush(url.strip(), requests, connections)
            found.append(cpu_seconds({"node": running.pid})["node"] - before)
            for answer in answered.answers:
                if answer.status != _OK:
                    raise NotRedeemed(f"{answer.status}: {answer.body[:2_000]!r}")
    return found[1:]


def _body(part: Sequence[Signed], step: int) -> dict[str, object]:
    return part[0].body() if step == 1 else {"items": [one.body() for one in part]}


def _signed(number: int) -> Signed:
    """A redemption of the drawn ones' size, every second one by a code; nobody signed it."""
    rng = random.Random(f"{_SEED} {number}")
    item = Item(
        spends=(Spend(VoucherId(rng.randrange(1 << 40)), Amount(1_000)),),
        merchant=MerchantId(rng.randrange(1, 900)),
        bill=Amount(2_500),
        receipt=Hash("0x" + rng.randbytes(32).hex()),
        channel=0,
        deadline=UnixSeconds(1_800_000_000),
        signature=rng.randbytes(65),
    )
    return Signed(item, Address("0x" + "00" * 20), number % 2 == 0)


if __name__ == "__main__":
    main()
