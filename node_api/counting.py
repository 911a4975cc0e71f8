"""How many requests each API key may make, counted by all processes of a node together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

from node_api.config import Settings
from node_api.services.rates import Rates
from node_api.storage.buckets import SharedBuckets


@contextmanager
def counting(settings: Settings) -> Iterator[Rates]:
    """Counts in a file of the data folder, as long as the context lasts; where no limit is set, nothing is counted."""
    if not settings.rate_limit:
        yield Rates(0, settings.rate_burst, None)
        return
    with closing(SharedBuckets(settings.data / "rates")) as buckets:
        yield Rates(settings.rate_limit, settings.rate_burst, buckets)
