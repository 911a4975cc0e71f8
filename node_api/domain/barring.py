"""Barring a person from several programmes without saying on chain that it is one person.

A person has another address in every programme. Frozen in one transaction, or at one moment, or until one second, these addresses
would be linked for ever; so each gets a transaction, a time and an end of its own, drawn from a secret seed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from node_api.domain.freezes import Frozen, Subject
from node_api.domain.ids import Address, ProgrammeId, UnixSeconds

LEAST_SPREAD = 600
"""Seconds that each freeze has on average: fewer would show a burst."""

DAY_EARLIER = 86_400
"""A freeze ends up to so many seconds before the end asked for."""


class SpreadTooNarrow(Exception):
    """So many freezes in so little time would show which addresses belong together, or the last would come behind its end."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One freeze of one address in one programme.

    Attributes:
        due: it is sent then or later.
        until: its own end, exclusive.
    """

    programme: ProgrammeId
    holder: Address
    due: UnixSeconds
    until: UnixSeconds

    @property
    def what(self) -> Frozen:
        """What is frozen."""
        return Frozen(Subject.HOLDER, self.programme, self.holder)


def schedule(
    addresses: Sequence[tuple[ProgrammeId, Address]],
    *,
    begin: UnixSeconds,
    spread: int,
    until: UnixSeconds,
    seed: bytes,
) -> list[Bar]:
    """One freeze for each address, in the order of their times.

    Args:
        addresses: programme and holder, each once.
        begin: no freeze before it.
        spread: seconds behind `begin` over which they are strewn; 0 for all at once.
        until: end asked for, exclusive; where they are spread, each ends up to a day before it.
        seed: 32 secret bytes: the same ones give the same schedule.

    Raises:
        SpreadTooNarrow: `spread` is above 0 and below ten minutes a freeze, or too long for the end asked for.
    """
    if 0 < spread < LEAST_SPREAD * len(addresses):
        least = LEAST_SPREAD * len(addresses)
        raise SpreadTooNarrow(f"{len(addresses)} freezes are spread over at least {least:,} seconds, not {spread:,}")
    earlier = min(DAY_EARLIER, spread)
    if until <= begin + spread + earlier:
        raise SpreadTooNarrow(
            f"the end asked for lies {until - begin:,} seconds ahead: no later than the last freeze may come"
        )
    bars = [
        Bar(
            programme,
            holder,
            UnixSeconds(begin + _drawn(seed, f"due {programme} {holder}", spread)),
            UnixSeconds(until - _drawn(seed, f"until {programme} {holder}", earlier)),
        )
        for programme, holder in addresses
    ]
    return sorted(bars, key=lambda bar: (bar.due, bar.holder))


def _drawn(seed: bytes, what: str, most: int) -> int:
    """A number from 0 to `most`, inclusive; 256 bits leave no bias that could be seen."""
    return int.from_bytes(hashlib.sha256(seed + what.encode()).digest()) % (most + 1)
