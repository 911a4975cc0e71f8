"""What treasury staff do with the versions of a programme's rules: one frozen command each."""

from __future__ import annotations

from dataclasses import dataclass

from node_api.domain.ids import ProgrammeId
from node_api.services.ports.treasury_terms import RulesTerms, WideningTerms


@dataclass(frozen=True, slots=True)
class SetTransferCaps:
    """Sets how much of the next version's vouchers a holder may pass on, before it is proposed. By the treasurer."""

    programme: ProgrammeId
    version: int
    per_transfer: int
    per_month: int


@dataclass(frozen=True, slots=True)
class ProposeRules:
    """Proposes the next version of a programme's rules, which then waits its notice. By the treasurer."""

    programme: ProgrammeId
    rules: RulesTerms
    widening: WideningTerms
    reason: str


@dataclass(frozen=True, slots=True)
class ActivateRules:
    """Activates the version that waits, once its notice is over. By the approver."""

    programme: ProgrammeId
    version: int


@dataclass(frozen=True, slots=True)
class WithdrawRules:
    """Takes the version that waits back. By the treasurer."""

    programme: ProgrammeId
    version: int
    reason: str


@dataclass(frozen=True, slots=True)
class RejectRules:
    """Turns the version that waits down. By the approver."""

    programme: ProgrammeId
    version: int
    reason: str
