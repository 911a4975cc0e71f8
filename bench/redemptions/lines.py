"""The lines of the table: each on a copy of the town of its own, warmed up, run several times, then paced at half its rate."""

from __future__ import annotations

import math
import sqlite3
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from bench.redemptions import chain, subjects
from bench.redemptions.processes import cpu_seconds, memory_mib, watched
from bench.redemptions.subjects import Done, FastApiPeer, Node, NotRedeemed, PlainPeer, Subject
from bench.redemptions.town import Place, Town, copied, served
from bench.redemptions.traffic import Traffic, drawn, neighbours

BATCH = 100
_SINGLES, _BATCHES, _PEERS = 512, 64, 64
"""Connections: of batches enough that a call of the node is full whenever it is sent, of peers that they never wait for one."""
_BLOCK_SECONDS = 0.05
"""So that transactions of a peer share a block: anvil makes one for each by itself, which costs it more than the transaction."""
_TOGETHER = "--intake", "2"
_LONGEST_WARM_UP, _PACED = 5.0, 30.0
"""Seconds at most."""


@dataclass(frozen=True, slots=True)
class Line:
    """What one line of the table says.

    Attributes:
        engine: what the chain's engine calls itself.
        rates: redemptions a second of each run.
        latency_ms: p50 and p99 at half the median rate; None where that was not asked.
        gas_each, slots_each: gas, and storage slots that were empty before, for each redemption.
        calls: transactions, of all runs.
        generator_share: CPU of the load generator, of all cores, in the runs.
        shares: the same of each process of the subject.
        memory_mib: of each process, before the runs and after.
        memory_slope: MiB a minute by which each one's own grew in the second half of the last run; empty where that was short.
    """

    name: str
    engine: str
    redemptions: int
    rates: Sequence[float]
    latency_ms: tuple[float, float] | None
    gas_each: float
    slots_each: float
    calls: int
    generator_share: float
    shares: Mapping[str, float]
    memory_mib: Mapping[str, tuple[int, int]]
    memory_slope: Mapping[str, float]

    @property
    def rate(self) -> float:
        """The median."""
        return statistics.median(self.rates)


@dataclass(frozen=True, slots=True)
class Length:
    """Seconds that a run is to last, about, how many there are, and redemptions before the first."""

    seconds: float
    runs: int
    warm_up: int


@dataclass(frozen=True, slots=True)
class Kind:
    """How a line is measured."""

    title: str
    open: Callable[[Town, Place], Iterator[Subject]]
    paced: bool
    is_node: bool = True


def by_node(
    traffic: Callable[[Town], Traffic], step: int, connections: int
) -> Callable[[Town, Place], Iterator[Subject]]:
    def opened(town: Town, place: Place) -> Iterator[Subject]:
        with served(place) as url:
            yield Node(url, town, traffic(town), step, connections)

    return opened


def _fastapi(town: Town, place: Place) -> Iterator[Subject]:
    with subjects.fastapi_peer(town, place) as url:
        yield FastApiPeer(url, drawn(town), _PEERS)


def _clocked(town: Town, place: Place) -> Iterator[Subject]:
    with chain.mined_every(place.chain_url, _BLOCK_SECONDS):
        yield from _fastapi(town, place)


def _plain(town: Town, place: Place) -> Iterator[Subject]:
    with subjects.plain_peer(town, place) as running:
        yield PlainPeer(running, drawn(town))


KINDS: Mapping[str, Kind] = {
    "single": Kind("node, single requests, drawn", by_node(drawn, 1, _SINGLES), paced=True),
    "batch": Kind("node, batches of 100, drawn", by_node(drawn, BATCH, _BATCHES), paced=False),
    "neighbours": Kind("node, batches of 100, neighbours", by_node(neighbours, BATCH, _BATCHES), paced=False),
    "fastapi": Kind("FastAPI + AsyncWeb3, drawn", _fastapi, paced=True, is_node=False),
    "clocked": Kind("FastAPI + AsyncWeb3, 20 blocks a second", _clocked, paced=True, is_node=False),
    "web3": Kind("web3.py in a loop, drawn", _plain, paced=False, is_node=False),
}


