"""Rival branches of equal difficulty: whether signers wait for each other, and which one is to leave its branch.

stalled
├── one branch, or one is heavier → no
├── somebody may seal where it stands → no
└── nobody may → yes; one that does not answer is not asked
untold
├── all have the heaviest branch → nobody
└── one has a lighter one → the first of those that have the heaviest
move
├── the signer that may seal on the other's branch, back to the fork
├── both may → the one that drops fewer blocks
├── more than half have sealed the mover's blocks, or a bystander's → none; one fewer → a move
├── nobody may seal on the other's branch → none
└── the fork is before what is known → none
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from node_api.domain.ids import Address, Hash
from node_api.network.branches import Holder, Sealed, move_of, stalled, untold

A, B, C, D, E = (Address(f"0x{letter * 40}") for letter in "abcde")
TRUNK = 5


def holder(account: Address, sealers: Sequence[Address], *, of: int, difficulty: int = 9, trunk: int = TRUNK) -> Holder:
    """A signer on a branch that these sealed, above common blocks of the first of all signers; named by its account's letter."""
    common = [Sealed(number, Hash(f"0x{number}"), (A, B, C, D, E)[number % of]) for number in range(trunk + 1)]
    own = [
        Sealed(number, Hash(f"0x{number}{''.join(one[2] for one in sealers[: number - trunk])}"), sealer)
        for number, sealer in enumerate(sealers, trunk + 1)
    ]
    return Holder(account[2], account, difficulty, (*common, *own), frozenset((A, B, C, D, E)[:of]))


def test_stalled__when_each_sealed_its_own_block__then_yes() -> None:
    assert stalled([holder(A, [A], of=3), holder(B, [B], of=3)])


def test_stalled__when_there_is_one_branch_or_one_is_heavier__then_no() -> None:
    assert not stalled([])
    assert not stalled([holder(A, [A], of=3), holder(C, [A], of=3)])
    assert not stalled([holder(A, [A], of=3, difficulty=10), holder(B, [B], of=3)])


def test_stalled__when_somebody_may_seal_where_it_stands__then_no() -> None:
    assert not stalled([holder(A, [A], of=3), holder(B, [B], of=3), holder(C, [B], of=3)])
    assert not stalled([holder(A, [B, A], of=5), holder(C, [D, C], of=5), holder(E, [D, C], of=5)])
    assert stalled([holder(A, [B, A], of=5), holder(C, [D, C], of=5), holder(D, [D, C], of=5)])


def test_untold__when_all_have_the_heaviest__then_nobody() -> None:
    assert untold([]) is None
    assert untold([holder(A, [A], of=3), holder(B, [B], of=3)]) is None


def test_untold__when_one_has_a_lighter_one__then_the_first_of_those_that_have_it() -> None:
    first, second = holder(B, [A], of=3), holder(C, [A], of=3)
    assert untold([holder(A, [], of=3, difficulty=8), second, first]) == first


def test_move__when_two_stand_against_each_other__then_the_first_goes_to_the_fork() -> None:
    first, second = holder(A, [A], of=3), holder(B, [B], of=3)
    move = move_of([second, first])
    assert move is not None
    assert (move.mover, move.to, move.fork, move.dropped) == (first, second, TRUNK, (first.head,))


def test_move__when_one_drops_fewer_blocks__then_that_one() -> None:
    longer, shorter = holder(A, [B, A], of=5), holder(C, [C], of=5)
    move = move_of([longer, shorter])
    assert move is not None
    assert (move.mover, move.fork, move.dropped) == (shorter, TRUNK, (shorter.head,))


@pytest.mark.parametrize(("sealers", "movers"), [([D, E], {"d", "a"}), ([C, D, E], {"a"})])
def test_move__when_more_than_half_have_sealed_a_branch__then_it_is_not_dropped(
    sealers: list[Address], movers: set[str]
) -> None:
    rival, branch = holder(A, [B, A], of=5), holder(E, sealers, of=5)
    move = move_of([branch, rival])
    assert move is not None
    assert move.mover.name == "a"
    assert {move.mover.name for move in (move_of([branch, rival]),) if move} <= movers


def test_move__when_a_bystanders_branch_is_confirmed__then_none_goes_past_it() -> None:
    bystander = holder(E, [C, D, E], of=5)
    one, other = holder(A, [B, A], of=5), holder(D, [D], of=5)
    move = move_of([one, other, bystander])
    assert move is not None
    assert move.to == bystander


def test_move__when_two_branches_are_confirmed__then_none() -> None:
    assert move_of([holder(A, [B, C, A], of=5), holder(E, [C, D, E], of=5)]) is None


def test_move__when_nobody_may_seal_on_the_others_branch__then_none() -> None:
    assert move_of([holder(A, [B, A], of=5), holder(B, [A, B], of=5)]) is None
    assert move_of([holder(D, [D], of=3), holder(E, [E], of=3)]) is None


def test_move__when_the_fork_is_not_known__then_none() -> None:
    mine, theirs = holder(A, [A], of=3), holder(B, [B], of=3)
    cut = [Holder(one.name, one.account, one.difficulty, one.branch[-1:], one.signers) for one in (mine, theirs)]
    assert move_of(cut) is None
