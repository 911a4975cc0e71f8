"""Regions, which the data does not have: stores that share customers lie together.

A store's code has six digits: 1 for the country, its area (1–9), its district within the area (two digits) and its number
within the district (two digits). The nine stores visited by most households are the areas' centres.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from os.path import commonprefix

from node_api.loaders.completejourney.journey import Household, Journey, Offer, Store
from node_api.loaders.completejourney.purchases import Purchase

COUNTRY = "1"
AREAS = 9
AREA_DIGITS = 2
"""Digits of country and area."""
_DISTRICT = 10  # stores of a district


def store_regions(journey: Journey) -> dict[Store, str]:
    """Region of every store."""
    customers: dict[Store, set[Household]] = {store: set() for store in journey.departments_sold}
    for household, visits in journey.visits.items():
        for store in visits:
            customers[store].add(household)
    by_size = sorted(customers, key=lambda store: (-len(customers[store]), store))
    centres = by_size[:AREAS]
    members: dict[int, list[Store]] = defaultdict(list)
    for store in by_size:
        members[_area(store, centres, customers)].append(store)
    return {
        store: f"{COUNTRY}{area + 1}{place // _DISTRICT:02d}{place % _DISTRICT:02d}"
        for area, stores in members.items()
        for place, store in enumerate(stores)
    }


def _area(store: Store, centres: Sequence[Store], customers: Mapping[Store, set[Household]]) -> int:
    """The centre with which the store shares most customers; a centre is its own."""
    if store in centres:
        return centres.index(store)
    shared = [len(customers[store] & customers[centre]) for centre in centres]
    return shared.index(max(shared))


def common(regions: Iterable[str]) -> str:
    """The longest region that covers all of `regions`, an area at most."""
    return str(commonprefix(list(regions)))[:AREA_DIGITS]  # noqa: RUF071 - digits, not paths


def spend_regions(journey: Journey, purchases: Iterable[Purchase], regions: Mapping[Store, str]) -> dict[Offer, str]:
    """Where each coupon may be spent: what is common to the stores it was redeemed at; for one that never was, to those
    of its campaign; the country where the campaign never was.
    """
    by_offer: dict[Offer, list[str]] = defaultdict(list)
    by_campaign: dict[int, list[str]] = defaultdict(list)
    for purchase in purchases:
        by_offer[purchase.redeemed.offer].append(regions[purchase.store])
        by_campaign[purchase.redeemed.campaign].append(regions[purchase.store])
    return {offer: common(by_offer.get(offer) or by_campaign.get(offer[0]) or [COUNTRY]) for offer in journey.offers}
