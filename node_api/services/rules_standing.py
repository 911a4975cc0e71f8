"""Which rules stood at a time, set by whom, and why."""

from __future__ import annotations

from dataclasses import dataclass

from node_api.domain.ids import UnixSeconds
from node_api.domain.models import BlockRef, Programme, Widening
from node_api.domain.versions import RulesVersion, VersionState, state_at, version_at, widening_at
from node_api.services.auditing import find_programme
from node_api.services.ports.auditing import AuditReader


@dataclass(frozen=True, slots=True)
class RulesStanding:
    """The rules of a programme at a time.

    Attributes:
        at: the time asked about.
        stood: the version under which batches were opened then; None before the programme was published.
        widening: what was open to every voucher of the programme by then.
        versions: every version proposed by then, by ascending number, each with its state then.
    """

    block: BlockRef
    programme: Programme
    at: UnixSeconds
    stood: RulesVersion | None
    widening: Widening
    versions: list[tuple[RulesVersion, VersionState]]


def rules_standing(reader: AuditReader, name: str, at: UnixSeconds | None = None) -> RulesStanding:
    """The rules of the programme of this number or text reference, at a time or as of the reader's block.

    A time ahead of the block is answered by what is known at the block.

    Raises:
        ProgrammeUnknown: there is none.
    """
    programme = find_programme(reader, name)
    time = reader.block.timestamp if at is None else at
    versions = [one for one in reader.rules_versions(programme.id) if _known(one, time)]
    return RulesStanding(
        reader.block,
        programme,
        time,
        version_at(versions, time),
        widening_at(versions, time),
        [(one, state_at(versions, one, time)) for one in versions],
    )


def _known(version: RulesVersion, time: UnixSeconds) -> bool:
    return version.proposed is not None and version.proposed.tx.block.timestamp <= time
