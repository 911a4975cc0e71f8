"""What a full run must have delivered: what did not befall the node proves nothing about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from bench.chaos.chain import SHAPES
from bench.chaos.faults import Befallen, Kind, Want
from bench.chaos.points import IN_INTAKES, POINTS

ROUNDS = 10
"""So many are a full run, and what follows is of all of them."""
_KILLS, _REORGANISATIONS = 201, 100
_EACH: Mapping[str, int] = {
    "SIGKILL of anvil": 10,
    "clock jump": 10,
    "chain swapped for another": 8,
    "node that refused another chain": 8,
    "call in flight while the chain was swapped": 5,
}
_EACH_ON_SERVER: Mapping[str, int] = {"SIGKILL of PostgreSQL": 8}
_POINT, _INTAKE_POINT, _SHAPE = 14, 5, 30
_KIND, _KIND_ON_SENDS = 50, 10
_EXPIRED = "codes expired, refused on chain"


def kills_at_points(done: Counter[str]) -> Counter[str]:
    """How many processes died at each point, whether the node's own or one that takes in."""
    return Counter({point: done[node_killed(point)] + done[intake_killed(point)] for point in POINTS})


def node_killed(point: str) -> str:
    """How a node is counted that died there."""
    return f"SIGKILL of the node {point}"


def intake_killed(point: str) -> str:
    """How a process that takes in is counted that died there."""
    return f"SIGKILL of a process that takes in {point}"


def short_of(done: Counter[str], checked: Counter[str], way: Counter[Befallen], *, server: bool) -> list[str]:
    """What a full run had too little of, each with what it had and its minimum; `server`: PostgreSQL was there."""
    wanted = _wanted(done, checked, way, server=server)
    return [f"{what}: {had:,}, of {least:,} at least" for what, had, least in wanted if had < least]


def _wanted(
    done: Counter[str], checked: Counter[str], way: Counter[Befallen], *, server: bool
) -> Iterator[tuple[str, int, int]]:
    """What is counted, how many there were, how many there must be."""
    points = kills_at_points(done)
    yield "kills at points", points.total(), _KILLS
    yield from ((f"kills {point}", count, _POINT) for point, count in points.items())
    yield from ((intake_killed(point), done[intake_killed(point)], _INTAKE_POINT) for point in IN_INTAKES)
    shapes = {shape: done[f"reorganisation, {shape}"] for shape in SHAPES}
    yield "reorganisations", sum(shapes.values()), _REORGANISATIONS
    yield from ((f"reorganisations, {shape}", count, _SHAPE) for shape, count in shapes.items())
    for kind in Kind:
        yield kind, sum(count for (one, _), count in way.items() if one is kind), _KIND
        if kind not in (Kind.STALE_HEAD, Kind.EMPTY_LOGS, Kind.SWAPPED):
            yield f"{kind} of a {Want.SEND}", way[kind, Want.SEND], _KIND_ON_SENDS
    for what, least in {**_EACH, **(_EACH_ON_SERVER if server else {})}.items():
        yield what, done[what], least
    yield _EXPIRED, checked[_EXPIRED], 1
