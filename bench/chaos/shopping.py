"""What tills redeem: single vouchers, batches, one voucher on two receipts, two on one, codes that expire soon."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence

import orjson

from bench.chaos.tills import Asked, Street, Till
from bench.redemptions.town import Town
from bench.redemptions.traffic import Sale, Signed, drawn_sales, sign_sale
from node_api.chain.eip712 import redemption_digest
from node_api.domain.ids import Hash, UnixSeconds

_DAYS_2 = 2 * 86_400
_HASTY_SECONDS = 300
_BATCH = 6
_MOST_PAUSE, _LONGER_PAUSE = 0.05, 1.0
_STUCK_SECONDS = 400.0
_READERS = 0.3
"""So many ask for the operation by its id."""
PLATFORM = "operator:chaos"
EXPIRED, SPENT, RECEIPT_USED = "DeadlinePassed", "AlreadyRedeemed", "ReceiptUsed"
"""What is refused, as it is meant to be."""


class SoldOut(Exception):
    """No voucher is left."""


class Shop:
    """Signs purchases. Thread-safe; the same seed draws the same vouchers.

    Attributes:
        day: how much of the round is over, 0 to 1; told by who plays it.
    """

    def __init__(self, town: Town, tokens: Mapping[int, str], now: Callable[[], int], seed: str) -> None:
        """
        Args:
            town: whose vouchers are spent.
            tokens: API keys by merchant, 0 for a platform.
            now: the chain's clock.
            seed: draws the vouchers.
        """
        self._town, self._tokens, self._now = town, tokens, now
        self._sales: list[Sale] = list(drawn_sales(town.folder, random.Random(seed).getrandbits(32)))
        self._vouchers = len(self._sales)
        self.day = 0.0
        self._aside: list[Sale] = []
        self._lock = threading.Lock()
        self._receipts = self._keys = 0

    def set_aside(self, count: int) -> None:
        """Keeps so many vouchers for codes that expire soon, however much customers buy before."""
        self._aside = [self._sale() for _ in range(count)]

    def single(self, *, hasty: bool = False) -> Asked:
        """One voucher at its merchant's till; a hasty one is of those set aside."""
        sale = self._aside.pop() if hasty else self._sale()
        return self._asked(self._sign(sale, hasty=hasty), EXPIRED if hasty else None)

    def batch(self, count: int) -> Asked:
        """Several vouchers through a platform."""
        return self._asked_as_batch([self._sign(self._sale()) for _ in range(count)])

    def rivals(self) -> list[Asked]:
        """The same voucher on two receipts."""
        sale = self._sale()
        return [self._asked(self._sign(sale), SPENT) for _ in range(2)]

    def same_receipt(self) -> list[Asked]:
        """Two vouchers against one receipt, one after the other; then the second against a receipt of its own."""
        first = self._sale()
        second, receipt = self._sale(like=first), self._receipt()
        one, other = self._sign(first, receipt=receipt), self._sign(second, receipt=receipt)
        return [self._asked(one), self._asked(other, RECEIPT_USED), self._asked(self._sign(second))]

    def another_body(self, asked: Asked) -> bytes:
        """A body that the key was not used with."""
        signed = self._sign(self._sale()).body()
        return orjson.dumps({"items": [signed]} if asked.path.endswith("batch") else signed)

    def _sale(self, like: Sale | None = None) -> Sale:
        """The next one; `like` another one: at its merchant, of its programme."""
        with self._lock:
            for at in reversed(range(len(self._sales))):
                one = self._sales[at]
                if like is None or (one.merchant, one.batch.programme) == (like.merchant, like.batch.programme):
                    return self._sales.pop(at)
            raise SoldOut

    def is_ahead(self) -> bool:
        """Whether more was sold than so much of the day accounts for: what is left has to last."""
        return len(self._sales) < (1 - self.day) * self._vouchers

    def _asked(self, signed: Signed, reason: str | None = None) -> Asked:
        body, merchant = orjson.dumps(signed.body()), signed.item.merchant
        return self._new("/v1/redemptions", body, merchant, f"merchant:{merchant}", [signed], reason)

    def _asked_as_batch(self, signed: Sequence[Signed]) -> Asked:
        body = orjson.dumps({"items": [one.body() for one in signed]})
        return self._new("/v1/redemptions/batch", body, 0, PLATFORM, signed, None)

    def _new(
        self, path: str, body: bytes, merchant: int, owner: str, signed: Sequence[Signed], reason: str | None
    ) -> Asked:
        with self._lock:
            self._keys += 1
            key = f"key-{self._keys}"
        digests = tuple(Hash("0x" + redemption_digest(self._town.domain, one.item).hex()) for one in signed)
        return Asked(path, self._tokens[merchant], key, body, owner, tuple(signed), digests, reason)

    def _sign(self, sale: Sale, *, hasty: bool = False, receipt: str | None = None) -> Signed:
        deadline = UnixSeconds(self._now() + (_HASTY_SECONDS if hasty else _DAYS_2))
        return sign_sale(self._town, sale, receipt or self._receipt(), deadline)

    def _receipt(self) -> str:
        with self._lock:
            self._receipts += 1
            return f"receipt {self._receipts}"


class Customer:
    """Buys once in each way, then goes from one purchase to the next until it is told to stop or all is sold."""

    def __init__(self, street: Street, shop: Shop, rng: random.Random, stop: threading.Event) -> None:
        """Does nothing yet."""
        self._street, self._shop, self._rng, self._stop = street, shop, rng, stop
        self._till = Till(street)

    def go(self) -> None:
        """Shops."""
        shop = self._shop
        try:
            for one in [shop.batch(_BATCH), *shop.rivals(), *shop.same_receipt(), shop.single()]:
                self._see_through(one, patient=False)
            while not self._stop.is_set():
                self._buy()
                time.sleep(self._rng.uniform(0, _LONGER_PAUSE if self._shop.is_ahead() else _MOST_PAUSE))
        except SoldOut:
            self._street.note("customers who found all sold")
        finally:
            self._till.close()

    def _buy(self) -> None:
        drawn = self._rng.random()
        if drawn < 0.15:
            for one in self._shop.rivals() if drawn < 0.1 else self._shop.same_receipt():
                self._see_through(one, patient=self._rng.random() < 0.5)
            return
        asked = self._shop.batch(self._rng.randint(2, _BATCH)) if drawn < 0.4 else self._shop.single()
        self._see_through(asked, patient=self._rng.random() < 0.7)
        if asked.operation is not None and self._rng.random() < 0.1:
            self._till.change(asked, self._shop.another_body(asked), time.monotonic() + _STUCK_SECONDS)
        if asked.operation is not None and self._rng.random() < 0.2:
            self._see_through(asked, patient=True, new=False)

    def _see_through(self, asked: Asked, *, patient: bool, new: bool = True) -> None:
        if new:
            self._street.remember(asked)
        by_id = self._rng.random() < _READERS
        self._till.see_through(asked, time.monotonic() + _STUCK_SECONDS, lambda: not patient, by_id=by_id)
