"""Merchants and programmes that are added, for rules that no real row could break."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from node_api.domain.ids import Amount
from node_api.domain.importing.rows import BatchRow, MerchantRow, Ref
from node_api.domain.importing.values import CHANNELS, MAX_CATEGORY
from node_api.domain.importing.wallets import Wallet
from node_api.domain.models import VoucherKind
from node_api.domain.regions import region_covers
from node_api.loaders.folder_writer import Row
from node_api.loaders.spoil.stock import Stock

_WEEK = 7 * 86_400
EVERY_CATEGORY = (1 << MAX_CATEGORY + 1) - 1
EVERY_CHANNEL = (1 << len(CHANNELS)) - 1
DORMANT = "dormant"
AUDITOR = Wallet("device:spoil-auditor")
OPEN_SECONDS, OPEN_BILL = 30, 1_000_000_00


def _nothing(_: Amount) -> Row:
    return {}


def _caps(face: Amount) -> Row:
    return {"transferable": "yes", "transfer_amount": face, "transfer_month_amount": face}


_RULES: Mapping[str, tuple[str, Callable[[Amount], Row]]] = {
    DORMANT: ("published, not active", lambda _: {"state": "published"}),
    "step-up": ("consent above one face value", lambda face: {"step_up_threshold": face}),
    "redemption-limit": ("one voucher a redemption", lambda _: {"redemption_count": 1}),
    "day-limit": ("one face value a day", lambda face: {"day_amount": face}),
    "month-limit": ("one voucher a month", lambda _: {"month_count": 1}),
    "first-only": ("first redemption only", lambda _: {"first_only": "yes"}),
    "merchant-limit": ("one face value a merchant and day", lambda face: {"merchant_daily_limit": face}),
    "frozen-voucher": ("frozen vouchers", _nothing),
    "frozen-holder": ("frozen holders", _nothing),
    "frozen-roll": ("a frozen roll", _nothing),
    "frozen-batch": ("a frozen batch", _nothing),
    "frozen-merchant": ("a frozen merchant", _nothing),
    "revoked": ("revoked vouchers", _nothing),
    "paused": ("paused", _nothing),
    "booked": ("booked vouchers", _nothing),
    "percentage": ("a tenth of the bill", _nothing),
    "stored": ("stored value", _nothing),
    "transferable": ("vouchers passed on", _caps),
    "open": ("codes that name no merchant", lambda _: {"open_seconds": OPEN_SECONDS, "open_max_bill": OPEN_BILL}),
    "reversed": ("redemptions taken back", lambda _: {"reversal_window_seconds": 86_400}),
}


_KINDS = {"percentage": (VoucherKind.PERCENTAGE, 1_000), "stored": (VoucherKind.STORED, 0)}


@dataclass(frozen=True, slots=True)
class AddedProgramme:
    """A programme with one line and one batch, which copy another programme's but for a rule.

    Attributes:
        batch: its batch.
        like: the batch that it copies; programme and line are copied from that one's.
        name: for people.
        columns: what differs in programmes.csv.
    """

    batch: BatchRow
    like: BatchRow
    name: str
    columns: Row


@dataclass(frozen=True, slots=True)
class Added:
    """What is added.

    Attributes:
        tills: a merchant with a terminal of its own, and one more for each code in which holder and terminal are one.
        others: another merchant, whose terminal is not the tills'.
        capped: one whose terminal may redeem next to nothing in a day.
        frozen: one that an auditor freezes.
        suspended: merchants that were suspended.
        programmes: each with a rule of its own, by the name of that rule.
    """

    tills: MerchantRow
    others: MerchantRow
    capped: MerchantRow
    frozen: MerchantRow
    suspended: tuple[MerchantRow, ...]
    programmes: Mapping[str, AddedProgramme]

    @property
    def merchants(self) -> tuple[MerchantRow, ...]:
        """All of them."""
        return self.tills, self.others, self.capped, self.frozen, *self.suspended


def plan_added(stock: Stock, count: int) -> Added:
    """Merchants in the region in which most batches can be spent, and a programme for each rule that a programme switches on."""
    regions = sorted({merchant.region for merchant in stock.merchants})
    batches = stock.folder.batches
    region = max(regions, key=lambda one: sum(region_covers(batch.region, one) for batch in batches))
    selves = tuple(stock.device("self") for _ in range(count))
    tills = _merchant("spoil-tills", region, (Wallet("device:spoil-till"), *selves))
    return Added(
        tills=tills,
        others=_merchant("spoil-others", region, (Wallet("device:spoil-other-till"),)),
        capped=_merchant("spoil-capped", region, (Wallet("device:spoil-capped-till"),), terminal_limit=1),
        frozen=_merchant("spoil-frozen", region, ()),
        suspended=tuple(_merchant(f"spoil-suspended-{number}", region, (), suspended=True) for number in (1, 2, 3)),
        programmes={rule: _programme(stock, rule, tills) for rule in _RULES},
    )


def _programme(stock: Stock, rule: str, tills: MerchantRow) -> AddedProgramme:
    """A copy of a programme with one of its batches, which the added merchants take.

    The batch can be spent for a week within the time that the folder's redemptions span.
    """
    like = stock.sale(
        lambda batch: batch.face_value > 1 and stock.seconds_open(batch) > _WEEK, merchants=(tills,)
    ).batch
    name, columns = _RULES[rule]
    ref = Ref(f"spoil-{rule}")
    stock.programmes[ref] = replace(stock.programme(like), ref=ref)
    kind, percentage = _KINDS.get(rule, (VoucherKind.FIXED, 0))
    own = replace(like, ref=Ref(f"{ref}-batch"), programme=ref, line=1, claim_days=0, quota=0)
    batch = replace(own, kind=kind, percentage=percentage)
    return AddedProgramme(batch, like, f"Spoiled: {name}", columns(like.face_value))


def _merchant(
    ref: str,
    region: int,
    terminals: tuple[Wallet, ...],
    *,
    suspended: bool = False,
    terminal_limit: int = 0,
) -> MerchantRow:
    return MerchantRow(
        ref=Ref(ref),
        name=ref.replace("-", " ").capitalize(),
        categories=EVERY_CATEGORY,
        region=region,
        channels=EVERY_CHANNEL,
        suspended=suspended,
        payout=Wallet(ref),
        terminals=terminals,
        terminal_limit=Amount(terminal_limit),
    )
