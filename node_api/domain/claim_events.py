"""What the case desk logged of lists, rounds and claims: see `node_api/domain/events.py` for how such classes are read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RootStep:
    """A list of those who may claim went a step: proposed, approved, withdrawn. The reason is empty for an approval."""

    programme: int
    root: bytes
    kind: str
    actor: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class RoundOpened:
    """A round was opened, and quota and money kept for its places.

    Attributes:
        round_key: programme << 16 | number.
        root: zero where everybody may claim.
        batches: three bytes each.
    """

    round_key: int
    actor: bytes
    places: int
    opens_at: int
    closes_at: int
    root: bytes
    batches: bytes


@dataclass(frozen=True, slots=True)
class ClaimRolled:
    """Places were claimed: they stand in the roll. `NullifiersUsed` follows."""

    roll: int
    round_key: int
    places: int


@dataclass(frozen=True, slots=True)
class NullifiersUsed:
    """Whose places those of the roll before this are: 32 bytes a place."""

    roll: int
    nullifiers: bytes


@dataclass(frozen=True, slots=True)
class ClaimRefused:
    """A claimant of a call got no place; `position` in the call from 0, `reason` a selector."""

    round_key: int
    position: int
    digest: bytes
    reason: bytes


@dataclass(frozen=True, slots=True)
class RoundClosed:
    """A round is over; what was kept for places nobody claimed is free again."""

    round_key: int
    actor: bytes
    given: int


ClaimEvent = RootStep | RoundOpened | ClaimRolled | NullifiersUsed | ClaimRefused | RoundClosed
