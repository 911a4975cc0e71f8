"""The rows of each import file, from the data and what was derived from it."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from node_api.loaders.completejourney.allotments import Allotments
from node_api.loaders.completejourney.calendar import WEEK, after, unix
from node_api.loaders.completejourney.journey import Campaign, CampaignNumber, Household, Journey, Offer, Store
from node_api.loaders.completejourney.purchases import Purchase
from node_api.loaders.completejourney.regions import COUNTRY
from node_api.loaders.completejourney.terms import BillBasis, Terms
from node_api.loaders.folder_writer import Row, iso, items_text, joined

TOKEN = "VTC"  # noqa: S105 - a symbol: of the token a deployment makes unless told otherwise
MAX_DEADLINE = 900
WINDOW = 7 * 86_400
ONLINE_STORES = 40
NOTICE = 7 * 86_400
"""A programme opens this many seconds before its vouchers do, so that one spent early meets an active programme."""
QUOTA_STEP = 100
LINE_STEP = 100_000
ONLINE_TYPES = frozenset({"Type C"})
BRANDS = {False: "brand-manufacturers", True: "retailer"}
"""Who funds a coupon, by whether most of its products are private labels."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything the rows are made of. `weeks` moves all times forward."""

    journey: Journey
    terms: Terms
    regions: Mapping[Store, str]
    spend_regions: Mapping[Offer, str]
    allotments: Allotments
    weeks: int

    def time(self, at: int) -> str:
        """A time of the data as the files have it."""
        return iso(at + self.weeks * WEEK)


def programme_ref(campaign: CampaignNumber) -> str:
    """`campaign-18`."""
    return f"campaign-{campaign}"


def batch_ref(offer: Offer) -> str:
    """`c18-51380041013`."""
    return f"c{offer[0]}-{offer[1]}"


def merchant_ref(store: Store) -> str:
    """`store-330`."""
    return f"store-{store}"


def category_rows(plan: Plan) -> Iterator[Row]:
    """Departments by number."""
    for name, number in plan.terms.numbers.items():
        yield {"category": number, "name": name}


def programme_rows(plan: Plan) -> Iterator[Row]:
    """One for each campaign."""
    for campaign in plan.journey.campaigns:
        categories = 0
        for offer, mask in plan.terms.categories.items():
            categories |= mask if offer[0] == campaign.number else 0
        yield {
            "programme": programme_ref(campaign.number),
            "name": f"Coupon campaign {campaign.number} ({campaign.type})",
            "token": TOKEN,
            "utc_offset_minutes": 0,
            "starts_at": plan.time(unix(campaign.first_day) - NOTICE),
            "ends_at": plan.time(after(campaign.last_day)),
            "region": COUNTRY,
            "categories": joined(categories),
            "channels": _channels(campaign),
            "max_deadline_seconds": MAX_DEADLINE,
            "reversal_window_seconds": WINDOW,
            "dispute_window_seconds": WINDOW,
        }


def _channels(campaign: Campaign) -> str:
    return "store;online" if campaign.type in ONLINE_TYPES else "store"


def _is_private(plan: Plan, offer: Offer) -> bool:
    """Whether more than half of the coupon's described products are private labels."""
    products = plan.journey.products
    known = [products[product].is_private for product in plan.journey.offers[offer] if product in products]
    return sum(known) * 2 > len(known)


