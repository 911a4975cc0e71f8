"""The end of a programme: which pairs of batch and roll are to be swept."""

from __future__ import annotations

from node_api.domain.ids import ProgrammeId, UnixSeconds
from node_api.domain.standing import end_of
from node_api.services.ports.auditing import AuditReader
from node_api.services.ports.treasury import SweepPair


def due_sweeps(reader: AuditReader, programme: ProgrammeId, now: UnixSeconds) -> tuple[list[SweepPair], int]:
    """The programme's pairs that are over and not swept, and how many others are valid still."""
    open_pairs = [
        (batch, roll) for batch, roll, _, _ in reader.pairs(programme) if reader.sweep_of(batch, roll) is None
    ]
    batches = {one.id: one for one in reader.batches(programme)}
    rolls = {one.id: one for one in reader.rolls(programme)}
    due = [SweepPair(batch, roll) for batch, roll in open_pairs if end_of(batches[batch], rolls[roll]) <= now]
    return due, len(open_pairs) - len(due)
