"""A programme's steps from draft to active, planned on the record as it stands: what was done before is not done again."""

from __future__ import annotations

from collections.abc import Callable

from node_api.domain.ids import ProgrammeId
from node_api.domain.models import Programme, ProgrammeState
from node_api.services.auditing import find_programme
from node_api.services.ports.auditing import AuditReader
from node_api.services.ports.life_commands import RejectProgramme, SetPublication
from node_api.services.ports.treasury import (
    ActivateProgramme,
    ApproveProgramme,
    Command,
    ProposeProgramme,
    PublicationTerms,
    PublishProgramme,
)

Plan = Callable[[AuditReader], Command | None]

_TO: dict[ProgrammeState, Callable[[ProgrammeId], Command]] = {
    ProgrammeState.PROPOSED: ProposeProgramme,
    ProgrammeState.PUBLISHED: PublishProgramme,
    ProgrammeState.ACTIVE: ActivateProgramme,
}


def stepped(name: str, to: ProgrammeState) -> Plan:
    """Takes a programme to PROPOSED, PUBLISHED or ACTIVE, unless it is there or beyond."""

    def plan(reader: AuditReader) -> Command | None:
        programme = find_programme(reader, name)
        return None if _is_beyond(programme, to) else _TO[to](programme.id)

    return plan


def approved(name: str, approver: str) -> Plan:
    """Approves a proposal, unless this approver did or enough others have."""

    def plan(reader: AuditReader) -> Command | None:
        programme = find_programme(reader, name)
        steps = reader.programme_steps(programme.id)
        own = any(step.name == "approved" and step.actor == approver.lower() for step in steps)
        return None if own or _is_beyond(programme, ProgrammeState.APPROVED) else ApproveProgramme(programme.id)

    return plan


def rejected(name: str, reason: str) -> Plan:
    """Turns a proposal down, unless that was done."""

    def plan(reader: AuditReader) -> Command | None:
        programme = find_programme(reader, name)
        return None if programme.state is ProgrammeState.REJECTED else RejectProgramme(programme.id, reason)

    return plan


def published_with(name: str, terms: PublicationTerms) -> Plan:
    """Sets what a draft is published with, unless that is what stands there."""

    def plan(reader: AuditReader) -> Command | None:
        programme = find_programme(reader, name)
        stands = reader.publication(programme.id)
        known = PublicationTerms(stands.notice_seconds, stands.how_to_use, stands.conditions)
        return None if known == terms else SetPublication(programme.id, terms)

    return plan


def _is_beyond(programme: Programme, state: ProgrammeState) -> bool:
    return state <= programme.state < ProgrammeState.REJECTED
