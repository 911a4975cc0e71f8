"""What auditors and the emergency lane logged: see `node_api/domain/events.py` for how such classes are read."""

from __future__ import annotations

from dataclasses import dataclass

FOR_EVER = 2**40 - 1
"""End of a confirmed freeze, which holds until it is lifted."""


@dataclass(frozen=True, slots=True)
class FreezeStep:
    """A freeze went a step.

    Attributes:
        kind: frozen, appealed, lifted, confirmed.
        subject: 1 voucher, 2 roll, 3 batch, 4 holder, 5 merchant.
        number: of the subject; for a holder, of the programme.
        holder: the holder's address; empty for other subjects.
        until: until when it holds after this step, exclusive; 0 where it is over. An appeal changes nothing and carries 0.
        actor: who did it; empty for an appeal, whose recorder is the transaction's sender.
        appeal: hash of the appeal's letter; empty for other steps.
    """

    kind: str
    subject: int
    number: int
    holder: bytes
    until: int
    actor: bytes
    appeal: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class VoucherRevoked:
    """A voucher was revoked, its value booked back to the line's available money."""

    voucher: int
    line: int
    amount: int
    actor: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class EmergencyStep:
    """The emergency lane was used.

    Attributes:
        kind: extended, widened, paused, resumed.
        programme: 0 for the whole network, and for an extension, which names its batch.
        batch: 0 except for an extension.
        channels: all that are widened after this step; 0 for other steps.
        old_until: end of the batch's validity before an extension; 0 for other steps.
        until: end of what was done, exclusive; 0 for `resumed`.
    """

    kind: str
    programme: int
    batch: int
    channels: int
    old_until: int
    until: int
    actor: bytes
    reason: str
