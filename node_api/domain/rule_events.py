"""What the contracts logged of the versions of a programme's rules. Conventions as in `node_api/domain/events.py`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RulesStep:
    """A version of a programme's rules was proposed, activated or withdrawn.

    Attributes:
        name: `proposed`, `activated` or `withdrawn`.
        ripe_at: first second in which a version just proposed can be activated; 0 for the first version, which goes with its
            programme, and for other steps.
    """

    programme: int
    version: int
    name: str
    actor: bytes
    ripe_at: int
    reason: str


@dataclass(frozen=True, slots=True)
class WideningProposed:
    """What a version opens for good once it is activated; `regions` has 5 bytes for each packed region."""

    programme: int
    version: int
    categories: int
    regions: bytes
    channels: int
