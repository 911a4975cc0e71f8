"""What treasury staff do about claims: one frozen command each; see `treasury_commands`."""

from __future__ import annotations

from dataclasses import dataclass

from node_api.domain.ids import BatchId, Hash, ProgrammeId, UnixSeconds


@dataclass(frozen=True, slots=True)
class ProposeRoot:
    """Proposes a list of those who may claim. By the registrar."""

    programme: ProgrammeId
    root: Hash
    reason: str


@dataclass(frozen=True, slots=True)
class ApproveRoot:
    """Approves a list. By the approver."""

    programme: ProgrammeId
    root: Hash


@dataclass(frozen=True, slots=True)
class WithdrawRoot:
    """Takes a list back that was not approved. By the registrar."""

    programme: ProgrammeId
    root: Hash
    reason: str


@dataclass(frozen=True, slots=True)
class OpenRound:
    """Opens a round of claims; `root` is zero for everybody. By the treasurer."""

    programme: ProgrammeId
    places: int
    opens_at: UnixSeconds
    closes_at: UnixSeconds
    root: Hash
    batches: tuple[BatchId, ...]


@dataclass(frozen=True, slots=True)
class CloseRound:
    """Frees what is kept for places that nobody claimed. By the treasurer, though anybody may."""

    programme: ProgrammeId
    number: int


ClaimCommand = ProposeRoot | ApproveRoot | WithdrawRoot | OpenRound | CloseRound
"""The commands of this module."""
