"""What carrying out a case needs: a way to the case desk, and a memory of idempotency keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from node_api.domain.ids import Hash, UnixSeconds, VoucherId
from node_api.domain.models import Redemption


@dataclass(frozen=True, slots=True)
class Statement:
    """What a party says of a redemption.

    Attributes:
        redemption: the digest its holder signed.
        voucher: which of its vouchers.
        reason: hash of the reason.
        deadline: exclusive.
        signature: of a key or terminal of the merchant, or of the holder; None where an arbiter acts.
    """

    redemption: Hash
    voucher: VoucherId
    reason: Hash
    deadline: UnixSeconds
    signature: bytes | None


@dataclass(frozen=True, slots=True)
class Opening:
    """Proof of a redemption: all redemptions of its call, and which of them it is."""

    first_number: int
    call: Sequence[Redemption]
    number: int


class CaseDesk(Protocol):
    """Sends what parties signed, and what the node's own arbiter decides. Thread-safe.

    Every method returns once the transaction stands in a block.

    Raises:
        CaseRefused: the contract says no; nothing happened.
        ArbiterMissing: an arbiter's act, and the node keeps no such key.
        ChainUnavailable: the chain does not answer.
    """

    def reverse(self, opening: Opening, statement: Statement) -> None:
        """Reverses a redemption by its merchant's signature."""
        ...

    def reverse_as_arbiter(self, opening: Opening, reason: Hash, later_day: int) -> None:
        """Reverses a redemption by the arbiter; `later_day` pays where its own day was settled, 0 for none."""
        ...

    def dispute(self, opening: Opening, statement: Statement) -> None:
        """Opens a dispute by a party's signature."""
        ...

    def decide(self, dispute: int, *, stands: bool, reason: Hash) -> None:
        """Decides a dispute as the arbiter."""
        ...

    def decide_by_default(self, dispute: int) -> None:
        """Ends a dispute whose time is over."""
        ...


class CaseRequests(Protocol):
    """Which request an idempotency key stands for."""

    def take(self, owner: str, key: str, body_hash: str) -> str | None:
        """Writes the key down; where it came before, changes nothing and returns the body hash it came with."""
        ...
