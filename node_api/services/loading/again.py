"""Going on by itself where the chain went back under a load or a minting."""

from __future__ import annotations

from collections.abc import Callable

from node_api.services.ports.treasury import ChainWentBack, TreasuryDesk

ATTEMPTS = 6
"""A chain that dies more often than this within one command is not one to go on with."""

Told = Callable[[str], object]
"""Told in words what happened and what is done about it."""


def until_it_stays(attempt: Callable[[], None], look_anew: Callable[[], None], desk: TreasuryDesk, told: Told) -> None:
    """Attempts; where the chain went back meanwhile, gives it back what it lost, looks at it anew and attempts again.

    Args:
        attempt: does what is left to do.
        look_anew: finds out what is left to do; nothing is in flight then.
        desk: what sent the commands.
        told: hears of every time the chain went back.

    Raises:
        ChainWentBack: it did so at every attempt.
    """
    for left in range(ATTEMPTS - 1, -1, -1):
        try:
            if left < ATTEMPTS - 1:
                desk.settle()
                look_anew()
            return attempt()
        except ChainWentBack as fault:
            if not left:
                raise
            told(f"{fault}; looking at the chain anew and going on with what is left")
    raise AssertionError("the last attempt returns or raises")
