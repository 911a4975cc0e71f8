"""What can be wrong with a network's plan, files or nodes.

NetworkFault
├── PlanRefused        values of the plan break rules
├── PlanDiffers        a network of that name is there already, and is another
├── FilesDiffer        files do not have the checksums of the list
└── NoNetwork          there is no such network, or its files cannot be read
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why one value cannot stay as it is.

    Attributes:
        value: what was given, with its name.
        rule: what must be true.
        remedy: what to do about it.
    """

    value: str
    rule: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.value}: {self.rule}. {self.remedy}"


class NetworkFault(Exception):
    """Root of what can be wrong with a network."""


class PlanRefused(NetworkFault):
    """Values of the plan break rules; all of them are named at once."""

    def __init__(self, refusals: list[Refusal]) -> None:
        super().__init__("\n".join(map(str, refusals)))
        self.refusals = refusals


class PlanDiffers(NetworkFault):
    """A network of that name is there already, and the plan is another; nothing was written."""


class FilesDiffer(NetworkFault):
    """Files are missing, or changed since the list was made."""


class NoNetwork(NetworkFault):
    """There is no such network, or one of its files cannot be read."""
