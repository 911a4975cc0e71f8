"""Freezes as they stand as of a block."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from node_api.domain.ids import Address, Amount, Hash, LineId, UnixSeconds, VoucherId
from node_api.domain.models import TxRef, VoucherFacts


class Subject(IntEnum):
    """What can be frozen, as in `Overlay.sol`."""

    VOUCHER = 1
    ROLL = 2
    BATCH = 3
    HOLDER = 4
    MERCHANT = 5


@dataclass(frozen=True, slots=True)
class Frozen:
    """What a freeze is about. `number` is the subject's; a holder's is the programme's, with the address beside it."""

    subject: Subject
    number: int
    holder: Address | None = None

    @property
    def id(self) -> int:
        """The id on chain."""
        return self.number if self.holder is None else self.number << 160 | int(self.holder, 16)


@dataclass(frozen=True, slots=True)
class FreezeChange:
    """One step of a freeze: frozen, appealed, lifted, confirmed. `until`: 0 where it is over after the step."""

    kind: str
    what: Frozen
    until: UnixSeconds
    actor: Address
    appeal: Hash | None
    reason: str
    tx: TxRef


@dataclass(frozen=True, slots=True)
class Freeze:
    """All steps of one subject, in the order of the chain."""

    what: Frozen
    steps: tuple[FreezeChange, ...]

    @property
    def until(self) -> UnixSeconds:
        """Until when it holds, exclusive; 0 where it was lifted or ended in a revocation."""
        ends = [step.until for step in self.steps if step.kind != "appealed"]
        return ends[-1] if ends else UnixSeconds(0)

    @property
    def confirmed(self) -> bool:
        """Whether the newest step that changed it confirmed it."""
        kinds = [step.kind for step in self.steps if step.kind != "appealed"]
        return bool(kinds) and kinds[-1] == "confirmed"

    def holds(self, now: UnixSeconds) -> bool:
        """Whether it holds at a time; a freeze lapses by itself."""
        return now < self.until


@dataclass(frozen=True, slots=True)
class Revocation:
    """A voucher revoked, its value back on its line."""

    voucher: VoucherId
    line: LineId
    amount: Amount
    actor: Address
    reason: str
    tx: TxRef


def subjects_of(facts: VoucherFacts) -> tuple[Frozen, ...]:
    """Everything whose freeze is a freeze of the voucher."""
    return (
        Frozen(Subject.VOUCHER, facts.voucher),
        Frozen(Subject.ROLL, facts.roll.id),
        Frozen(Subject.BATCH, facts.batch.id),
        Frozen(Subject.HOLDER, facts.batch.programme, Address(facts.holder.lower())),
    )
