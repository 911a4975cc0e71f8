"""What befalls node, chain and database in a round, drawn from the seed."""

from __future__ import annotations

import random
from dataclasses import dataclass

from bench.chaos.chain import SHAPES
from bench.chaos.lives import Doom
from bench.chaos.points import IN_REWINDING, POINTS

_MOST_HITS = 5


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much befalls a round.

    Attributes:
        kills: nodes that die at a point.
        reorganisations: of the chain.
        jumps: of its clock, ten minutes each.
        chain_kills: of anvil.
        store_kills: of PostgreSQL, where it is the database.
        swaps: of the chain for another one behind the same address, for a while.
        faults: of each kind between node and chain.
        last: codes sent at the end, while common faults befall a node that lives on.
        depth: most blocks that a reorganisation replaces.
        customers: who redeem at the same time.
    """

    kills: int = 22
    reorganisations: int = 12
    jumps: int = 2
    chain_kills: int = 2
    store_kills: int = 2
    swaps: int = 1
    faults: int = 7
    last: int = 12
    depth: int = 4
    customers: int = 4


@dataclass(frozen=True, slots=True)
class NewNode:
    """A node dies, and another starts; where that is to die is known."""

    doom: Doom | None


@dataclass(frozen=True, slots=True)
class Reorganise:
    """The chain takes another path."""

    shape: str
    depth: int


@dataclass(frozen=True, slots=True)
class Jump:
    """The clock jumps; some codes are sent just before, some just after."""

    early: int
    late: int


@dataclass(frozen=True, slots=True)
class KillChain:
    """SIGKILL to anvil."""


@dataclass(frozen=True, slots=True)
class KillStore:
    """SIGKILL to PostgreSQL."""


@dataclass(frozen=True, slots=True)
class SwapChain:
    """Another chain answers at the node's address for a while."""


Act = NewNode | Reorganise | Jump | KillChain | KillStore | SwapChain


def draw(rng: random.Random, sizes: Sizes, *, server: bool) -> list[Act]:
    """The acts of a round in their order; `server`: the database is one that can be killed."""
    points = [POINTS[at % len(POINTS)] for at in range(sizes.kills)]
    begin = rng.randrange(len(POINTS))
    points = [POINTS[(POINTS.index(point) + begin) % len(POINTS)] for point in points]
    shapes = [SHAPES[at % len(SHAPES)] for at in range(sizes.reorganisations)]
    acts: list[Act] = [NewNode(Doom(point, _hits(point, rng))) for point in points]
    acts += [Reorganise(shape, rng.randint(2, sizes.depth)) for shape in shapes]
    acts += [Jump(rng.randint(1, 3), rng.randint(1, 2)) for _ in range(sizes.jumps)]
    acts += [KillChain() for _ in range(sizes.chain_kills)]
    acts += [SwapChain() for _ in range(sizes.swaps)]
    if server:
        acts += [KillStore() for _ in range(sizes.store_kills)]
    rng.shuffle(acts)
    return _with_rewinds(acts)


def _with_rewinds(acts: list[Act]) -> list[Act]:
    """A node that is to die before it rewinds needs a reorganisation in its life."""
    moves = [act for act in acts if isinstance(act, Reorganise)]
    wanting = [act for act in acts if isinstance(act, NewNode) and act.doom and act.doom.point == IN_REWINDING]
    pairs = dict(zip(map(id, wanting), moves, strict=False))
    used = {id(move) for move in pairs.values()}
    found: list[Act] = []
    for act in acts:
        if id(act) in used:
            continue
        found.append(act)
        if id(act) in pairs:
            found.append(pairs[id(act)])
    return found


def _hits(point: str, rng: random.Random) -> int:
    """For how many times it comes there; a rewind is rare enough."""
    return 1 if point == IN_REWINDING else rng.randint(1, _MOST_HITS)
