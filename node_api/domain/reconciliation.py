"""Adding a programme up from independent sources: every term of the ledger's identity, once for each place it can be read.

`deposited = available + committed + payable + settled + returned`, for every budget line (docs/audit.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum

from node_api.domain.ids import NOTHING, Address, Amount, BatchId, LineId, ProgrammeId, RollId
from node_api.domain.models import BlockRef


class Source(StrEnum):
    """Where a value was read.

    CHAIN is what the contracts keep: Treasury's account and Vouchers' ledger word of the line. BITS are the redeemed bits
    and issue marks, counted and multiplied by the batches' face values, with the words of what was taken from percentages
    and stored value. DAYS are the ledger words of merchants' days. EVENTS are the logs, summed. INDEX are the roll-ups that
    answer the API. ESCROW is Treasury's own sum over all lines, BALANCE what the token says Treasury holds.
    """

    CHAIN = "chain"
    BITS = "bits"
    DAYS = "days"
    EVENTS = "events"
    INDEX = "index"
    ESCROW = "escrow"
    BALANCE = "balance"


TERMS = ("deposited", "available", "committed", "payable", "settled", "returned")


@dataclass(frozen=True, slots=True)
class LineTerms:
    """The terms of one line as one source has them; None for those it does not know."""

    deposited: Amount | None = None
    available: Amount | None = None
    committed: Amount | None = None
    payable: Amount | None = None
    settled: Amount | None = None
    returned: Amount | None = None
    committed_count: int | None = None
    payable_count: int | None = None
    settled_count: int | None = None
    redeemed: Amount | None = None
    redeemed_count: int | None = None


LINE_TERMS = tuple(field.name for field in fields(LineTerms))


@dataclass(frozen=True, slots=True)
class BatchState:
    """A batch as the contract keeps it; `issued` and `swept` count vouchers, `kind` is a `VoucherKind`."""

    batch: BatchId
    line: LineId
    face: Amount
    issued: int
    swept: int
    kind: int = 0


@dataclass(frozen=True, slots=True)
class PairState:
    """A (batch, roll) pair as the contract keeps it: its marks, its places, how many are redeemed, revoked, passed on.

    Attributes:
        taken: what was redeemed of vouchers that are no fixed values.
        taken_open: of it, what was redeemed of those neither used up nor revoked.
        booked: how many are booked, stored value in part or whole; a sweep leaves them out.
        set_aside: what is booked of vouchers that are stored value.
    """

    batch: BatchId
    roll: RollId
    issued: bool
    swept: bool
    places: int
    redeemed: int
    revoked: int = 0
    transferred: int = 0
    taken: Amount = NOTHING
    taken_open: Amount = NOTHING
    booked: int = 0
    set_aside: Amount = NOTHING


@dataclass(frozen=True, slots=True)
class TokenState:
    """One settlement token: what Treasury has written down, and what the token says it holds."""

    token: Address
    escrow: Amount
    balance: Amount


@dataclass(frozen=True, slots=True)
class Check:
    """One value read in several places.

    Attributes:
        subject: what it belongs to: `line 65537`, `batch 3`, `token 0x…`.
        line: the budget line, where it belongs to one.
        term: which value.
        values: by source.
        expected: what all of them must be; None where they need only be the same.
    """

    subject: str
    line: LineId | None
    term: str
    values: Mapping[Source, int]
    expected: int | None = None

    @property
    def equal(self) -> bool:
        """Whether all sources agree."""
        wanted = set() if self.expected is None else {self.expected}
        return len(wanted.union(self.values.values())) <= 1


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """The outcome.

    Attributes:
        block: everything was read as of this block.
        programme: None for all programmes.
        checks: every value compared.
        lines, pairs, words: how many budget lines and pairs were added up, and words of the chain's storage read.
    """

    block: BlockRef
    programme: ProgrammeId | None
    checks: tuple[Check, ...]
    lines: int
    pairs: int
    words: int

    @property
    def differences(self) -> list[Check]:
        """The checks whose sources disagree."""
        return [check for check in self.checks if not check.equal]
