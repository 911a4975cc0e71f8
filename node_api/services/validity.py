"""What policy and experience say to batches that are to be opened: refused, warned about, or nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from node_api.domain.ids import Hash, ProgrammeId
from node_api.domain.validity import (
    BatchSpan,
    OutsidePolicy,
    TooShortBefore,
    in_force,
    outside,
    shorter_than_taken,
)
from node_api.services.ports.life import LifeReader
from node_api.services.ports.treasury_terms import BatchTerms


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is to be said of a batch before it is opened.

    Attributes:
        outside: why the policy in force says no, unless an exception was granted; None where it does not.
        policy: number of the policy in force; 0 without one.
        warning: that earlier holders took longer than its validity; never a refusal.
    """

    batch: BatchSpan
    policy: int
    outside: OutsidePolicy | None
    warning: TooShortBefore | None

    @property
    def refusal(self) -> str:
        """The refusal in words; empty where there is none."""
        if self.outside is None:
            return ""
        why = self.outside
        return (
            f"batch {self.batch.ref}: {why.error}: category {why.category} valid for {why.validity:,} seconds, "
            f"policy {self.policy} has {why.bound:,}"
        )


def span(ref: str, terms: BatchTerms, exception: Hash | None = None) -> BatchSpan:
    """What a policy looks at; `exception` is the hash of both, where one could be granted still."""
    return BatchSpan(
        ref,
        terms.programme,
        terms.categories,
        terms.face,
        terms.minimum_spend,
        terms.valid_from,
        terms.valid_until,
        terms.claim_days,
        exception,
    )


NO_PROGRAMME = ProgrammeId(0)
"""Of a batch whose programme is not on chain yet: no exception can have been granted for it."""


def outlooks(reader: LifeReader, batches: Iterable[BatchSpan]) -> list[Outlook]:
    """What is to be said of each batch, in their order."""
    standing, exceptions = in_force(reader.policies()), reader.validity_exceptions()
    taken: dict[int, Counter[int]] = {}
    found = []
    for batch in batches:
        if batch.categories not in taken:
            taken[batch.categories] = reader.days_taken(batch.categories)
        why = None if standing is None else outside(standing.policy, batch)
        if any(one.covers(batch) for one in exceptions):
            why = None
        number = 0 if standing is None else standing.number
        found.append(Outlook(batch, number, why, shorter_than_taken(batch, taken[batch.categories])))
    return found
