"""The Complete Journey loader.

completejourney
├── figures of the data are those known of it, and the folder has no fault
├── every redemption passes the domain's rules, at its time, with its bill
├── derived terms bite: categories, regions, channels and minimum spends each refuse somebody
├── second vouchers of a kind stand in rolls of their own
├── whole weeks move every time by as much, and nothing else
├── the same run writes the same bytes
└── loaded into a node, everything is on chain and adds up, rolls and issues within their gas
"""

import csv
import json
import re
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from node_api.domain.importing.rows import by_code
from node_api.domain.regions import region_covers
from node_api.loaders.completejourney.calendar import LAST_DAY, WEEK, weeks_behind
from node_api.loaders.completejourney.journey import Household, Journey, Store
from node_api.loaders.completejourney.load import REPORT, LoaderReport, load_completejourney
from node_api.loaders.completejourney.purchases import most_visited
from node_api.loaders.completejourney.regions import common
from node_api.services.import_folder import ImportFolder
from tests.e2e.town import Town
from tests.loaders.oracle import Oracle

MOST_GAS = 120_000_000


def test_report__when_written__then_figures_of_the_data(journey: tuple[Path, LoaderReport]) -> None:
    out, report = journey
    assert (report.programmes, report.merchants, report.batches) == (27, 457, 1_197)
    assert (report.households, report.households_targeted, report.places) == (2_469, 1_559, 6_589 + 27)
    assert (report.vouchers - report.vouchers_second, report.vouchers_second) == (800_199, 27)
    assert (report.redemptions, report.receipts, report.codes) == (2_102, 1_109, 1_150)
    assert report.evidence == {"coupon-product": 1_594, "any-basket": 275, "most-visited": 233}
    assert sum(report.synthetic_bills.values()) == sum(map(len, report.synthetic_codes.values())) == 146
    assert json.loads((out / REPORT).read_text())["vouchers"] == 800_226


def test_folder__when_checked__then_sound_and_as_reported(real: ImportFolder) -> None:
    assert (real.voucher_count, real.redemption_count, len(real.rolls)) == (800_226, 2_102, 50)
    assert sum(1 for _ in by_code(real.redemptions())) == 1_150
    assert max(roll.places for roll in real.rolls) <= 1_228
    assert all(batch.face_value > 0 and batch.minimum_spend > 0 for batch in real.batches)


def test_redemptions__when_judged__then_all_pass(real: ImportFolder) -> None:
    outcomes = Counter(refusal for _, refusal in Oracle(real).play())
    assert outcomes == {None: 1_150}


def test_terms__when_derived__then_each_refuses_somebody(real: ImportFolder) -> None:
    pairs = [(batch, merchant) for batch in real.batches[::10] for merchant in real.merchants[::10]]
    assert any(not batch.categories & merchant.categories for batch, merchant in pairs)
    assert any(not region_covers(batch.region, merchant.region) for batch, merchant in pairs)
    assert {merchant.channels for merchant in real.merchants} == {0b01, 0b11}
    assert sum(batch.minimum_spend > batch.face_value for batch in real.batches) > 1_000


def test_seconds__when_same_coupon_twice__then_two_places(real: ImportFolder) -> None:
    spent = [row.voucher for row in real.redemptions() if row.voucher]
    assert len(set(spent)) == len(spent)
    again = [roll for roll in real.rolls if "-again-" in roll.ref]
    assert sum(roll.places for roll in again) == 27
    assert all(sum(issue.roll == roll.ref for issue in real.issues) == 1 for roll in again)


def test_run__when_repeated__then_same_bytes(tmp_path: Path, journey: tuple[Path, LoaderReport]) -> None:
    load_completejourney(tmp_path)
    for path in journey[0].iterdir():
        assert path.read_bytes() == (tmp_path / path.name).read_bytes()


def test_weeks__when_moved__then_only_times_move(tmp_path: Path, journey: tuple[Path, LoaderReport]) -> None:
    load_completejourney(tmp_path, weeks=460)
    moved = timedelta(seconds=460 * WEEK)
    for file in ("programmes", "batches", "redemptions", "holders"):
        for old, new in zip(table(journey[0], file), table(tmp_path, file), strict=True):
            for column, text in old.items():
                is_time = re.fullmatch(r"[0-9-]{10}T[0-9:]{8}Z", text)
                assert new[column] == (moved_by(text, moved) if is_time else text)


def table(folder: Path, file: str) -> list[dict[str, str]]:
    with (folder / f"{file}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def moved_by(text: str, moved: timedelta) -> str:
    return (datetime.fromisoformat(text) + moved).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.parametrize(("days", "weeks"), [(1, 0), (7, 0), (8, 1), (14, 1), (15, 2), (0, -1)])
def test_weeks_behind__when_today__then_last_day_lies_one_to_seven_days_behind(days: int, weeks: int) -> None:
    assert weeks_behind(LAST_DAY + timedelta(days=days)) == weeks


def test_most_visited__when_equal__then_lowest_store() -> None:
    visits = {Household(1): {Store(9): 2, Store(4): 5, Store(3): 5}}
    journey = Journey((), {}, {}, {}, (), {}, visits, {})
    assert most_visited(journey, Household(1)) == 3


@pytest.mark.parametrize(
    ("regions", "expected"), [(["110101", "110203"], "11"), (["110101"], "11"), (["110101", "120101"], "1")]
)
def test_common__when_stores__then_longest_region_of_all_an_area_at_most(regions: list[str], expected: str) -> None:
    assert common(regions) == expected


@pytest.mark.slow
def test_folder__when_loaded__then_all_is_there_within_its_gas(real: ImportFolder, tmp_path: Path) -> None:
    place = Town(tmp_path / "data")
    first = min(programme.starts_at for programme in real.programmes)
    try:
        place.run("chain", "start", "--genesis-at", str(first - 86_400))
        place.run("deploy")
        loaded = place.told("load", real.path)
        there = {line["what"]: line["there"] for line in place.told("load", real.path)["plan"]}
        audited = place.told("audit", "reconcile")
    finally:
        place.stop()
    counts = {"programmes": 27, "merchants": 457, "batches": 1_197, "rolls": 50, "issues": 1_220, "vouchers": 800_226}
    assert {name: there[name] for name in counts} == counts
    assert 0 < loaded["roll_and_issue_gas"] <= MOST_GAS
    assert (audited["equal"], audited["lines"], audited["pairs"]) == (True, 45, 1_220)
