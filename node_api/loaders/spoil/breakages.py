"""One function for each way of breaking a rule: each takes a sale that would pass and changes one thing about it."""

from collections.abc import Callable

from node_api.domain.ids import Amount
from node_api.domain.importing.rows import BatchRow, MerchantRow
from node_api.domain.importing.values import MAX_CATEGORY
from node_api.domain.regions import region_covers
from node_api.loaders.spoil.added import DORMANT, Added
from node_api.loaders.spoil.codes import Draft
from node_api.loaders.spoil.spoiled import SpoiledCode
from node_api.loaders.spoil.stock import Stock, closed_channel

Break = Callable[[Stock, Added, int], list[SpoiledCode]]
"""Gives the codes of the n-th breakage of its kind: one, and the sound one it needs before it, if any."""


def too_early(stock: Stock, _added: Added, n: int) -> list[SpoiledCode]:
    """A second, or up to a day, before the validity begins, while the programme is active already."""

    def has_notice(batch: BatchRow) -> bool:
        return batch.valid_from - 86_400 > max(stock.begin, stock.programme(batch).starts_at)

    draft = Draft.of(stock, stock.sale(has_notice))
    early = 1 if n % 2 == 0 else stock.random.randrange(2, 86_400)
    draft.at = draft.sale.batch.valid_from - early
    return [draft.code(stock, "a second early" if early == 1 else "before the validity", "NotYetValid")]


def too_late(stock: Stock, _added: Added, n: int) -> list[SpoiledCode]:
    """At the end, which is exclusive, or up to a day behind it."""
    draft = Draft.of(stock, stock.sale(lambda batch: batch.valid_until + 86_400 < stock.end))
    late = 0 if n % 2 == 0 else stock.random.randrange(1, 86_400)
    draft.at = draft.sale.batch.valid_until + late
    return [draft.code(stock, "a second late" if late == 0 else "behind the validity", "Expired")]


def wrong_category(stock: Stock, _added: Added, _n: int) -> list[SpoiledCode]:
    """A merchant that is vetted for none of the voucher's categories."""

    def wrong(batch: BatchRow, merchant: MerchantRow) -> bool:
        inside = region_covers(batch.region, merchant.region) and batch.channels & merchant.channels
        return bool(inside) and not batch.categories & merchant.categories

    return [Draft.of(stock, stock.sale_elsewhere(wrong)).code(stock, "wrong category", "CategoryNotShared")]


def wrong_region(stock: Stock, _added: Added, _n: int) -> list[SpoiledCode]:
    """A merchant outside the voucher's region."""

    def wrong(batch: BatchRow, merchant: MerchantRow) -> bool:
        fits = batch.categories & merchant.categories and batch.channels & merchant.channels
        return bool(fits) and not region_covers(batch.region, merchant.region)

    return [Draft.of(stock, stock.sale_elsewhere(wrong)).code(stock, "wrong region", "RegionOutside")]


def wrong_channel(stock: Stock, _added: Added, _n: int) -> list[SpoiledCode]:
    """A channel that voucher and merchant do not share."""
    draft = Draft.of(stock, stock.sale())
    draft.channel = closed_channel(draft.sale.batch.channels & draft.sale.merchant.channels)
    return [draft.code(stock, "wrong channel", "ChannelClosed")]


def wrong_amount(stock: Stock, _added: Added, n: int) -> list[SpoiledCode]:
    """An amount other than the face value."""
    draft = Draft.of(stock, stock.sale())
    face = draft.sale.batch.face_value
    draft.more["amount"] = (face + 1, face - 1, 0, face * 2)[n % 4]
    return [draft.code(stock, "wrong amount", "AmountMismatch")]


def bill_below_face(stock: Stock, _added: Added, n: int) -> list[SpoiledCode]:
    """A counted bill one below the face value, beside other things that do not count; or nothing that counts."""
    every = (1 << MAX_CATEGORY + 1) - 1
    draft = Draft.of(stock, stock.sale(lambda batch: batch.face_value > 1 and batch.categories != every))
    batch = draft.sale.batch
    other = next(one for one in range(MAX_CATEGORY + 1) if not batch.categories >> one & 1)
    uncounted = (other, Amount(batch.face_value + batch.minimum_spend))
    counted = ((draft.items[0][0], Amount(batch.face_value - 1)),) if n % 2 == 0 else ()
    draft.items = (*counted, uncounted)
    return [draft.code(stock, "bill below the face value", "AmountsOverBill")]


