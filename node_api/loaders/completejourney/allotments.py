"""Who gets what: a roll for each campaign, and small ones for second coupons of a kind."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from node_api.domain.ids import MAX_PLACES
from node_api.loaders.completejourney.journey import CampaignNumber, Household, Journey, Offer


@dataclass(frozen=True, slots=True)
class RollPlan:
    """A roll to be written, and the offers issued to it."""

    ref: str
    campaign: CampaignNumber
    households: tuple[Household, ...]
    offers: tuple[Offer, ...]


@dataclass(frozen=True, slots=True)
class Allotments:
    """All rolls, and where each household stands.

    Attributes:
        places: (offer, household) → (roll, place) of its vouchers, the first one first.
    """

    rolls: tuple[RollPlan, ...]
    places: Mapping[tuple[Offer, Household], tuple[tuple[str, int], ...]]

    def vouchers(self) -> int:
        """How many vouchers these rolls come to."""
        return sum(len(roll.households) * len(roll.offers) for roll in self.rolls)

    def quotas(self) -> Counter[Offer]:
        """Vouchers of each offer."""
        found: Counter[Offer] = Counter()
        for roll in self.rolls:
            for offer in roll.offers:
                found[offer] += len(roll.households)
        return found


def allot(journey: Journey) -> Allotments:
    """Every targeted household of a campaign gets every coupon of it once, and once more where it redeemed it twice."""
    rolls = []
    for campaign in journey.campaigns:
        number = campaign.number
        households = journey.targeted[number]
        offers = tuple(sorted(offer for offer in journey.offers if offer[0] == number))
        for part, start in enumerate(range(0, len(households), MAX_PLACES), 1):
            some = households[start : start + MAX_PLACES]
            rolls.append(RollPlan(f"c{number}-roll-{part}", number, some, offers))
    rolls += _second_rolls(journey)
    places: dict[tuple[Offer, Household], list[tuple[str, int]]] = defaultdict(list)
    for roll in rolls:
        for place, household in enumerate(roll.households):
            for offer in roll.offers:
                places[offer, household].append((roll.ref, place))
    return Allotments(tuple(rolls), {key: tuple(found) for key, found in places.items()})


def _second_rolls(journey: Journey) -> list[RollPlan]:
    counts = Counter((row.offer, row.household) for row in journey.redeemed)
    again: dict[Offer, list[Household]] = defaultdict(list)
    for (offer, household), count in counts.items():
        again[offer] += [household] * (count - 1)
    return [
        RollPlan(f"c{offer[0]}-again-{offer[1]}", offer[0], tuple(sorted(again[offer])), (offer,))
        for offer in sorted(again)
        if again[offer]
    ]