def measure(name: str, town: Town, work: Path, length: Length, cores: int) -> Line:
    """One line, on a copy of the town in `work`."""
    kind = KINDS[name]
    with copied(town, work / name) as place:
        together = replace(place, options=_TOGETHER) if kind.is_node else place
        return measure_at(kind, town, together, length, cores)


def measure_at(kind: Kind, town: Town, place: Place, length: Length, cores: int) -> Line:
    """One line, at a place of its own."""
    with contextmanager(kind.open)(town, place) as subject:
        warm = _warmed(subject, length)
        count = _whole(subject, length.seconds * warm[-1].redemptions / warm[-1].seconds)
        first, memory = chain.head(place.chain_url) + 1, memory_mib(place.processes)
        with watched(place.processes) as watch:
            timed = [_run(subject, count, place.processes) for _ in range(length.runs)]
        runs = [run for run, _ in timed]
        after, cost = memory_mib(place.processes), chain.cost(place.chain_url, first, chain.head(place.chain_url))
        rates = [run.redemptions / run.seconds for run in runs]
        paced = _paced(subject, statistics.median(rates) / 2, min(_PACED, length.seconds)) if kind.paced else None
        engine = chain.client_version(place.chain_url)
        if kind.is_node:
            _require_indexed(place.data, sum(one.redemptions for one in (*warm, *runs, *([paced] if paced else []))))
    lasted = sum(run.seconds for run in runs) * cores
    done = count * length.runs
    return Line(
        name=kind.title,
        engine=engine,
        redemptions=done,
        rates=rates,
        latency_ms=_latency(paced),
        gas_each=cost.gas / done,
        slots_each=cost.slots_each,
        calls=cost.transactions,
        generator_share=sum(run.own_cpu for run in runs) / lasted,
        shares={of: sum(used[of] for _, used in timed) / lasted for of in place.processes},
        memory_mib={of: (before, after[of]) for of, before in memory.items()},
        memory_slope=watch.slope(runs[-1].seconds / 2),
    )


def _run(subject: Subject, count: int, processes: Mapping[str, int]) -> tuple[Done, Mapping[str, float]]:
    """Redeems so many; and the CPU seconds that each process took meanwhile: not of signing before, when the node rests."""
    prepared, before = subject.prepare(count), cpu_seconds(processes)
    done = subject.redeem(prepared)
    return done, {of: now - before[of] for of, now in cpu_seconds(processes).items()}


def _warmed(subject: Subject, length: Length) -> tuple[Done, Done]:
    """A few redemptions, and then as many as make a tenth of a run: how fast those went is how long a run will be."""
    first = subject.redeem(subject.prepare(_whole(subject, length.warm_up)))
    seconds = min(_LONGEST_WARM_UP, length.seconds / 10)
    return first, subject.redeem(subject.prepare(_whole(subject, seconds * first.redemptions / first.seconds)))


def _whole(subject: Subject, count: float) -> int:
    return max(1, math.ceil(count / subject.step)) * subject.step


def _paced(subject: Subject, rate: float, seconds: float) -> Done:
    return subject.redeem(subject.prepare(_whole(subject, rate * seconds)), rate)


def _latency(paced: Done | None) -> tuple[float, float] | None:
    if paced is None:
        return None
    ordered = sorted(paced.latencies)
    return 1_000 * ordered[len(ordered) // 2], 1_000 * ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)]


def _require_indexed(data: Path, redemptions: int) -> None:
    """The node's index holds every redemption that was answered as final."""
    with sqlite3.connect(f"file:{data / 'node.sqlite'}?mode=ro", uri=True) as store:
        (found,) = store.execute("SELECT count(*) FROM redemptions").fetchone()
    if found != redemptions:
        raise NotRedeemed(f"{redemptions} were answered as redeemed, the index holds {found}")
