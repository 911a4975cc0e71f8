"""What the contracts logged of a programme's publication, and of how long vouchers must and may be valid.

Conventions as in `node_api/domain/events.py`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PublicationSet:
    """What a draft will be published with; of several, the last counts. A hash of zeros: there is no such text."""

    programme: int
    notice_seconds: int
    how_to_use_hash: bytes
    how_to_use_uri: str
    conditions_hash: bytes
    conditions_uri: str
    actor: bytes


@dataclass(frozen=True, slots=True)
class ProgrammeAnnounced:
    """A programme was published; it is activated at `earliest` or later. `quota` is the sum of its budget lines."""

    programme: int
    starts_at: int
    ends_at: int
    quota: int
    earliest: int


@dataclass(frozen=True, slots=True)
class PolicyWritten:
    """A whole validity policy, each list packed in the order of the event.

    Attributes:
        faces: 6 bytes a class: where it begins.
        difficulties: 4 bytes a class: where it begins, in percent of the face value.
        rows: 11 bytes a row: category, face class, difficulty class, 4 of the shortest and 4 of the longest validity in seconds.
    """

    policy: int
    faces: bytes
    difficulties: bytes
    rows: bytes


@dataclass(frozen=True, slots=True)
class PolicyStep:
    """A validity policy was proposed, approved or withdrawn."""

    policy: int
    name: str
    actor: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class ExceptionStep:
    """An exception from the validity policy was proposed, granted or rejected.

    Attributes:
        exception: hash of the batch's reference and terms.
        ref: reference of the batch; empty for later steps, as `programme` and the times are 0.
    """

    exception: bytes
    name: str
    ref: str
    programme: int
    valid_from: int
    valid_until: int
    claim_days: int
    actor: bytes
    reason: str


LifeEvent = PublicationSet | ProgrammeAnnounced | PolicyWritten | PolicyStep | ExceptionStep
