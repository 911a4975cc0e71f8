"""Clique's rival branches of equal difficulty: which signer has to leave its own, so that blocks come again.

A signer prefers the block it sealed itself to another of the same total difficulty, and may not seal again until others have
sealed after it (EIP-225). So signers can each sit on a branch of their own and wait for each other for ever (go-ethereum #24705,
#18402). One more block on any of the branches makes it the heaviest, and all the others follow by themselves: it is enough that
one signer, which may seal on another's branch, goes there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from node_api.domain.ids import Address, Hash


@dataclass(frozen=True, slots=True)
class Sealed:
    """A block and who sealed it."""

    number: int
    hash: Hash
    sealer: Address


@dataclass(frozen=True, slots=True)
class Holder:
    """A signer's node and the branch it holds.

    Attributes:
        name: of the node.
        account: it seals with.
        difficulty: total, of its newest block.
        branch: its newest blocks, ascending, at least one.
        signers: who may seal, as of its newest block.
    """

    name: str
    account: Address
    difficulty: int
    branch: tuple[Sealed, ...]
    signers: frozenset[Address]

    @property
    def head(self) -> Sealed:
        """Its newest block."""
        return self.branch[-1]

    def may_seal_after(self, other: Holder) -> bool:
        """Whether its account may seal the block after the other's newest one."""
        recent = {one.sealer for one in other.branch[-(len(other.signers) // 2) :]} if len(other.signers) > 1 else set()
        return self.account in other.signers and self.account not in recent


@dataclass(frozen=True, slots=True)
class Move:
    """A signer that is to leave its branch.

    Attributes:
        mover: its node.
        to: a node that holds the branch to go to.
        fork: number of the newest block that both have: what the mover is rewound to.
        dropped: the mover's blocks above it.
    """

    mover: Holder
    to: Holder
    fork: int
    dropped: tuple[Sealed, ...]


def stalled(holders: list[Holder]) -> bool:
    """Whether the heaviest branches are several, and nobody that holds one of them may seal on it."""
    most = heaviest(holders)
    return len({one.head.hash for one in most}) > 1 and not any(one.may_seal_after(one) for one in most)


def untold(holders: list[Holder]) -> Holder | None:
    """Who holds the heaviest branch while others stand still on lighter ones: nobody told them. None where all have it."""
    most = heaviest(holders)
    return min(most, key=lambda one: one.name) if len(most) < len(holders) else None


def move_of(holders: list[Holder]) -> Move | None:
    """The one move that ends the stall and drops the fewest blocks; None where there is none that is allowed.

    No block is dropped that more than half the signers have sealed or built on, neither by the mover nor by those that follow.
    """
    moves = list(_moves(heaviest(holders)))
    return min(moves, key=lambda one: (len(one.dropped), one.mover.name, one.to.name), default=None)


def _moves(heaviest: list[Holder]) -> Iterator[Move]:
    for to in heaviest:
        others = [one for one in heaviest if one.head.hash != to.head.hash]
        if any(_confirmed(_above_fork(one, to), to) for one in others):
            continue
        for mover in others:
            dropped = _above_fork(mover, to)
            if dropped is not None and mover.may_seal_after(to):
                yield Move(mover, to, dropped[0].number - 1, dropped)


def heaviest(holders: list[Holder]) -> list[Holder]:
    """Those whose branches have the highest total difficulty."""
    most = max((one.difficulty for one in holders), default=0)
    return [one for one in holders if one.difficulty == most]


def _above_fork(one: Holder, other: Holder) -> tuple[Sealed, ...] | None:
    """Its blocks that the other has not; None where the fork lies before the blocks that are known."""
    known = {block.hash for block in other.branch}
    own = tuple(block for block in one.branch if block.hash not in known)
    return own if 0 < len(own) < len(one.branch) else None


def _confirmed(blocks: tuple[Sealed, ...] | None, to: Holder) -> bool:
    """Whether the first of these has the seals of more than half the signers on it; so, too, where it is not known."""
    return blocks is None or len({one.sealer for one in blocks}) > len(to.signers) // 2
