"""What the API takes and answers about claims."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from node_api.api.answers import BlockOut, ChangeOut, RefusalOut, StateText
from node_api.api.fields import (
    AddressText,
    HashText,
    In,
    Out,
    Person,
    ProgrammeNumber,
    Reference,
    SignatureText,
    Uint,
    as_address,
    as_bytes,
    as_hash,
    as_int,
)
from node_api.api.problems import problem
from node_api.domain.claim_refusals import CLAIM_REFUSALS
from node_api.domain.claims import EVERYBODY, ClaimOutcome, Round
from node_api.domain.errors import Refusal
from node_api.domain.ids import ProgrammeId, UnixSeconds, voucher_id
from node_api.domain.operations import RefusalNote
from node_api.services.claiming import ClaimRequest, SignedClaim

RoundNumber = Annotated[int, Field(ge=1, lt=1 << 16)]
_MAX_PROOF = 64


class SignedClaimIn(In):
    """`Claim` of GET /v1/eip712 as the holder signed it, without programme and round, which stand beside it."""

    holder: AddressText
    nullifier: HashText
    deadline: Uint
    signature: SignatureText

    def to_domain(self) -> SignedClaim:
        """For the services."""
        deadline = UnixSeconds(as_int(self.deadline))
        return SignedClaim(as_address(self.holder), as_hash(self.nullifier), deadline, as_bytes(self.signature))


class ClaimIn(In):
    """A claim to a place: for a person whose key the node's wallet keeps, or signed by the holder.

    `salt` and `proof` come from the round's list, where it has one; a custodial person's salt may be left out.
    """

    programme: ProgrammeNumber | Reference
    round: RoundNumber
    person: Person | None = None
    claim: SignedClaimIn | None = None
    salt: HashText | None = None
    proof: Annotated[list[HashText], Field(max_length=_MAX_PROOF)] = Field(default_factory=list)

    @model_validator(mode="after")
    def _one_of(self) -> ClaimIn:
        if (self.person is None) == (self.claim is None):
            raise ValueError("give either person or claim")
        return self

    def to_domain(self) -> ClaimRequest:
        """For the services."""
        return ClaimRequest(
            programme=self.programme if isinstance(self.programme, str) else ProgrammeId(self.programme),
            number=self.round,
            person=self.person,
            signed=None if self.claim is None else self.claim.to_domain(),
            salt=None if self.salt is None else as_hash(self.salt),
            proof=tuple(as_hash(beside) for beside in self.proof),
        )


class NullifierIn(In):
    """Whose nullifier is asked for."""

    programme: ProgrammeNumber | Reference
    person: Person

    def to_programme(self) -> str | ProgrammeId:
        """For the services."""
        return self.programme if isinstance(self.programme, str) else ProgrammeId(self.programme)


class NullifierOut(Out):
    """What stands for the person in the programme's claims, and the person's custodial address. Tell nobody but the person."""

    nullifier: str
    holder: str


class PlaceOut(Out):
    """The place a claim got: the roll, the place in it, and the vouchers, one of each batch of the round."""

    roll: int
    place: int
    vouchers: list[str]


class ClaimOut(Out):
    """A claim and how far it has come. `block` is where it was decided on chain, else the one the node judged it on."""

    id: str
    state: StateText
    history: list[ChangeOut]
    programme: int
    round: int
    holder: str
    nullifier: str
    custodial: bool
    digest: str
    place: PlaceOut | None
    refusal: RefusalOut | None
    fault: str | None
    transaction: str | None
    block: BlockOut


class RoundOut(Out):
    """A round of claims. `root` null: everybody may claim. `closed`: nothing is kept for its places any more."""

    round: int
    places: int
    given: int
    left: int
    opens_at: int
    closes_at: int
    root: str | None
    batches: list[int]
    closed: bool


class RoundsOut(Out):
    """A programme's rounds."""

    rounds: list[RoundOut]
    block: BlockOut


def claim_out(outcome: ClaimOutcome, found: Round | None) -> ClaimOut:
    """From the domain; `found` is the round of a claim that got a place."""
    claim, place = outcome.claim, None
    if outcome.roll is not None and outcome.place is not None and found is not None:
        ids = [str(voucher_id(batch, outcome.roll, outcome.place)) for batch in found.batches]
        place = PlaceOut(roll=outcome.roll, place=outcome.place, vouchers=ids)
    return ClaimOut(
        id=outcome.id,
        state=outcome.state.value,
        history=[ChangeOut(state=change.state.value, at=change.at) for change in outcome.history],
        programme=claim.programme,
        round=claim.number,
        holder=claim.holder,
        nullifier=claim.nullifier,
        custodial=claim.custodial,
        digest=outcome.digest,
        place=place,
        refusal=None if outcome.refusal is None else _refusal_out(outcome.refusal),
        fault=outcome.fault,
        transaction=outcome.transaction,
        block=BlockOut.of(outcome.block or outcome.judged),
    )


def round_out(found: Round) -> RoundOut:
    """From the domain."""
    return RoundOut(
        round=found.number,
        places=found.places,
        given=found.given,
        left=found.places - found.given,
        opens_at=found.opens_at,
        closes_at=found.closes_at,
        root=None if found.root == EVERYBODY else found.root,
        batches=list(found.batches),
        closed=found.closed is not None,
    )


def refusal_of(note: RefusalNote) -> Refusal:
    """The refusal that was noted."""
    return CLAIM_REFUSALS[note.reason](note.value)


def _refusal_out(note: RefusalNote) -> RefusalOut:
    told = problem(refusal_of(note))
    return RefusalOut(
        type=str(told["type"]),
        reason=note.reason,
        value=note.value,
        rule=str(told["rule"]),
        remedy=str(told["remedy"]),
        voucher=None,
        on_chain=note.on_chain,
    )
