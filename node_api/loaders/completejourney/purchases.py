"""Where, when and on which receipt each redemption took place."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from node_api.domain.ids import Amount, UnixSeconds
from node_api.loaders.completejourney.calendar import NOON, unix
from node_api.loaders.completejourney.journey import (
    Basket,
    BasketLine,
    Household,
    Journey,
    Redeemed,
    ShoppingDay,
    Store,
)


class Evidence(Enum):
    """What ties a redemption to its store and time."""

    COUPON_PRODUCT = "coupon-product"
    ANY_BASKET = "any-basket"
    MOST_VISITED = "most-visited"


@dataclass(frozen=True, slots=True)
class Purchase:
    """A redemption with its receipt. `lines` is empty where the data has no basket of that day."""

    redeemed: Redeemed
    evidence: Evidence
    receipt: str
    store: Store
    at: UnixSeconds
    lines: tuple[BasketLine, ...]
    coupon_discount: Amount


def purchases(journey: Journey) -> tuple[Purchase, ...]:
    """One for each redemption of the data, in its order.

    The basket is the one of that household and day in which the coupon's products were discounted most, then sold for most.
    Without such a product: the one another redemption of that day chose, else the dearest. Without a basket: the store the
    household visited most, at noon.
    """
    choices = [_by_product(journey, row) for row in journey.redeemed]
    chosen: dict[ShoppingDay, Basket] = {}
    for row, choice in zip(journey.redeemed, choices, strict=True):
        if choice is not None:
            chosen.setdefault(row.shopping_day, choice[0])
    found = []
    for row, choice in zip(journey.redeemed, choices, strict=True):
        lines = journey.lines.get(row.shopping_day, ())
        if choice is not None:
            found.append(_in_basket(row, Evidence.COUPON_PRODUCT, lines, *choice))
        elif lines:
            basket = chosen.get(row.shopping_day) or _dearest(lines)
            found.append(_in_basket(row, Evidence.ANY_BASKET, lines, basket, Amount(0)))
        else:
            found.append(_without_basket(row, journey))
    return tuple(found)


def most_visited(journey: Journey, household: Household) -> Store:
    """The store in which the household filled most baskets; the lowest number among equals."""
    visits = journey.visits[household]
    return min(visits, key=lambda store: (-visits[store], store))


def _by_product(journey: Journey, row: Redeemed) -> tuple[Basket, Amount] | None:
    products = set(journey.offers[row.offer])
    sums: dict[Basket, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for line in journey.lines.get(row.shopping_day, ()):
        if line.product in products:
            discount, sold = sums[line.basket]
            sums[line.basket] = discount + line.coupon, sold + line.sold
    if not sums:
        return None
    basket = min(sums, key=lambda candidate: (-sums[candidate][0], -sums[candidate][1], candidate))
    return basket, Amount(sums[basket][0])


def _dearest(lines: Sequence[BasketLine]) -> Basket:
    sums: dict[Basket, int] = defaultdict(int)
    for line in lines:
        sums[line.basket] += line.sold
    return min(sums, key=lambda basket: (-sums[basket], basket))


def _in_basket(
    row: Redeemed, evidence: Evidence, lines: Sequence[BasketLine], basket: Basket, discount: Amount
) -> Purchase:
    bought = tuple(line for line in lines if line.basket == basket)
    return Purchase(row, evidence, f"basket-{basket}", bought[0].store, bought[0].at, bought, discount)


def _without_basket(row: Redeemed, journey: Journey) -> Purchase:
    receipt = f"day-{row.household}-{row.day:%Y%m%d}"
    store = most_visited(journey, row.household)
    return Purchase(row, Evidence.MOST_VISITED, receipt, store, UnixSeconds(unix(row.day) + NOON), (), Amount(0))
