"""Whether a claim gets a place: the rules in the contract's order, each bound from both sides.

judge_claim
├── when nothing speaks against it: it should give a place
├── when one thing does: it should name it
├── when several do: it should name the first
└── at each bound: the last second before should be fine
first_fitting
└── it should count from the front what fits, and at least one
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from node_api.domain.claims import Claim, ClaimSight, Round, first_fitting, judge_claim
from node_api.domain.ids import Address, BatchId, Hash, ProgrammeId, UnixSeconds
from node_api.domain.models import BlockRef, TxRef

OPENS, CLOSES, DEADLINE = 1_000, 2_000, 1_500
NOW = UnixSeconds(1_200)
WORD = Hash("0x" + "ab" * 32)
WHO = Address("0x" + "11" * 20)
TX = TxRef(WORD, 0, BlockRef(1, WORD, UnixSeconds(1)), WHO)
ROUND = Round(
    ProgrammeId(1), 2, 3, 2, UnixSeconds(OPENS), UnixSeconds(CLOSES), WORD, (BatchId(4),), WHO, TX, closed=None
)
CLAIM = Claim(ProgrammeId(1), 2, WHO, WORD, UnixSeconds(DEADLINE), b"", WORD, (), custodial=False)
FINE = ClaimSight(signed=True, listed=True, nullifier_used=False, holder_claimed=False)
BAD = ClaimSight(signed=True, listed=False, nullifier_used=True, holder_claimed=True)
FULL = replace(ROUND, given=3)


@pytest.mark.parametrize(
    ("sight", "found", "now", "expected"),
    [
        (FINE, ROUND, NOW, None),
        (replace(FINE, signed=False), ROUND, NOW, "ClaimSignatureInvalid"),
        (FINE, ROUND, DEADLINE - 1, None),
        (FINE, ROUND, DEADLINE, "ClaimDeadlinePassed"),
        (FINE, ROUND, OPENS - 1, "RoundNotBegun"),
        (FINE, ROUND, OPENS, None),
        (FINE, replace(ROUND, closes_at=UnixSeconds(NOW + 1)), NOW, None),
        (FINE, replace(ROUND, closes_at=NOW), NOW, "RoundOver"),
        (replace(FINE, listed=False), ROUND, NOW, "NotEligible"),
        (replace(FINE, nullifier_used=True), ROUND, NOW, "NullifierUsed"),
        (replace(FINE, holder_claimed=True), ROUND, NOW, "HolderClaimed"),
        (FINE, FULL, NOW, "ClaimsUsedUp"),
        (replace(BAD, signed=False), FULL, DEADLINE, "ClaimSignatureInvalid"),
        (BAD, FULL, DEADLINE, "ClaimDeadlinePassed"),
        (BAD, FULL, NOW, "NotEligible"),
        (replace(BAD, listed=True), FULL, NOW, "NullifierUsed"),
        (replace(FINE, holder_claimed=True), FULL, NOW, "HolderClaimed"),
    ],
)
def test_judge_claim__each_rule__names_the_first_that_breaks(
    sight: ClaimSight, found: Round, now: int, expected: str | None
) -> None:
    refusal = judge_claim(CLAIM, found, sight, UnixSeconds(now))

    assert (None if refusal is None else refusal.name) == expected


@pytest.mark.parametrize(
    ("sizes", "expected"), [([], 0), ([5], 1), ([11], 1), ([5, 5], 2), ([5, 6], 1), ([4, 4, 4], 2)]
)
def test_first_fitting__into_ten__counts_from_the_front(sizes: list[int], expected: int) -> None:
    assert first_fitting(sizes, 10) == expected
