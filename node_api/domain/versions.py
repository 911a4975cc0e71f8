"""Versions of a programme's rules: how each came to be, and which one stood when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from node_api.domain.ids import UnixSeconds
from node_api.domain.models import Rules, Widening
from node_api.domain.trail import Step


class VersionState(StrEnum):
    """Where a version stands. PROPOSED turns into RIPE by time alone; ACTIVE into REPLACED with the next one's activation."""

    PROPOSED = "proposed"
    RIPE = "ripe"
    ACTIVE = "active"
    REPLACED = "replaced"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class RulesVersion:
    """One version with the people and times behind it.

    Attributes:
        rules: its terms.
        widening: what it opens for good to every voucher of the programme, once activated.
        proposed: by whom, when and why; the first version is proposed with its programme, None in a draft.
        ripe_at: first second in which it can be activated.
        activated: by whom and when.
        withdrawn: by whom, when and why.
    """

    rules: Rules
    widening: Widening
    proposed: Step | None
    ripe_at: UnixSeconds
    activated: Step | None
    withdrawn: Step | None

    @property
    def version(self) -> int:
        """Its number, from 1."""
        return self.rules.version

    def stood_at(self, time: UnixSeconds) -> bool:
        """Whether it was activated by then."""
        return self.activated is not None and self.activated.tx.block.timestamp <= time


def version_at(versions: Sequence[RulesVersion], time: UnixSeconds) -> RulesVersion | None:
    """The version under which batches were opened at a time; None before the programme was published.

    Args:
        versions: by ascending number, which is the order of their activation.
        time: a second; a version activated in it stands.
    """
    return next((one for one in reversed(versions) if one.stood_at(time)), None)


def state_at(versions: Sequence[RulesVersion], one: RulesVersion, time: UnixSeconds) -> VersionState:
    """Where a version stands at a time not before its proposal."""
    if one.withdrawn is not None and one.withdrawn.tx.block.timestamp <= time:
        return VersionState.WITHDRAWN
    if one.stood_at(time):
        return VersionState.ACTIVE if version_at(versions, time) == one else VersionState.REPLACED
    return VersionState.RIPE if one.proposed is not None and one.ripe_at <= time else VersionState.PROPOSED


def settlement_window(versions: Sequence[RulesVersion]) -> int:
    """Seconds from the end of a merchant's day to the moment it may be settled, as `Vouchers.settlementWindow` has them.

    The longest reversal or dispute window of any version that was ever activated: a version with shorter ones does not bring
    forward what was redeemed under the one before. 0 before the programme was published.
    """
    stood = [one.rules for one in versions if one.activated is not None]
    return max((max(rules.reversal_window, rules.dispute_window) for rules in stood), default=0)


def widening_at(versions: Sequence[RulesVersion], time: UnixSeconds) -> Widening:
    """Everything opened for good by the versions activated by a time."""
    total = Widening()
    for one in versions:
        if one.stood_at(time):
            total = total.plus(one.widening)
    return total
