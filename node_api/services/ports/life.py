"""Reading what programmes are published with, and how long vouchers must and may be valid."""

from __future__ import annotations

from collections import Counter
from typing import Protocol

from node_api.domain.ids import ProgrammeId
from node_api.domain.publication import Publication
from node_api.domain.validity import PolicyVersion, ValidityException


class LifeReader(Protocol):
    """As of one block."""

    def publication(self, programme: ProgrammeId) -> Publication:
        """What a programme is, or will be, published with; no notice and no texts where nothing was said."""
        ...

    def policies(self) -> list[PolicyVersion]:
        """Every validity policy ever proposed, by ascending number."""
        ...

    def validity_exceptions(self) -> list[ValidityException]:
        """Every exception asked for, in the order of the chain; one rejected and asked for again stands twice."""
        ...

    def days_taken(self, categories: int) -> Counter[int]:
        """Over the redemptions of vouchers that share one of these categories: whole days from when the voucher could first be
        spent (its batch's first second, or the writing of its roll where that came later) → how many.
        """
        ...
