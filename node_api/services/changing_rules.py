"""Planning a change of rules on the record as it stands: what was done before is not done again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

from node_api.domain.errors import ProgrammeUnknown
from node_api.domain.models import Rules, Widening
from node_api.domain.versions import RulesVersion, VersionState
from node_api.services.ports.rules_commands import (
    ActivateRules,
    ProposeRules,
    RejectRules,
    SetTransferCaps,
    WithdrawRules,
)
from node_api.services.ports.treasury_terms import RulesTerms, WideningTerms
from node_api.services.rules_standing import RulesStanding

_WAITING = (VersionState.PROPOSED, VersionState.RIPE)


@dataclass(frozen=True, slots=True)
class RulesChange:
    """A step of one version.

    Attributes:
        version: its number.
        command: what to send; None where the record has it already.
        before: what must have landed first; safe to send again where a run ended between the two.
    """

    version: int
    command: ProposeRules | ActivateRules | WithdrawRules | RejectRules | None
    before: SetTransferCaps | None = None


def proposal(
    standing: RulesStanding,
    changed: Mapping[str, int],
    switches: Mapping[str, bool],
    widening: WideningTerms,
    reason: str,
) -> RulesChange:
    """The next version: the terms of the active one with what is changed. The same proposal twice is one.

    Args:
        standing: as of now.
        changed: terms by the names of `RulesTerms`; the others stay.
        switches: `first_only`, `transferable`; those not given stay.
        widening: opened for good once activated.
        reason: kept on chain.

    Raises:
        ProgrammeUnknown: the programme has no rules in force: it was not published.
    """
    if standing.stood is None:
        raise ProgrammeUnknown(f"programme {standing.programme.ref} is not published: it has no rules in force")
    rules = standing.stood.rules
    kept = {one.name: getattr(rules, one.name) for one in fields(RulesTerms)}
    terms = RulesTerms(**{**kept, **changed, **switches})
    newest, state = standing.versions[-1]
    is_waiting = state in _WAITING
    if is_waiting and _is_same(newest, terms, widening, reason):
        return RulesChange(newest.version, None)
    number = newest.version + 1
    caps = None
    if terms.transferable and not is_waiting:  # while one waits, another is refused: no caps are left behind for it
        amounts = terms.transfer_amount, terms.transfer_month_amount
        caps = SetTransferCaps(standing.programme.id, number, *amounts)
    return RulesChange(number, ProposeRules(standing.programme.id, terms, widening, reason), caps)


def activation(standing: RulesStanding, version: int) -> RulesChange:
    """Activates a version, unless it was activated before."""
    found = _found(standing, version)
    done = found is not None and found.activated is not None
    return RulesChange(version, None if done else ActivateRules(standing.programme.id, version))


def ending(standing: RulesStanding, version: int, reason: str, *, by_treasurer: bool) -> RulesChange:
    """Withdraws a version, or turns it down, unless that was done before."""
    found = _found(standing, version)
    if found is not None and found.withdrawn is not None:
        return RulesChange(version, None)
    kind = WithdrawRules if by_treasurer else RejectRules
    return RulesChange(version, kind(standing.programme.id, version, reason))


def _found(standing: RulesStanding, version: int) -> RulesVersion | None:
    return next((one for one, _ in standing.versions if one.version == version), None)


def _terms(rules: Rules) -> RulesTerms:
    return RulesTerms(**{one.name: getattr(rules, one.name) for one in fields(RulesTerms)})


def _is_same(newest: RulesVersion, terms: RulesTerms, widening: WideningTerms, reason: str) -> bool:
    assert newest.proposed is not None
    same_reason = newest.proposed.reason == reason
    return same_reason and _terms(newest.rules) == terms and newest.widening == Widening(**asdict(widening))