def _quota(places: int) -> int:
    return (places // QUOTA_STEP + 1) * QUOTA_STEP


def budgets(plan: Plan) -> dict[CampaignNumber, dict[bool, int]]:
    """What each campaign's funders must pay at most: face value × quota of their coupons."""
    found: dict[CampaignNumber, dict[bool, int]] = defaultdict(dict)
    for offer, places in plan.allotments.quotas().items():
        funder = _is_private(plan, offer)
        amount = plan.terms.faces[offer] * _quota(places)
        found[offer[0]][funder] = found[offer[0]].get(funder, 0) + amount
    return found


def line_numbers(plan: Plan) -> dict[tuple[CampaignNumber, bool], int]:
    """Number of each funder's line within the campaign; manufacturers come first."""
    amounts = budgets(plan)
    return {
        (campaign, funder): number
        for campaign, by_funder in amounts.items()
        for number, funder in enumerate(sorted(by_funder), 1)
    }


def budget_line_rows(plan: Plan) -> Iterator[Row]:
    """A line for each funder of a campaign, up to the next thousand dollars."""
    amounts = budgets(plan)
    for campaign in plan.journey.campaigns:
        for number, funder in enumerate(sorted(amounts[campaign.number]), 1):
            yield {
                "programme": programme_ref(campaign.number),
                "line": number,
                "funder": BRANDS[funder],
                "funding_region": COUNTRY,
                "beneficiary_group": f"households targeted by campaign {campaign.number}",
                "purpose": "coupons for private labels" if funder else "coupons for national brands",
                "amount": -(-amounts[campaign.number][funder] // LINE_STEP) * LINE_STEP,
            }


def merchant_rows(plan: Plan) -> Iterator[Row]:
    """One for each store; the forty with most visits sell online too."""
    visits: Counter[Store] = Counter()
    for by_store in plan.journey.visits.values():
        visits.update(by_store)
    online = set(sorted(visits, key=lambda store: (-visits[store], store))[:ONLINE_STORES])
    for store, departments in plan.journey.departments_sold.items():
        yield {
            "merchant": merchant_ref(store),
            "name": f"Store {store}",
            "categories": joined(sum(1 << plan.terms.numbers[department] for department in departments)),
            "region": plan.regions[store],
            "channels": "store;online" if store in online else "store",
        }


def batch_rows(plan: Plan) -> Iterator[Row]:
    """One for each coupon of each campaign."""
    campaigns = {campaign.number: campaign for campaign in plan.journey.campaigns}
    quotas = plan.allotments.quotas()
    lines = line_numbers(plan)
    for offer in sorted(plan.journey.offers):
        campaign = campaigns[offer[0]]
        yield {
            "batch": batch_ref(offer),
            "programme": programme_ref(campaign.number),
            "line": lines[campaign.number, _is_private(plan, offer)],
            "kind": "fixed",
            "face_value": plan.terms.faces[offer],
            "minimum_spend": plan.terms.minimums[campaign.number],
            "categories": joined(plan.terms.categories[offer]),
            "region": plan.spend_regions[offer],
            "channels": _channels(campaign),
            "valid_from": plan.time(unix(campaign.first_day)),
            "valid_until": plan.time(after(campaign.last_day)),
            "claim_days": 0,
            "quota": _quota(quotas[offer]),
        }


def holder_rows(plan: Plan) -> Iterator[Row]:
    """Rolls, one after the other."""
    for roll in plan.allotments.rolls:
        for place, household in enumerate(roll.households):
            yield {
                "roll": roll.ref,
                "programme": programme_ref(roll.campaign),
                "place": place,
                "holder": f"household-{household}",
            }


def issue_rows(plan: Plan) -> Iterator[Row]:
    """Every offer of a roll; packs, since they stand together."""
    for roll in plan.allotments.rolls:
        for offer in roll.offers:
            yield {"batch": batch_ref(offer), "roll": roll.ref}


def redemption_rows(plan: Plan) -> Iterator[Row]:
    """All redemptions in the order of their times; a household's second voucher of a kind is spent second."""
    spent: Counter[tuple[Offer, Household]] = Counter()
    row = 0
    for number, code in enumerate(plan.terms.codes, 1):
        items = items_text(code.items)
        for purchase in code.purchases:
            row += 1
            key = purchase.redeemed.offer, purchase.redeemed.household
            roll, place = plan.allotments.places[key][spent[key]]
            spent[key] += 1
            yield {
                "row": row,
                "code": number,
                "redeemed_at": plan.time(purchase.at),
                "programme": programme_ref(code.campaign),
                "batch": batch_ref(purchase.redeemed.offer),
                "roll": roll,
                "place": place,
                "merchant": merchant_ref(purchase.store),
                "channel": "store",
                "receipt": purchase.receipt,
                "items": items,
                "note": _note(purchase, code.basis),
            }


def _note(purchase: Purchase, basis: BillBasis) -> str:
    bill = "bill of the receipt" if basis is BillBasis.RECEIPT else f"synthetic bill: {basis.value}"
    return f"store by {purchase.evidence.value}; {bill}"


def synthetic_codes(plan: Plan) -> Sequence[tuple[int, BillBasis]]:
    """Number and reason of each code whose bill was made up."""
    return [
        (number, code.basis) for number, code in enumerate(plan.terms.codes, 1) if code.basis is not BillBasis.RECEIPT
    ]
