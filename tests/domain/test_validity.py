"""How long vouchers must and may be valid, and what experience says.

outside
└── every case of tests/cases/validity.json, which the contract passes, too → as expected
policy_of
├── a table → classes where its rows begin, days as seconds; a row holds until another of its category begins
├── two rows that begin at the same place → which line
└── a missing column, a bad number → which line, and why
shorter_than_taken
├── too few redemptions → says nothing
├── valid as long as 95 of 100 took → says nothing
└── one second shorter → how many, and how long half and 95 of 100 took
covers
├── granted, for this reference, programme and validity → yes; waiting, rejected, or another → no
└── where all terms are known → that very batch alone
"""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from node_api.domain.ids import Address, Hash, ProgrammeId, UnixSeconds
from node_api.domain.models import BlockRef, TxRef
from node_api.domain.trail import Step
from node_api.domain.validity import (
    DAY,
    BatchSpan,
    ValidityException,
    ValidityPolicy,
    ValidityRow,
    outside,
    shorter_than_taken,
)
from node_api.services.validity_staff import TableFault, policy_of

TABLE = json.loads((Path(__file__).parents[1] / "cases" / "validity.json").read_text(encoding="utf-8"))
POLICY = ValidityPolicy(
    tuple(TABLE["policy"]["faces"]),
    tuple(TABLE["policy"]["difficulties"]),
    tuple(ValidityRow(*row) for row in TABLE["policy"]["rows"]),
)
BATCH = BatchSpan("spring", ProgrammeId(1), 1, 999, 0, UnixSeconds(1_000), UnixSeconds(1_000 + 10 * DAY), 0)
STEP = Step(
    "proposed",
    Address("0x" + "11" * 20),
    "why",
    0,
    TxRef(Hash("0x"), 0, BlockRef(1, Hash("0x"), UnixSeconds(1)), Address("0x")),
)
ROW = {"category": "3", "face_from": "", "condition_from": "200", "shortest_days": "7", "longest_days": ""}


@pytest.mark.parametrize("case", TABLE["cases"], ids=lambda case: case["name"])
def test_outside__every_case__says_what_is_expected(case: dict[str, Any]) -> None:
    batch = replace(
        BATCH,
        categories=sum(1 << category for category in case["categories"]),
        face=case["face"],
        minimum_spend=case["minimum"],
        valid_until=UnixSeconds(BATCH.valid_from + case["lasts"]),
        claim_days=case["claimDays"],
    )
    why = outside(POLICY, batch)
    said = "accepted" if why is None else why.error.removeprefix("ProgrammeRegistry_Validity")
    assert said == case["expect"]


def test_policy_of__a_table__begins_classes_where_its_rows_do() -> None:
    rows = [ROW, {**ROW, "face_from": "2000", "condition_from": "0", "longest_days": "30", "shortest_days": ""}]
    month = (0, 30 * DAY)
    expected = (ValidityRow(3, 0, 1, 7 * DAY, 0), ValidityRow(3, 1, 0, *month), ValidityRow(3, 1, 1, *month))
    assert policy_of(rows) == ValidityPolicy((2000,), (200,), expected)


def test_policy_of__rows_that_begin_at_the_same_place__are_refused() -> None:
    with pytest.raises(TableFault, match="line 3: a row before it"):
        policy_of([ROW, {**ROW, "shortest_days": "8"}])


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({name: value for name, value in ROW.items() if name != "category"}, "line 2: the columns are"),
        ({**ROW, "category": "64"}, "line 2: a whole number, 0 to 63"),
        ({**ROW, "longest_days": "2.5"}, "line 2: a whole number of days"),
        ({**ROW, "longest_days": None}, "line 2: the columns are"),
    ],
)
def test_policy_of__a_bad_row__is_named(row: dict[str, str | None], why: str) -> None:
    with pytest.raises(TableFault, match=why):
        policy_of([row])


def test_shorter_than_taken__too_few_redemptions__says_nothing() -> None:
    assert shorter_than_taken(BATCH, Counter({50: 19})) is None
    assert shorter_than_taken(BATCH, Counter({50: 20})) is not None


def test_shorter_than_taken__as_long_as_most_took__says_nothing() -> None:
    days = Counter({0: 60, 9: 35, 40: 5})  # 95 of 100 within ten days begun
    assert shorter_than_taken(BATCH, days) is None


def test_shorter_than_taken__one_second_less__tells_half_and_most() -> None:
    short = replace(BATCH, valid_until=UnixSeconds(BATCH.valid_until - 1))
    warning = shorter_than_taken(short, Counter({0: 60, 9: 35, 40: 5}))
    assert warning is not None
    assert (warning.taken, warning.median, warning.most) == (100, 1, 10)
    assert "half were spent within 1 day, 95 of 100 within 10" in str(warning)


def test_covers__only_what_was_granted() -> None:
    asked = ValidityException(
        Hash("0x"), "spring", ProgrammeId(1), BATCH.valid_from, BATCH.valid_until, 0, asked=STEP, decided=None
    )
    granted = replace(asked, decided=replace(STEP, name="granted"))
    assert granted.covers(BATCH)
    assert not asked.covers(BATCH)
    assert not replace(asked, decided=replace(STEP, name="rejected")).covers(BATCH)
    for other in (
        {"ref": "autumn"},
        {"programme": ProgrammeId(2)},
        {"claim_days": 5},
        {"valid_until": UnixSeconds(9_999)},
    ):
        assert not granted.covers(replace(BATCH, **other))


def test_covers__where_all_terms_are_known__only_that_very_batch() -> None:
    asked = ValidityException(
        Hash("0x01"), "spring", ProgrammeId(1), BATCH.valid_from, BATCH.valid_until, 0, asked=STEP, decided=None
    )
    granted = replace(asked, decided=replace(STEP, name="granted"))
    assert granted.covers(replace(BATCH, exception=Hash("0x01")))
    assert not granted.covers(replace(BATCH, exception=Hash("0x02"))), "of another kind, say"
    assert not asked.covers(replace(BATCH, exception=Hash("0x01")))
