"""What the loader takes from the data: plain facts, no data frames."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import NewType

from node_api.domain.ids import Amount, UnixSeconds

Household = NewType("Household", int)
Store = NewType("Store", int)
CampaignNumber = NewType("CampaignNumber", int)
Coupon = NewType("Coupon", int)
"""A coupon's UPC; the same one may occur in several campaigns."""
Product = NewType("Product", int)
Basket = NewType("Basket", int)

Offer = tuple[CampaignNumber, Coupon]
"""A coupon within a campaign: what becomes a batch."""
ShoppingDay = tuple[Household, date]


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign; both dates are inclusive."""

    number: CampaignNumber
    type: str
    first_day: date
    last_day: date


@dataclass(frozen=True, slots=True)
class ProductFacts:
    """Department, and whether it is a private label of the retailer's."""

    department: str
    is_private: bool


@dataclass(frozen=True, slots=True)
class Redeemed:
    """A row of the data's redemptions."""

    household: Household
    coupon: Coupon
    campaign: CampaignNumber
    day: date

    @property
    def offer(self) -> Offer:
        """The coupon within its campaign."""
        return self.campaign, self.coupon

    @property
    def shopping_day(self) -> ShoppingDay:
        """Whose baskets of which day it belongs to."""
        return self.household, self.day


@dataclass(frozen=True, slots=True)
class BasketLine:
    """A line of a basket: what the shop got for it, and what of that a coupon paid, in cents."""

    basket: Basket
    store: Store
    product: Product
    sold: Amount
    coupon: Amount
    at: UnixSeconds


@dataclass(frozen=True, slots=True)
class Journey:
    """The data, cut down to what is needed.

    Attributes:
        targeted: households of each campaign, ascending.
        offers: products of each coupon of each campaign, ascending.
        redeemed: in the order of the data.
        lines: baskets of the days on which something was redeemed.
        visits: baskets of each household at each store, over the whole year.
        departments_sold: of each store.
    """

    campaigns: tuple[Campaign, ...]
    targeted: Mapping[CampaignNumber, tuple[Household, ...]]
    offers: Mapping[Offer, tuple[Product, ...]]
    products: Mapping[Product, ProductFacts]
    redeemed: tuple[Redeemed, ...]
    lines: Mapping[ShoppingDay, tuple[BasketLine, ...]]
    visits: Mapping[Household, Mapping[Store, int]]
    departments_sold: Mapping[Store, frozenset[str]]
