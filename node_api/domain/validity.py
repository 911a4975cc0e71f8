"""How long vouchers must and may be valid, by policy; and how long people took before to spend theirs.

A policy is a table: category × class of face value × class of difficulty (minimum spend in percent of the face value) → shortest
and longest validity. The contract holds to the same (`ProgrammePolicies.sol`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from node_api.domain.ids import Hash, ProgrammeId, UnixSeconds
from node_api.domain.printable import counted
from node_api.domain.trail import Step

DAY = 86_400
LEAST_SAMPLE = 20
"""Fewer redemptions than these say nothing about how long people take."""


@dataclass(frozen=True, slots=True)
class ValidityRow:
    """Bounds of one category and classes, both inclusive, in seconds; 0 bounds nothing."""

    category: int
    face_class: int
    difficulty_class: int
    shortest: int
    longest: int


@dataclass(frozen=True, slots=True)
class ValidityPolicy:
    """A whole policy.

    Attributes:
        faces: where classes 1, 2 … of face values begin; class 0 begins at 0.
        difficulties: where classes 1, 2 … begin, in percent of the face value.
        rows: at most one for each category and classes.
    """

    faces: tuple[int, ...] = ()
    difficulties: tuple[int, ...] = ()
    rows: tuple[ValidityRow, ...] = ()

    def row(self, category: int, face: int, minimum_spend: int) -> ValidityRow | None:
        """The row for vouchers of this category, face value and minimum spend."""
        face_class = sum(face >= bound for bound in self.faces)
        difficulty_class = sum(minimum_spend * 100 >= face * bound for bound in self.difficulties)
        wanted = (category, face_class, difficulty_class)
        return next((one for one in self.rows if (one.category, one.face_class, one.difficulty_class) == wanted), None)


@dataclass(frozen=True, slots=True)
class BatchSpan:
    """What a policy looks at in a batch; `ref` is its text reference.

    Attributes:
        exception: hash of the reference and all terms, which names an exception for it; None where not all are known.
    """

    ref: str
    programme: ProgrammeId
    categories: int
    face: int
    minimum_spend: int
    valid_from: UnixSeconds
    valid_until: UnixSeconds
    claim_days: int
    exception: Hash | None = None

    @property
    def validity(self) -> int:
        """Seconds its vouchers are valid at most: between its dates, or the days after their roll where those are fewer."""
        dates = self.valid_until - self.valid_from
        return min(dates, self.claim_days * DAY) if self.claim_days else dates

    @property
    def category_numbers(self) -> list[int]:
        """The numbers of its categories, ascending."""
        return [bit for bit in range(self.categories.bit_length()) if self.categories >> bit & 1]


@dataclass(frozen=True, slots=True)
class OutsidePolicy:
    """Why a policy says no to a batch; `bound` is the row's shortest or longest validity."""

    category: int
    validity: int
    bound: int

    @property
    def error(self) -> str:
        """The contract's error."""
        too = "Short" if self.validity < self.bound else "Long"
        return f"ProgrammeRegistry_ValidityToo{too}"


def outside(policy: ValidityPolicy, batch: BatchSpan) -> OutsidePolicy | None:
    """Why the policy says no to the batch, by its lowest category with a row it does not keep to; None where it keeps to all."""
    for category in batch.category_numbers:
        row = policy.row(category, batch.face, batch.minimum_spend)
        if row is None:
            continue
        if batch.validity < row.shortest:
            return OutsidePolicy(category, batch.validity, row.shortest)
        if row.longest and batch.validity > row.longest:
            return OutsidePolicy(category, batch.validity, row.longest)
    return None


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """A numbered policy with the people and times behind it."""

    number: int
    policy: ValidityPolicy
    proposed: Step
    approved: Step | None
    withdrawn: Step | None


@dataclass(frozen=True, slots=True)
class ValidityException:
    """An exception asked for: for which batch, by whom, and what became of it.

    Attributes:
        id: hash of the batch's reference and terms.
        decided: `granted` or `rejected`, by whom, when and why; None while it waits.
    """

    id: Hash
    ref: str
    programme: ProgrammeId
    valid_from: UnixSeconds
    valid_until: UnixSeconds
    claim_days: int
    asked: Step
    decided: Step | None

    def covers(self, batch: BatchSpan) -> bool:
        """Whether it was granted for this batch; where not all of its terms are known, for one of its name and validity."""
        if self.decided is None or self.decided.name != "granted":
            return False
        if batch.exception is not None:
            return self.id == batch.exception
        mine = (self.ref, self.programme, self.valid_from, self.valid_until, self.claim_days)
        theirs = (batch.ref, batch.programme, batch.valid_from, batch.valid_until, batch.claim_days)
        return mine == theirs


def in_force(versions: Sequence[PolicyVersion]) -> PolicyVersion | None:
    """The policy approved last: at most one waits at a time, so it has the highest number of those approved."""
    return next((one for one in reversed(versions) if one.approved is not None), None)


@dataclass(frozen=True, slots=True)
class TooShortBefore:
    """A batch is shorter than its holders took before. In days begun: a voucher spent within its first 24 hours took one.

    Attributes:
        taken: redemptions of earlier vouchers of the batch's categories.
        median: within so many days half of them were spent.
        most: within so many days 95 of 100 were.
    """

    ref: str
    validity: int
    taken: int
    median: int
    most: int

    def __str__(self) -> str:
        days = f"{self.validity / DAY:.1f}".removesuffix(".0")
        lasts = "1 day" if days == "1" else f"{days} days"
        return (
            f"batch {self.ref} is valid for {lasts}; of {self.taken:,} earlier vouchers of its categories half were spent "
            f"within {counted(self.median, 'day')}, 95 of 100 within {self.most}"
        )


def shorter_than_taken(batch: BatchSpan, days: Counter[int]) -> TooShortBefore | None:
    """A warning where fewer than 95 of 100 earlier vouchers were spent within the batch's validity.

    Args:
        batch: to be opened.
        days: whole days from when a voucher could first be spent to when it was → how many.
    """
    taken = days.total()
    if taken < LEAST_SAMPLE:
        return None
    most = _within(days, taken * 95)
    if batch.validity >= most * DAY:
        return None
    return TooShortBefore(batch.ref, batch.validity, taken, _within(days, taken * 50), most)


def _within(days: Counter[int], hundredfold: int) -> int:
    """Days begun, within which at least a hundredth of this many vouchers were spent."""
    seen = 0
    for day in sorted(days):
        seen += days[day]
        if seen * 100 >= hundredfold:
            return day + 1
    return 0
