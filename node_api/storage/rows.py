"""Rows on their way into the tables."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from sqlalchemy import Table

Value = int | str | bytes | bool | None
Row = dict[str, Value]


class RedemptionRow(NamedTuple):
    """A row of `redemptions`, its fields in the order of the columns."""

    number: int
    voucher: int
    merchant: int
    line: int
    day: int
    receipt: bytes
    digest: bytes
    amount: int
    rules_version: int
    terminal: bytes | None
    block: int
    tx_index: int
    log_index: int


class PlaceRow(NamedTuple):
    """A row of `roll_places`, its fields in the order of the columns."""

    roll: int
    place: int
    holder: bytes
    block: int


class Rows(defaultdict[Table, list[Row]]):
    """Rows by table; apart from them those that come by the hundred thousand, as tuples.

    Attributes:
        redemptions: in the order of the chain.
        places: of the rolls.
    """

    def __init__(self) -> None:
        super().__init__(list)
        self.redemptions: list[RedemptionRow] = []
        self.places: list[PlaceRow] = []
