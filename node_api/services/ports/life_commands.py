"""What treasury staff do for a programme's publication and for the validity of vouchers: one frozen command each."""

from __future__ import annotations

from dataclasses import dataclass

from node_api.domain.ids import Hash, ProgrammeId
from node_api.domain.validity import ValidityPolicy
from node_api.services.ports.treasury_terms import BatchTerms, PublicationTerms


@dataclass(frozen=True, slots=True)
class SetPublication:
    """Sets what a draft will be published with. By the treasurer."""

    programme: ProgrammeId
    terms: PublicationTerms


@dataclass(frozen=True, slots=True)
class RejectProgramme:
    """Turns a proposed programme down for good. By the approver."""

    programme: ProgrammeId
    reason: str


@dataclass(frozen=True, slots=True)
class ProposePolicy:
    """Proposes the next validity policy. By the treasurer."""

    policy: ValidityPolicy
    reason: str


@dataclass(frozen=True, slots=True)
class ApprovePolicy:
    """Puts the policy that waits into force. By the approver."""

    policy: int


@dataclass(frozen=True, slots=True)
class WithdrawPolicy:
    """Takes the policy that waits back. By the treasurer."""

    policy: int
    reason: str


@dataclass(frozen=True, slots=True)
class RejectPolicy:
    """Turns the policy that waits down. By the approver."""

    policy: int
    reason: str


@dataclass(frozen=True, slots=True)
class ProposeException:
    """Asks that a batch may be opened outside the policy. By the treasurer."""

    ref: str
    terms: BatchTerms
    reason: str


@dataclass(frozen=True, slots=True)
class GrantException:
    """Grants an exception that was asked for. By the approver."""

    exception: Hash


@dataclass(frozen=True, slots=True)
class RejectException:
    """Turns an exception that was asked for down. By the approver."""

    exception: Hash
    reason: str


LifeCommand = (
    SetPublication
    | RejectProgramme
    | ProposePolicy
    | ApprovePolicy
    | WithdrawPolicy
    | RejectPolicy
    | ProposeException
    | GrantException
    | RejectException
)
