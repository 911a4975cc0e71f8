"""How many requests a key may make.

a bucket → full at first, empty after its burst, fills at the rate up to the burst; others' are not touched
no rate → any number
"""

from __future__ import annotations

import pytest

from node_api.domain.errors import RateLimited
from node_api.services.rates import Rates


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_bucket__emptied__fills_at_its_rate() -> None:
    clock = Clock()
    rates = Rates(0.5, 3, clock)
    for _ in range(3):
        rates.take("a")
    with pytest.raises(RateLimited, match="3 requests at once") as told:
        rates.take("a")
    assert told.value.seconds == 2
    rates.take("b")

    clock.now += 1.9
    with pytest.raises(RateLimited) as told:
        rates.take("a")
    assert told.value.seconds == 1
    clock.now += 0.2
    rates.take("a")
    clock.now += 1_000
    for _ in range(3):
        rates.take("a")
    with pytest.raises(RateLimited):
        rates.take("a")


def test_rate__of_none__allows_any_number() -> None:
    rates = Rates(0, 1)
    for _ in range(1_000):
        rates.take("a")