def bill_below_minimum(stock: Stock, _added: Added, n: int) -> list[SpoiledCode]:
    """A bill one below the minimum spend of one voucher, or of two together."""
    draft = Draft.of(stock, stock.sale(lambda batch: batch.minimum_spend > batch.face_value))
    batch, first = draft.spends[0]
    if n % 2:
        draft.spends.append((batch, stock.voucher(batch, stock.holder(first))))
    draft.items = ((draft.items[0][0], Amount(batch.minimum_spend * len(draft.spends) - 1)),)
    return [draft.code(stock, "bill below the minimum spend", "MinimumSpendUnmet")]


def suspended_merchant(stock: Stock, added: Added, n: int) -> list[SpoiledCode]:
    """A merchant that was suspended."""
    draft = _at(stock, added.suspended[n % len(added.suspended)])
    return [draft.code(stock, "suspended merchant", "MerchantNotActive")]


def dormant_programme(stock: Stock, added: Added, _n: int) -> list[SpoiledCode]:
    """A programme that is published and was not activated."""
    draft = Draft.of(stock, stock.sale_of(added.programmes[DORMANT].batch))
    return [draft.code(stock, "programme not active", "ProgrammeNotActive")]


def used_twice(stock: Stock, _added: Added, n: int) -> list[SpoiledCode]:
    """A voucher spent at the first second of its validity, or at the last but one, and once more."""
    within = stock.sale(lambda batch: stock.begin <= batch.valid_from and batch.valid_until <= stock.end)
    first = Draft.of(stock, within)
    batch = first.sale.batch
    first.at = batch.valid_from if n % 2 == 0 else batch.valid_until - 2
    again = Draft(within, first.spends, stock.good_items((batch,)), 0, within.merchant.ref, within.channel)
    again.at = stock.random.randrange(batch.valid_from + 1, batch.valid_until) if n % 2 == 0 else batch.valid_until - 1
    return [first.code(stock, "its second use is refused", ""), again.code(stock, "used twice", "AlreadyRedeemed")]


def unknown_place(stock: Stock, _added: Added, _n: int) -> list[SpoiledCode]:
    """A place behind the end of the roll; nobody holds it, so anybody signs."""
    draft = Draft.of(stock, stock.sale())
    batch, voucher = draft.spends[0]
    beyond = stock.random.randrange(1_500, 2_048)
    draft.spends = [(batch, type(voucher)(voucher.batch, voucher.roll, beyond))]
    draft.more["signer"] = stock.device("nobody")
    return [draft.code(stock, "no such place", "VoucherUnknown")]


def no_vouchers(stock: Stock, _added: Added, _n: int) -> list[SpoiledCode]:
    """A code that holds no voucher."""
    sale = stock.sale()
    draft = Draft(sale, [], stock.good_items((sale.batch,)), sale.at, sale.merchant.ref, sale.channel)
    draft.more["signer"] = stock.device("nobody")
    return [draft.code(stock, "no voucher", "VouchersMissing")]


def same_twice(stock: Stock, _added: Added, _n: int) -> list[SpoiledCode]:
    """The same voucher twice in one code."""
    draft = Draft.of(stock, stock.sale())
    draft.spends *= 2
    draft.items = stock.good_items((draft.sale.batch,) * 2)
    return [draft.code(stock, "the same voucher twice", "VouchersNotAscending")]


def two_holders(stock: Stock, _added: Added, _n: int) -> list[SpoiledCode]:
    """Vouchers of two people in one code."""
    draft = Draft.of(stock, stock.sale())
    batch = draft.sale.batch
    draft.spends.append((batch, stock.voucher(batch)))
    draft.items = stock.good_items((batch, batch))
    return [draft.code(stock, "vouchers of two people", "HolderMismatch")]


def _at(stock: Stock, merchant: MerchantRow) -> Draft:
    """A draft of a sale at one of the added merchants."""
    return Draft.of(stock, stock.sale(merchants=(merchant,)))
