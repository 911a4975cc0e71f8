"""Collecting faults: all are counted, the first ones kept."""

from collections.abc import Iterable
from dataclasses import dataclass

from node_api.domain.importing.faults import Fault

KEPT = 1_000


@dataclass(frozen=True, slots=True)
class FaultReport:
    """Why a folder cannot be used.

    Attributes:
        faults: the first 1,000 in the order of the files and lines.
        total: how many there are in all.
    """

    faults: tuple[Fault, ...]
    total: int


class Faults:
    """Takes faults while files are read."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._faults: list[Fault] = []
        self.total = 0

    def add(self, faults: Iterable[Fault]) -> None:
        """Counts faults, and keeps them while there is room."""
        for fault in faults:
            self.total += 1
            if len(self._faults) < self._kept:
                self._faults.append(fault)

    def report(self) -> FaultReport:
        """What was taken so far."""
        return FaultReport(tuple(self._faults), self.total)
