"""Merchants and a programme that are added, for rules that no real row could break."""

from dataclasses import dataclass

from node_api.domain.importing.rows import BatchRow, MerchantRow, Ref
from node_api.domain.importing.values import CHANNELS, MAX_CATEGORY
from node_api.domain.importing.wallets import Wallet
from node_api.domain.regions import region_covers
from node_api.loaders.spoil.stock import Stock

EVERY_CATEGORY = (1 << MAX_CATEGORY + 1) - 1
EVERY_CHANNEL = (1 << len(CHANNELS)) - 1
DORMANT = Ref("spoil-dormant")


@dataclass(frozen=True, slots=True)
class Added:
    """What is added.

    Attributes:
        tills: a merchant with a terminal of its own, and one more for each code in which holder and terminal are one.
        others: another merchant, whose terminal is not the tills'.
        suspended: merchants that were suspended.
        dormant: a batch of a programme that is published and not active; it copies `dormant_of`.
    """

    tills: MerchantRow
    others: MerchantRow
    suspended: tuple[MerchantRow, ...]
    dormant: BatchRow
    dormant_of: BatchRow

    @property
    def merchants(self) -> tuple[MerchantRow, ...]:
        """All of them."""
        return self.tills, self.others, *self.suspended


def plan_added(stock: Stock, count: int) -> Added:
    """Merchants in the region in which most batches can be spent, and a dormant copy of a batch."""
    regions = sorted({merchant.region for merchant in stock.merchants})
    batches = stock.folder.batches
    region = max(regions, key=lambda one: sum(region_covers(batch.region, one) for batch in batches))
    selves = tuple(stock.device("self") for _ in range(count))
    source = stock.sale().batch
    dormant = BatchRow(
        ref=Ref("spoil-dormant-batch"),
        programme=DORMANT,
        line=1,
        face_value=source.face_value,
        minimum_spend=source.minimum_spend,
        categories=source.categories,
        region=source.region,
        channels=source.channels,
        valid_from=source.valid_from,
        valid_until=source.valid_until,
        claim_days=0,
        quota=count,
    )
    return Added(
        tills=_merchant("spoil-tills", region, (Wallet("device:spoil-till"), *selves)),
        others=_merchant("spoil-others", region, (Wallet("device:spoil-other-till"),)),
        suspended=tuple(_merchant(f"spoil-suspended-{number}", region, (), True) for number in (1, 2, 3)),
        dormant=dormant,
        dormant_of=source,
    )


def _merchant(ref: str, region: int, terminals: tuple[Wallet, ...], suspended: bool = False) -> MerchantRow:
    name = ref.replace("-", " ").capitalize()
    return MerchantRow(Ref(ref), name, EVERY_CATEGORY, region, EVERY_CHANNEL, suspended, Wallet(ref), terminals)
