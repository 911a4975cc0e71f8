"""Terms the data does not give: face values, categories, minimum spends, bills."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from statistics import median_low

from node_api.domain.ids import Amount
from node_api.domain.importing.rows import counted_bill
from node_api.loaders.completejourney.journey import CampaignNumber, Coupon, Journey, Offer
from node_api.loaders.completejourney.purchases import Purchase


class BillBasis(Enum):
    """Where a code's bill comes from; all but RECEIPT are synthetic."""

    RECEIPT = "receipt"
    NO_BASKET = "no-basket"
    NOTHING_COUNTED = "nothing-counted"
    FACE_OVER_BILL = "face-over-bill"


@dataclass(frozen=True, slots=True)
class Code:
    """Purchases that are signed together: one receipt, one campaign.

    Attributes:
        items: (category, cents) of the whole receipt, by category; made up where `basis` is not RECEIPT.
    """

    purchases: tuple[Purchase, ...]
    items: tuple[tuple[int, Amount], ...]
    basis: BillBasis

    @property
    def campaign(self) -> CampaignNumber:
        """The campaign of all of them."""
        return self.purchases[0].redeemed.campaign


def department_numbers(journey: Journey) -> dict[str, int]:
    """Category of each department: its place in the alphabet."""
    names = sorted({facts.department for facts in journey.products.values()})
    return {name: number for number, name in enumerate(names)}


def offer_categories(journey: Journey, numbers: Mapping[str, int]) -> dict[Offer, int]:
    """Mask of the departments of each coupon's products; products the data does not describe count for none."""
    found = {}
    for offer, products in journey.offers.items():
        departments = {journey.products[product].department for product in products if product in journey.products}
        found[offer] = sum(1 << numbers[department] for department in departments)
    return found


def face_values(journey: Journey, purchases: Sequence[Purchase]) -> dict[Offer, Amount]:
    """Median discount of the coupon, else of its campaign, else of its campaign's type (the lower of two middle ones)."""
    types = {campaign.number: campaign.type for campaign in journey.campaigns}
    by_coupon: dict[Coupon, list[int]] = defaultdict(list)
    by_campaign: dict[CampaignNumber, list[int]] = defaultdict(list)
    by_type: dict[str, list[int]] = defaultdict(list)
    for purchase in purchases:
        if purchase.coupon_discount > 0:
            campaign, coupon = purchase.redeemed.offer
            by_coupon[coupon].append(purchase.coupon_discount)
            by_campaign[campaign].append(purchase.coupon_discount)
            by_type[types[campaign]].append(purchase.coupon_discount)
    return {
        (campaign, coupon): Amount(
            median_low(by_coupon.get(coupon) or by_campaign.get(campaign) or by_type[types[campaign]])
        )
        for campaign, coupon in journey.offers
    }


def _by_code(purchases: Sequence[Purchase]) -> list[tuple[Purchase, ...]]:
    found: dict[tuple[str, CampaignNumber], list[Purchase]] = defaultdict(list)
    for purchase in purchases:
        found[purchase.receipt, purchase.redeemed.campaign].append(purchase)
    order = sorted(found, key=lambda key: (found[key][0].at, *key))
    return [tuple(sorted(found[key], key=lambda one: one.redeemed.coupon)) for key in order]


def _receipt_items(purchase: Purchase, journey: Journey, numbers: Mapping[str, int]) -> tuple[tuple[int, Amount], ...]:
    """The receipt's sales by category; products the data does not describe, and lines sold for nothing, are left out."""
    sums: dict[int, int] = defaultdict(int)
    for line in purchase.lines:
        if line.product in journey.products:
            sums[numbers[journey.products[line.product].department]] += line.sold
    return tuple((category, Amount(sums[category])) for category in sorted(sums) if sums[category] > 0)


@dataclass(frozen=True, slots=True)
class Terms:
    """All that is derived for batches and codes."""

    numbers: Mapping[str, int]
    categories: Mapping[Offer, int]
    faces: Mapping[Offer, Amount]
    minimums: Mapping[CampaignNumber, Amount]
    codes: tuple[Code, ...]


def derive_terms(journey: Journey, purchases: Sequence[Purchase]) -> Terms:
    """Faces first, then the bills that can be used, minimum spends from those, and bills made up for the rest."""
    numbers = department_numbers(journey)
    categories = offer_categories(journey, numbers)
    faces = face_values(journey, purchases)
    seen: dict[CampaignNumber, list[int]] = defaultdict(list)
    drafts: list[Code] = []
    for together in _by_code(purchases):
        items = _receipt_items(together[0], journey, numbers)
        bill = counted_bill(items, _union(together, categories))
        basis = _basis(together, bill, sum(faces[one.redeemed.offer] for one in together))
        drafts.append(Code(together, items, basis))
        if basis is BillBasis.RECEIPT:
            seen[together[0].redeemed.campaign].append(bill // len(together))
    minimums = _minimums(journey, seen)
    codes = tuple(_with_bill(draft, categories, faces, minimums) for draft in drafts)
    return Terms(numbers, categories, faces, minimums, codes)


def _union(together: Sequence[Purchase], categories: Mapping[Offer, int]) -> int:
    union = 0
    for purchase in together:
        union |= categories[purchase.redeemed.offer]
    return union


def _basis(together: Sequence[Purchase], bill: int, faces: int) -> BillBasis:
    if not together[0].lines:
        return BillBasis.NO_BASKET
    if bill == 0:
        return BillBasis.NOTHING_COUNTED
    return BillBasis.FACE_OVER_BILL if faces > bill else BillBasis.RECEIPT


def _minimums(journey: Journey, seen: Mapping[CampaignNumber, Sequence[int]]) -> dict[CampaignNumber, Amount]:
    """Smallest bill for each voucher seen in the campaign, else the median of those of its type's campaigns."""
    by_type: dict[str, list[int]] = defaultdict(list)
    for campaign in journey.campaigns:
        if seen.get(campaign.number):
            by_type[campaign.type].append(min(seen[campaign.number]))
    return {
        campaign.number: Amount(min(seen.get(campaign.number) or [median_low(by_type[campaign.type])]))
        for campaign in journey.campaigns
    }


def _with_bill(
    draft: Code,
    categories: Mapping[Offer, int],
    faces: Mapping[Offer, Amount],
    minimums: Mapping[CampaignNumber, Amount],
) -> Code:
    """The code; a bill that cannot be used is replaced by the smallest one the rules allow, in the lowest category."""
    if draft.basis is BillBasis.RECEIPT:
        return draft
    union = _union(draft.purchases, categories)
    lowest = (union & -union).bit_length() - 1
    needed = sum(faces[purchase.redeemed.offer] for purchase in draft.purchases)
    bill = Amount(max(needed, minimums[draft.campaign] * len(draft.purchases)))
    return Code(draft.purchases, ((lowest, bill),), draft.basis)
