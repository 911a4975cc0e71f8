"""Whether a claim gets a place, by the table that the contract passes too (tests/contracts/ClaimRules.t.sol).

table
└── it has every reason of the domain, which are the contract's, in its order
judge_claim
└── each case → accepted, or that reason alone
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from node_api.domain.claim_refusals import CLAIM_REFUSALS
from node_api.domain.claims import Claim, ClaimSight, Round, judge_claim
from node_api.domain.ids import Address, BatchId, Hash, ProgrammeId, UnixSeconds
from node_api.domain.models import BlockRef, TxRef

ROOT_FOLDER = Path(__file__).parents[2]
OPENS, CLOSES, DEADLINE = 1_000, 2_000, 1_500
NOW = UnixSeconds(1_200)
WORD = Hash("0x" + "ab" * 32)
WHO = Address("0x" + "11" * 20)
TX = TxRef(WORD, 0, BlockRef(1, WORD, UnixSeconds(1)), WHO)
ROUND = Round(
    ProgrammeId(1), 2, 3, 2, UnixSeconds(OPENS), UnixSeconds(CLOSES), WORD, (BatchId(4),), WHO, TX, closed=None
)
CLAIM = Claim(ProgrammeId(1), 2, WHO, WORD, UnixSeconds(DEADLINE), b"", WORD, (), custodial=False)

TABLE: list[dict[str, Any]] = json.loads((ROOT_FOLDER / "tests/cases/claims.json").read_text(encoding="utf-8"))


def test_table__each_reason__occurs_and_is_the_contracts() -> None:
    text = (ROOT_FOLDER / "contracts/interfaces/ICaseDeskClaims.sol").read_text(encoding="utf-8")
    refusals = text.split("// From here on: why a call reverts.")[0]

    assert re.findall(r"error CaseDesk_(\w+)", refusals) == list(CLAIM_REFUSALS)
    assert {case["expect"] for case in TABLE} == {*CLAIM_REFUSALS, "accepted"}
    assert len({case["name"] for case in TABLE}) == len(TABLE)


@pytest.mark.parametrize("case", TABLE, ids=lambda case: str(case["name"]))
def test_judge_claim__case__agrees_with_the_table(case: dict[str, Any]) -> None:
    given: dict[str, int] = case["given"]
    claim = replace(CLAIM, deadline=UnixSeconds(NOW + given.get("deadlineIn", 60)))
    found = replace(
        ROUND,
        opens_at=UnixSeconds(NOW + given.get("opensIn", -1_000)),
        closes_at=UnixSeconds(NOW + given.get("closesIn", 100)),
        given=ROUND.places if given.get("full") else ROUND.given,
    )
    sight = ClaimSight(
        signed=bool(given.get("signed", 1)),
        listed=not given.get("list") or bool(given.get("listed", 1)),
        nullifier_used=bool(given.get("used")),
        holder_claimed=bool(given.get("claimed")),
    )

    refusal = judge_claim(claim, found, sight, NOW)

    assert ("accepted" if refusal is None else refusal.name) == case["expect"]
