"""Rounds of claims, claims and whether one gets a place: the contract's rules, in the contract's order."""

from __future__ import annotations

from dataclasses import dataclass, replace

from node_api.domain import claim_refusals as no
from node_api.domain.claim_refusals import ClaimRefusal
from node_api.domain.ids import Address, BatchId, Hash, Place, ProgrammeId, RollId, UnixSeconds
from node_api.domain.models import BlockRef, TxRef
from node_api.domain.operations import OperationState, RefusalNote, StateChange
from node_api.domain.printable import counted

EVERYBODY = Hash("0x" + 64 * "0")
"""The root of a round in which everybody may claim."""


@dataclass(frozen=True, slots=True)
class RootStep:
    """A list of those who may claim went a step: `proposed`, `approved` or `withdrawn`."""

    root: Hash
    kind: str
    actor: Address
    reason: str
    tx: TxRef


@dataclass(frozen=True, slots=True)
class Round:
    """A round of claims.

    Attributes:
        number: within the programme, from 1.
        places: how many people get one.
        given: how many got one.
        opens_at: first second, inclusive.
        closes_at: end, exclusive.
        root: of the list of those who may claim; zero for everybody.
        batches: the pack: each place gets a voucher of every one.
        actor: who opened it.
        closed: where it was closed, so that nothing is kept for it any more; None before.
    """

    programme: ProgrammeId
    number: int
    places: int
    given: int
    opens_at: UnixSeconds
    closes_at: UnixSeconds
    root: Hash
    batches: tuple[BatchId, ...]
    actor: Address
    opened: TxRef
    closed: TxRef | None

    @property
    def has_list(self) -> bool:
        """Whether only people on a list may claim."""
        return self.root != EVERYBODY


@dataclass(frozen=True, slots=True)
class ClaimedPlace:
    """What a roll's place was claimed with."""

    programme: ProgrammeId
    number: int
    nullifier: Hash
    tx: TxRef


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim as it goes to the contract.

    Attributes:
        number: of the round.
        nullifier: stands for the person in this programme.
        deadline: exclusive.
        signature: of `Claim(programme, round, holder, nullifier, deadline)` by the holder.
        salt: of the person's leaf; zero where the round has no list.
        proof: the hashes beside the leaf's way to the root.
        custodial: whether the node's wallet keeps the holder's key.
    """

    programme: ProgrammeId
    number: int
    holder: Address
    nullifier: Hash
    deadline: UnixSeconds
    signature: bytes
    salt: Hash
    proof: tuple[Hash, ...]
    custodial: bool

    def signed(self, signature: bytes) -> Claim:
        """The same with its signature."""
        return replace(self, signature=signature)


@dataclass(frozen=True, slots=True)
class ClaimOutcome:
    """A claim that was handed in, and what became of it.

    Attributes:
        id: of this request.
        owner: whose API key asked: the idempotency key belongs to it.
        key: the Idempotency-Key.
        body_hash: SHA-256 of what was asked, hexadecimal.
        digest: what the holder signed.
        judged: the block the node's own judgement stood on.
        history: every state it came to, in order.
        transaction: that carried it; None while it was not sent.
        block: where it was decided on chain.
        roll, place: what it got.
        fault: why it failed, where the chain refused the whole call.
    """

    id: str
    owner: str
    key: str
    body_hash: str
    claim: Claim
    digest: Hash
    judged: BlockRef
    state: OperationState
    history: tuple[StateChange, ...]
    refusal: RefusalNote | None = None
    transaction: Hash | None = None
    block: BlockRef | None = None
    roll: RollId | None = None
    place: Place | None = None
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class ClaimSight:
    """What a claim is judged by.

    Attributes:
        signed: whether the holder signed exactly this.
        listed: whether the proof leads to the round's root; True where it has none.
        nullifier_used: whether the person has a place in the round.
        holder_claimed: whether the address has one.
    """

    signed: bool
    listed: bool
    nullifier_used: bool
    holder_claimed: bool


def judge_claim(claim: Claim, found: Round, sight: ClaimSight, now: UnixSeconds) -> ClaimRefusal | None:
    """Why the claim gets no place in a block of time `now`; None if it gets one."""
    if not sight.signed:
        return no.ClaimSignatureInvalid(f"holder {claim.holder}")
    if now >= claim.deadline:
        return no.ClaimDeadlinePassed(f"deadline {claim.deadline}, time {now}")
    if now < found.opens_at:
        return no.RoundNotBegun(f"{_named(found)} opens at {found.opens_at}, time {now}")
    if now >= found.closes_at:
        return no.RoundOver(f"{_named(found)} was over at {found.closes_at}, time {now}")
    if not sight.listed:
        return no.NotEligible(f"nullifier {claim.nullifier}, root {found.root}")
    if sight.nullifier_used:
        return no.NullifierUsed(f"{_named(found)}, nullifier {claim.nullifier}")
    if sight.holder_claimed:
        return no.HolderClaimed(f"{_named(found)}, address {claim.holder}")
    return None if found.given < found.places else used_up(found)


def used_up(found: Round) -> ClaimRefusal:
    """The refusal of everybody who comes after the last place."""
    return no.ClaimsUsedUp(f"{_named(found)} has {counted(found.places, 'place')}")


def _named(found: Round) -> str:
    return f"round {found.number} of programme {found.programme}"


@dataclass(frozen=True, slots=True)
class Seated:
    """The contract gave a claim a place."""

    roll: RollId
    place: Place


@dataclass(frozen=True, slots=True)
class Unseated:
    """The contract passed a claim over; `reason` is the refusal's name."""

    reason: str


ClaimVerdict = Seated | Unseated
