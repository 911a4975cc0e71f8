"""What a check found."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from bench.chaos.evidence import Evidence


@dataclass(slots=True)
class Found:
    """What was found, and how much was looked at.

    Attributes:
        evidence: what it was found in; None where a round did not come to its end.
    """

    faults: list[str] = field(default_factory=list)
    checked: Counter[str] = field(default_factory=Counter)
    evidence: Evidence | None = None

    def require(self, fine: bool, fault: str) -> None:
        """Keeps a fault where something is not as it must be."""
        if not fine:
            self.faults.append(fault)
