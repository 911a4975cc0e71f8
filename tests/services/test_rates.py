"""How many requests a key may make.

a bucket → full at first, empty after its burst, fills at the rate up to the burst; others' are not touched
a bucket whose moment lies ahead (the machine was started anew) → is as full as it was
no rate → any number
"""

from __future__ import annotations

from pathlib import Path

import pytest

from node_api.domain.errors import RateLimited
from node_api.services.rates import Rates
from node_api.storage.buckets import SharedBuckets


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_bucket__emptied__fills_at_its_rate(tmp_path: Path) -> None:
    clock = Clock()
    rates = Rates(0.5, 3, SharedBuckets(tmp_path / "rates"), clock)
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


def test_bucket__of_before_the_machine_started_anew__is_as_full_as_it_was(tmp_path: Path) -> None:
    clock = Clock()
    rates = Rates(0.5, 2, SharedBuckets(tmp_path / "rates"), clock)
    rates.take("a")
    clock.now = 1.0
    rates.take("a")
    with pytest.raises(RateLimited):
        rates.take("a")
    clock.now = 3.0
    rates.take("a")


def test_rate__of_none__allows_any_number() -> None:
    rates = Rates(0, 1, None)
    for _ in range(1_000):
        rates.take("a")
