"""What auditors and the emergency lane do on chain: one frozen order each, and the port that carries them out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from node_api.domain.freezes import Frozen
from node_api.domain.ids import BatchId, Hash, ProgrammeId, UnixSeconds, VoucherId


@dataclass(frozen=True, slots=True)
class Freeze:
    """Freezes something until then, exclusive. By an auditor."""

    what: Frozen
    until: UnixSeconds
    reason: str


@dataclass(frozen=True, slots=True)
class Lift:
    """Ends a freeze. By an auditor."""

    what: Frozen
    reason: str


@dataclass(frozen=True, slots=True)
class Confirm:
    """Confirms a freeze. By another auditor than who froze."""

    what: Frozen
    reason: str


@dataclass(frozen=True, slots=True)
class Appeal:
    """Records an appeal by the hash of its letter. By an auditor."""

    what: Frozen
    letter: Hash


@dataclass(frozen=True, slots=True)
class Revoke:
    """Revokes vouchers under a confirmed freeze. By an auditor."""

    vouchers: tuple[VoucherId, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Extend:
    """Lengthens a batch's validity. By EMERGENCY, like those that follow."""

    batch: BatchId
    until: UnixSeconds
    reason: str


@dataclass(frozen=True, slots=True)
class Widen:
    """Opens channels, a bit mask, for a while."""

    programme: ProgrammeId
    channels: int
    until: UnixSeconds
    reason: str


@dataclass(frozen=True, slots=True)
class Pause:
    """Pauses a programme; 0: the whole network."""

    programme: ProgrammeId
    until: UnixSeconds
    reason: str


@dataclass(frozen=True, slots=True)
class Resume:
    """Ends a pause; 0: the network's."""

    programme: ProgrammeId


Order = Freeze | Lift | Confirm | Appeal | Revoke | Extend | Widen | Pause | Resume


class OversightDesk(Protocol):
    """Sends orders with the node's own keys of AUDITOR and EMERGENCY. Thread-safe."""

    def carry_out(self, order: Order) -> None:
        """Returns once the transaction stands in a block.

        Raises:
            OversightRefused: a contract says no; nothing happened.
            OversightKeyMissing: the node keeps no key of the role.
            ChainUnavailable: the chain does not answer.
        """
        ...
