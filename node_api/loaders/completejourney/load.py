"""Writes the import folder and the loader's own report."""

import json
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

from node_api.domain.importing import parse
from node_api.domain.importing.parse_redemption import REDEMPTIONS
from node_api.loaders.completejourney import rows
from node_api.loaders.completejourney.allotments import allot
from node_api.loaders.completejourney.purchases import Evidence, purchases
from node_api.loaders.completejourney.regions import spend_regions, store_regions
from node_api.loaders.completejourney.source import read_journey
from node_api.loaders.completejourney.terms import BillBasis, derive_terms
from node_api.loaders.folder_writer import write_table

REPORT = "loader-report.json"


@dataclass(frozen=True, slots=True)
class LoaderReport:
    """What the folder holds and how it came about.

    Attributes:
        weeks: how far all times were moved forward.
        evidence: redemptions by what ties them to their store and time.
        synthetic_bills: codes whose bill was made up, by reason.
        synthetic_codes: their numbers, by reason.
        minimum_spends: of each programme, in cents.
    """

    weeks: int
    programmes: int
    budget_lines: int
    merchants: int
    batches: int
    households: int
    households_targeted: int
    rolls: int
    places: int
    issues: int
    vouchers: int
    vouchers_second: int
    redemptions: int
    receipts: int
    codes: int
    evidence: dict[str, int]
    synthetic_bills: dict[str, int]
    synthetic_codes: dict[str, list[int]]
    minimum_spends: dict[str, int]


def load_completejourney(out: Path, weeks: int = 0) -> LoaderReport:
    """Writes the folder to `out`, which is made; the same `weeks` give the same bytes.

    Args:
        out: files of the same names are replaced.
        weeks: moves every time forward by so many whole weeks.

    Raises:
        DataMissing: the data package is not installed.
    """
    plan, bought = _plan(weeks)
    out.mkdir(parents=True, exist_ok=True)
    counts = {
        "programmes": write_table(out, parse.PROGRAMMES, rows.programme_rows(plan)),
        "budget_lines": write_table(out, parse.BUDGET_LINES, rows.budget_line_rows(plan)),
        "merchants": write_table(out, parse.MERCHANTS, rows.merchant_rows(plan)),
        "batches": write_table(out, parse.BATCHES, rows.batch_rows(plan)),
        "places": write_table(out, parse.HOLDERS, rows.holder_rows(plan)),
        "issues": write_table(out, parse.ISSUES, rows.issue_rows(plan)),
        "redemptions": write_table(out, REDEMPTIONS, rows.redemption_rows(plan), ["note"]),
    }
    write_table(out, parse.CATEGORIES, rows.category_rows(plan))
    report = _report(plan, bought, counts)
    (out / REPORT).write_text(json.dumps(asdict(report), indent=1) + "\n", encoding="utf-8")
    return report


def _plan(weeks: int) -> tuple[rows.Plan, Counter[Evidence]]:
    journey = read_journey()
    bought = purchases(journey)
    regions = store_regions(journey)
    plan = rows.Plan(
        journey=journey,
        terms=derive_terms(journey, bought),
        regions=regions,
        spend_regions=spend_regions(journey, bought, regions),
        allotments=allot(journey),
        weeks=weeks,
    )
    return plan, Counter(purchase.evidence for purchase in bought)


def _report(plan: rows.Plan, bought: Counter[Evidence], counts: dict[str, int]) -> LoaderReport:
    journey, terms = plan.journey, plan.terms
    by_reason: dict[str, list[int]] = {basis.value: [] for basis in BillBasis if basis is not BillBasis.RECEIPT}
    for number, basis in rows.synthetic_codes(plan):
        by_reason[basis.value].append(number)
    vouchers = plan.allotments.vouchers()
    return LoaderReport(
        weeks=plan.weeks,
        **counts,
        households=len(journey.visits),
        households_targeted=len({one for targeted in journey.targeted.values() for one in targeted}),
        rolls=len(plan.allotments.rolls),
        vouchers=vouchers,
        vouchers_second=vouchers - len(plan.allotments.places),
        receipts=len({code.purchases[0].receipt for code in terms.codes}),
        codes=len(terms.codes),
        evidence={evidence.value: bought[evidence] for evidence in Evidence},
        synthetic_bills={reason: len(numbers) for reason, numbers in by_reason.items()},
        synthetic_codes=by_reason,
        minimum_spends={rows.programme_ref(campaign): int(amount) for campaign, amount in terms.minimums.items()},
    )
