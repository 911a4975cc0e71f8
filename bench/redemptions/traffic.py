"""What is redeemed: a seeded draw from a folder's redemptions, or one merchant's neighbouring vouchers, signed by the holders."""

from __future__ import annotations

import random
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from eth_hash.auto import keccak

from bench.redemptions.town import Town
from node_api.chain.eip712 import redemption_digest
from node_api.domain.codes import encode_code
from node_api.domain.ids import Address, Amount, Hash, Place, UnixSeconds, voucher_id
from node_api.domain.importing.rows import BatchRow, MerchantRow, Ref, RollRow
from node_api.domain.importing.wallets import Custody, Wallet, custody
from node_api.domain.items import Item, Spend
from node_api.domain.regions import region_covers
from node_api.services.import_folder import ImportFolder

SEED = 22
_HOURS_6 = 6 * 3_600
_CHANNEL = 0

Json = dict[str, object]
_Pair = tuple[Ref, Ref]


@dataclass(frozen=True, slots=True)
class Sale:
    """One voucher to be spent at one merchant, not signed yet."""

    batch: BatchRow
    roll: Ref
    place: int
    holder: Wallet
    merchant: Ref


@dataclass(frozen=True, slots=True)
class Signed:
    """A signed redemption, whose it is, and whether the node's wallet keeps the holder's key."""

    item: Item
    holder: Address
    custodial: bool

    def body(self) -> Json:
        """As a till sends it: a code where the holder showed one, else what a device signed."""
        if self.custodial:
            return {"code": encode_code(self.item)}
        return {"redemption": message(self.item), "signature": "0x" + self.item.signature.hex()}


class Exhausted(Exception):
    """The folder has no voucher left for what was asked."""


class Traffic:
    """Sales of one kind, each of another voucher; the same seed gives the same ones."""

    def __init__(self, town: Town, sales: Iterator[Sale]) -> None:
        self._town, self._sales, self._signed = town, sales, 0

    def sign(self, count: int) -> list[Signed]:
        """The next so many redemptions, signed now and good for six hours.

        Raises:
            Exhausted: there are fewer.
        """
        deadline = UnixSeconds(int(time.time()) + _HOURS_6)
        found = []
        for _ in range(count):
            sale = next(self._sales, None)
            if sale is None:
                raise Exhausted(f"only {self._signed} vouchers to redeem")
            found.append(self._sign(sale, deadline))
        return found

    def _sign(self, sale: Sale, deadline: UnixSeconds) -> Signed:
        self._signed += 1
        return sign_sale(self._town, sale, f"receipt {self._signed}", deadline)


def sign_sale(town: Town, sale: Sale, receipt: str, deadline: UnixSeconds) -> Signed:
    """A sale with its holder's signature; its bill is the least that the voucher asks for."""
    batch = sale.batch
    voucher = voucher_id(town.seen.batch(batch.ref), town.seen.roll(sale.roll), Place(sale.place))
    item = Item(
        spends=(Spend(voucher, batch.face_value),),
        merchant=town.seen.merchants[sale.merchant].id,
        bill=Amount(batch.face_value + batch.minimum_spend),
        receipt=Hash("0x" + keccak(receipt.encode()).hex()),
        channel=_CHANNEL,
        deadline=deadline,
    )
    signature = town.wallets.sign(batch.programme, sale.holder, redemption_digest(town.domain, item))
    holder = town.wallets.holder(batch.programme, sale.holder)
    return Signed(item.signed(signature), holder, custody(sale.holder) is Custody.NODE)


def drawn(town: Town, seed: int = SEED) -> Traffic:
    """Store, batch and roll of a redemption of the folder drawn at random, at a place of the roll not spent before.

    Once all those places are spent it goes on with what nobody redeemed, at a store that takes it.
    """
    return Traffic(town, drawn_sales(town.folder, seed))


def neighbours(town: Town) -> Traffic:
    """One merchant's: the roll with most places, batch by batch, place by place."""
    return Traffic(town, neighbouring_sales(town.folder))


def drawn_sales(folder: ImportFolder, seed: int) -> Iterator[Sale]:
    """See `drawn`."""
    rng = random.Random(seed)
    done = [(row.merchant, row.voucher) for row in folder.redemptions() if row.voucher and row.expected is None]
    yield from _draw(folder, rng, [(merchant, (voucher.batch, voucher.roll)) for merchant, voucher in done])
    yield from _draw(folder, rng, _never_redeemed(folder, rng, {(one.batch, one.roll) for _, one in done}))


def _draw(folder: ImportFolder, rng: random.Random, rows: list[tuple[Ref, _Pair]]) -> Iterator[Sale]:
    """Rows at random until no place of their rolls is left."""
    batches, rolls = _by_ref(folder)
    holders = {ref: roll.holders() for ref, roll in rolls.items()}
    free: dict[_Pair, list[int]] = {}
    while rows:
        at = rng.randrange(len(rows))
        merchant, pair = rows[at]
        batch, roll = pair
        if pair not in free:
            free[pair] = rng.sample(range(rolls[roll].places), rolls[roll].places)
        if not free[pair]:
            rows[at] = rows[-1]
            rows.pop()
            continue
        place = free[pair].pop()
        yield Sale(batches[batch], roll, place, holders[roll][place], merchant)


def _never_redeemed(folder: ImportFolder, rng: random.Random, done: set[_Pair]) -> list[tuple[Ref, _Pair]]:
    """Pairs of batch and roll that nobody redeemed of, each with a merchant who takes them."""
    batches, _ = _by_ref(folder)
    pairs = [(issue.batch, issue.roll) for issue in folder.issues if (issue.batch, issue.roll) not in done]
    takers = {batch: [shop.ref for shop in folder.merchants if _takes(shop, batches[batch])] for batch, _ in pairs}
    return [(rng.choice(takers[pair[0]]), pair) for pair in pairs if takers[pair[0]]]


def neighbouring_sales(folder: ImportFolder) -> Iterator[Sale]:
    """See `neighbours`; at the merchant who takes most of the roll's batches."""
    batches, rolls = _by_ref(folder)
    given: dict[Ref, list[BatchRow]] = defaultdict(list)
    for issue in folder.issues:
        given[issue.roll].append(batches[issue.batch])
    roll = max(rolls.values(), key=lambda one: len(given[one.ref]) * one.places)
    good = {shop.ref: [batch for batch in given[roll.ref] if _takes(shop, batch)] for shop in folder.merchants}
    merchant = max(good, key=lambda ref: len(good[ref]))
    holders = roll.holders()
    for batch in good[merchant]:
        for place in range(roll.places):
            yield Sale(batch, roll.ref, place, holders[place], merchant)


def _takes(shop: MerchantRow, batch: BatchRow) -> bool:
    """Whether the batch's vouchers are good at the merchant, at the till."""
    shared = shop.categories & batch.categories and shop.channels & batch.channels >> _CHANNEL & 1
    return bool(shared) and not shop.suspended and region_covers(batch.region, shop.region)


def _by_ref(folder: ImportFolder) -> tuple[dict[Ref, BatchRow], dict[Ref, RollRow]]:
    return {row.ref: row for row in folder.batches}, {row.ref: row for row in folder.rolls}


def message(item: Item) -> Json:
    """The signed message as JSON."""
    spends = [
        {"voucher": str(one.voucher), "amount": str(one.amount), "sequence": str(one.sequence)} for one in item.spends
    ]
    return {
        "spends": spends,
        "merchant": str(item.merchant),
        "bill": str(item.bill),
        "receipt": item.receipt,
        "channel": str(item.channel),
        "deadline": str(item.deadline),
    }
