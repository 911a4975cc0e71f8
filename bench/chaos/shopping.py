"""What tills redeem: single vouchers, batches, one voucher on two receipts, and codes that expire soon; all drawn from a seed."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping

import orjson

from bench.chaos.tills import Asked, Street, Till
from bench.redemptions.town import Town
from bench.redemptions.traffic import Sale, Signed, drawn_sales, sign_sale
from node_api.domain.ids import UnixSeconds

_DAYS_2 = 2 * 86_400
_HASTY_SECONDS = 300
_BATCH = 6
_MOST_PAUSE, _LONGER_PAUSE = 0.05, 1.0
_STUCK_SECONDS = 400.0


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
        signed = self._sign(self._aside.pop() if hasty else self._sale(), hasty=hasty)
        return self._asked("/v1/redemptions", signed.item.merchant, orjson.dumps(signed.body()), hasty=hasty)

    def batch(self, count: int) -> Asked:
        """Several vouchers through a platform."""
        items = [self._sign(self._sale()).body() for _ in range(count)]
        return self._asked("/v1/redemptions/batch", 0, orjson.dumps({"items": items}))

    def rivals(self) -> tuple[Asked, Asked]:
        """The same voucher on two receipts."""
        sale = self._sale()
        first, second = (self._sign(sale) for _ in range(2))
        path = "/v1/redemptions"
        pair = [self._asked(path, one.item.merchant, orjson.dumps(one.body()), rivals=True) for one in (first, second)]
        return pair[0], pair[1]

    def another_body(self, asked: Asked) -> bytes:
        """A body that the key was not used with."""
        signed = self._sign(self._sale()).body()
        return orjson.dumps({"items": [signed]} if asked.path.endswith("batch") else signed)

    def _sale(self) -> Sale:
        with self._lock:
            if not self._sales:
                raise SoldOut
            return self._sales.pop()

    def is_ahead(self) -> bool:
        """Whether more was sold than so much of the day accounts for: what is left has to last."""
        return len(self._sales) < (1 - self.day) * self._vouchers

    def _asked(self, path: str, merchant: int, body: bytes, *, hasty: bool = False, rivals: bool = False) -> Asked:
        with self._lock:
            self._keys += 1
            key = f"key-{self._keys}"
        return Asked(path, self._tokens[merchant], key, body, hasty, rivals)

    def _sign(self, sale: Sale, *, hasty: bool = False) -> Signed:
        with self._lock:
            self._receipts += 1
            receipt = f"receipt {self._receipts}"
        return sign_sale(self._town, sale, receipt, UnixSeconds(self._now() + (_HASTY_SECONDS if hasty else _DAYS_2)))


class Customer:
    """Goes from one purchase to the next until it is told to stop or all is sold."""

    def __init__(self, street: Street, shop: Shop, rng: random.Random, stop: threading.Event) -> None:
        """Does nothing yet."""
        self._street, self._shop, self._rng, self._stop = street, shop, rng, stop
        self._till = Till(street)

    def go(self) -> None:
        """Shops."""
        try:
            while not self._stop.is_set():
                self._buy()
                time.sleep(self._rng.uniform(0, _LONGER_PAUSE if self._shop.is_ahead() else _MOST_PAUSE))
        except SoldOut:
            self._street.note("customers who found all sold")
        finally:
            self._till.close()

    def _buy(self) -> None:
        drawn = self._rng.random()
        if drawn < 0.1:
            for one in self._shop.rivals():
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
        self._till.see_through(asked, time.monotonic() + _STUCK_SECONDS, lambda: not patient)
