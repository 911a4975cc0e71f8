"""What an observer noticed about the chain itself: who seals it, by what clock, whose contracts and roles are on it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from node_api.domain.ids import Hash, UnixSeconds


class FindingKind(StrEnum):
    """What was noticed. docs/audit.md says what each means and what to do."""

    VALIDATOR_ADDED = "validator-added"
    VALIDATOR_REMOVED = "validator-removed"
    VOTE = "vote"
    VALIDATOR_SILENT = "validator-silent"
    VALIDATOR_BACK = "validator-back"
    SEALED_TWICE = "sealed-twice"
    SEALS_MISSING = "seals-missing"
    BLOCK_LATE = "block-late"
    BLOCK_EARLY = "block-early"
    CLOCK_OFF = "clock-off"
    CLOCK_RIGHT = "clock-right"
    CONTRACT_CREATED = "contract-created"
    CODE_DIFFERS = "code-differs"
    ROLE_GRANTED = "role-granted"
    ROLE_REVOKED = "role-revoked"
    PERMISSIONS_CHANGED = "permissions-changed"


LASTING = frozenset(
    {FindingKind.SEALED_TWICE, FindingKind.CLOCK_OFF, FindingKind.CLOCK_RIGHT, FindingKind.CODE_DIFFERS}
)
"""What stays true where the chain leaves the block it was noticed at; everything else is said of a block of the chain."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing noticed.

    Attributes:
        subject: address of the account or contract it is about; empty where it is about none.
        detail: what there is to know beside, in words.
        number, hash, at: the block it was noticed at.
        noticed_at: by the observer's clock.
    """

    kind: FindingKind
    subject: str
    detail: str
    number: int
    hash: Hash
    at: UnixSeconds
    noticed_at: UnixSeconds
