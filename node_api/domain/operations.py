"""Writes as operations: what was asked for, how far it has come, and what became of it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from node_api.domain.ids import Address, Amount, Hash, MerchantId, ProgrammeId, UnixSeconds, VoucherId
from node_api.domain.items import Item, TerminalSeal
from node_api.domain.models import BlockRef


class OperationState(StrEnum):
    """How far an operation has come. The last three are final."""

    RECEIVED = "received"
    QUEUED = "queued"
    SENT = "sent"
    SUCCEEDED = "succeeded"
    REFUSED = "refused"
    FAILED = "failed"

    @property
    def final(self) -> bool:
        """Whether nothing more will happen."""
        return self in FINAL_STATES


FINAL_STATES = frozenset({OperationState.SUCCEEDED, OperationState.REFUSED, OperationState.FAILED})


@dataclass(frozen=True, slots=True)
class StateChange:
    """When an operation came to a state; the node's clock, milliseconds since 1970."""

    state: OperationState
    at: int


@dataclass(frozen=True, slots=True)
class RefusalNote:
    """Why an item was refused, fit to be stored.

    Attributes:
        reason: name of the refusal (domain/refusals.py).
        value: what broke the rule.
        voucher: the first voucher that failed.
        on_chain: whether the contract refused it, or the node before sending.
    """

    reason: str
    value: str
    voucher: VoucherId | None
    on_chain: bool


class SpentVoucher(NamedTuple):
    """A voucher that an item redeemed; `number` runs over all redemptions."""

    voucher: VoucherId
    amount: Amount
    number: int


class WorkItem(NamedTuple):
    """One signed redemption within an operation.

    Attributes:
        holder: who must have signed; None where the first voucher does not exist.
        programme: of the first voucher; None likewise.
        judged: the block the node's own judgement stood on.
    """

    item: Item
    seal: TerminalSeal | None
    digest: Hash
    holder: Address | None
    programme: ProgrammeId | None
    judged: BlockRef


class ItemOutcome(NamedTuple):
    """One redemption of an operation and what became of it.

    Attributes:
        transaction: that carried it; None while it was not sent.
        block: where it was decided on chain.
        spent: the vouchers it redeemed, in order; empty unless it succeeded.
        fault: why it failed, where the chain refused the whole call.
    """

    work: WorkItem
    state: OperationState
    refusal: RefusalNote | None = None
    transaction: Hash | None = None
    block: BlockRef | None = None
    spent: tuple[SpentVoucher, ...] = ()
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """One write.

    Attributes:
        owner: whose API key asked: the idempotency key belongs to it.
        key: the Idempotency-Key.
        body_hash: SHA-256 of what was asked, hexadecimal.
        batch: whether it was asked for as a batch.
        history: every state it came to, in order.
    """

    id: str
    owner: str
    key: str
    body_hash: str
    batch: bool
    state: OperationState
    history: tuple[StateChange, ...]
    items: tuple[ItemOutcome, ...]

    def concerns(self, merchant: MerchantId) -> bool:
        """Whether every item of it is that merchant's."""
        return all(outcome.work.item.merchant == merchant for outcome in self.items)


def overall(states: list[OperationState]) -> OperationState:
    """An operation's state by its items': final when all are; refused or failed only when none succeeded."""
    for open_state in (OperationState.RECEIVED, OperationState.QUEUED, OperationState.SENT):
        if open_state in states:
            return open_state
    if OperationState.SUCCEEDED in states:
        return OperationState.SUCCEEDED
    return OperationState.FAILED if OperationState.FAILED in states else OperationState.REFUSED


class Place(NamedTuple):
    """Where an item stands in a call: its operation and position there, its group and position in the call."""

    operation: str
    position: int
    group: int
    item: int


class Accepted(NamedTuple):
    """The contract redeemed an item."""

    spent: tuple[SpentVoucher, ...]


class Declined(NamedTuple):
    """The contract passed an item over; `reason` is the refusal's name."""

    reason: str
    voucher: VoucherId | None


Verdict = Accepted | Declined


@dataclass(frozen=True, slots=True)
class SentCall:
    """A signed call of the outbox.

    Attributes:
        raw: signed bytes, 0x-hex.
        block_time: block time it had, once it stood in a block; what a chain that went back must give it again.
    """

    hash: Hash
    nonce: int
    sender: Address
    raw: str
    block_number: int | None = None
    block_time: UnixSeconds | None = None
