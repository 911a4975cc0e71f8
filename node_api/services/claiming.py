"""Taking claims in, once for each idempotency key: what is accepted has a place kept for it."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass

from node_api.domain.access import ApiKey, ApiRole, require_wallet
from node_api.domain.claims import EVERYBODY, Claim, ClaimOutcome, ClaimSight, Round, judge_claim
from node_api.domain.errors import (
    ChainUnavailable,
    ClaimUnknown,
    DomainError,
    IdempotencyKeyReused,
    IndexNotReady,
    ProgrammeUnknown,
    RoleNotAllowed,
    RoundUnknown,
    WalletMissing,
)
from node_api.domain.ids import Address, Hash, ProgrammeId, UnixSeconds
from node_api.domain.models import Programme
from node_api.domain.operations import OperationState, RefusalNote, StateChange
from node_api.services.fresh import FreshReads
from node_api.services.outbox import Outbox
from node_api.services.ports.claims import ClaimReader, ClaimSignatures, ClaimStore, PersonKeys
from node_api.services.ports.reading import Reader

_READS_ALL = frozenset({ApiRole.OPERATOR, ApiRole.AUDITOR, ApiRole.TREASURER, ApiRole.ARBITER})


@dataclass(frozen=True, slots=True)
class SignedClaim:
    """What a holder with a key of their own signed."""

    holder: Address
    nullifier: Hash
    deadline: UnixSeconds
    signature: bytes


@dataclass(frozen=True, slots=True)
class ClaimRequest:
    """A claim as handed in.

    Attributes:
        number: of the round.
        person: whom the node's wallet claims for; None where the holder signed.
        signed: what the holder signed; None where the wallet claims.
        salt, proof: of the person's leaf, where the round has a list; a custodial person's salt is the wallet's.
    """

    programme: str | ProgrammeId
    number: int
    person: str | None
    signed: SignedClaim | None
    salt: Hash | None
    proof: tuple[Hash, ...]


@dataclass(frozen=True, slots=True)
class ClaimSubmission:
    """A claim asked for.

    Attributes:
        caller: who asks; the key belongs to its owner.
        key: the Idempotency-Key.
        body_hash: SHA-256 of what was asked.
    """

    caller: ApiKey
    key: str
    body_hash: str
    request: ClaimRequest


class Claiming:
    """Checks and takes in claims. Thread-safe."""

    def __init__(
        self,
        fresh: FreshReads,
        signatures: ClaimSignatures,
        store: ClaimStore,
        outbox: Outbox,
        wallet: PersonKeys | None,
    ) -> None:
        """A node without a wallet has None."""
        self._fresh, self._signatures, self._store = fresh, signatures, store
        self._outbox, self._wallet = outbox, wallet

    def submit(self, submissions: Sequence[ClaimSubmission]) -> list[ClaimOutcome | Exception]:
        """Takes claims in: what the rules refuse is refused at once, the rest is queued with a place kept for each.

        All of it in one transaction.

        Returns: for each the claim (the earlier one where the key was used before), or why it is not taken in:
            IdempotencyKeyReused: the key came with another body before.
            ProgrammeUnknown, RoundUnknown: there is none.
            RoleNotAllowed: a custodial person's claim, and who asks is no wallet.
            WalletMissing: a custodial person's claim, and this node keeps no wallet.
            ChainUnavailable, IndexNotReady: the key is new; see `FreshReads.open`.
        """
        received = _now()
        found = self._store.find([(one.caller.owner, one.key) for one in submissions])
        new = [one for one, known in zip(submissions, found, strict=True) if known is None]
        taken = iter(self._taken(new, received))
        answers = [
            _same(one, next(taken) if known is None else known) for one, known in zip(submissions, found, strict=True)
        ]
        if any(isinstance(answer, ClaimOutcome) and not answer.state.final for answer in answers):
            self._outbox.wake()
        return answers

    def _taken(self, new: Sequence[ClaimSubmission], received: int) -> Sequence[ClaimOutcome | DomainError]:
        """Those whose keys nobody knew; what keeps them out concerns nobody whose key is known."""
        if not new:
            return ()
        try:
            with self._fresh.open() as (reader, now):
                judged = [self._judged(one, received, reader, now) for one in new]
        except (ChainUnavailable, IndexNotReady) as fault:
            return [fault] * len(new)
        sound = [one for one in judged if not isinstance(one, DomainError)]
        kept = iter(self._store.add(sound) if sound else ())
        return [one if isinstance(one, DomainError) else next(kept) for one in judged]

    def _judged(
        self, asked: ClaimSubmission, received: int, reader: Reader, now: UnixSeconds
    ) -> tuple[ClaimOutcome, int] | DomainError:
        """A new claim and how many places its round has; or why it is none."""
        try:
            if asked.request.person is not None:
                require_wallet(asked.caller)
            programme = _programme(reader, asked.request.programme)
            found = _round(reader, programme.id, asked.request.number)
            claim = self._claim(asked.request, programme, found)
        except (RoleNotAllowed, WalletMissing, ProgrammeUnknown, RoundUnknown) as fault:
            return fault
        digest = self._signatures.claim_digest(claim)
        refusal = judge_claim(claim, found, self._sight(claim, digest, found, reader), now)
        note = None if refusal is None else RefusalNote(refusal.name, refusal.value, None, on_chain=False)
        state = OperationState.QUEUED if note is None else OperationState.REFUSED
        history = (StateChange(OperationState.RECEIVED, received), StateChange(state, _now()))
        whose = (asked.caller.owner, asked.key, asked.body_hash)
        new = ClaimOutcome("cl_" + secrets.token_hex(16), *whose, claim, digest, reader.block, state, history, note)
        return new, found.places

    def reload(self, claims: Sequence[ClaimOutcome]) -> list[ClaimOutcome]:
        """The same claims as they stand now."""
        found = self._store.several([claim.id for claim in claims])
        return [found.get(claim.id, claim) for claim in claims]

    def get(self, caller: ApiKey, claim: str) -> ClaimOutcome:
        """One claim.

        Raises:
            ClaimUnknown: none of this id, or another owner's.
        """
        found = self._store.get(claim)
        if found is None or (found.owner != caller.owner and caller.role not in _READS_ALL):
            raise ClaimUnknown(f"claim {claim}")
        return found

    def nullifier(self, programme: str | ProgrammeId, person: str) -> tuple[Hash, Address]:
        """What stands for the person in the programme's claims, and the person's custodial address.

        Raises:
            WalletMissing: this node keeps no wallet.
            ProgrammeUnknown: there is none.
        """
        wallet = self._require_wallet()
        with self._fresh.open() as (reader, _):
            ref = _programme(reader, programme).ref
        return wallet.nullifier(ref, person), wallet.address(ref, person)

    def _claim(self, request: ClaimRequest, programme: Programme, found: Round) -> Claim:
        if request.signed is not None:
            said, salt = request.signed, request.salt or EVERYBODY
            whose = (said.holder, said.nullifier, said.deadline, said.signature)
            return Claim(programme.id, found.number, *whose, salt, request.proof, custodial=False)
        assert request.person is not None
        wallet, ref, person = self._require_wallet(), programme.ref, request.person
        salt = request.salt or (wallet.salt(ref, person) if found.has_list else EVERYBODY)
        who, person_tag = wallet.address(ref, person), wallet.nullifier(ref, person)
        unsigned = Claim(
            programme.id, found.number, who, person_tag, found.closes_at, b"", salt, request.proof, custodial=True
        )
        digest = self._signatures.claim_digest(unsigned)
        return unsigned.signed(wallet.sign(ref, person, bytes.fromhex(digest[2:])))

    def _sight(self, claim: Claim, digest: Hash, found: Round, reader: ClaimReader) -> ClaimSight:
        return ClaimSight(
            signed=self._signatures.is_signed_by(claim.holder, digest, claim.signature),
            listed=not found.has_list or self._signatures.is_listed(claim, found.root),
            nullifier_used=reader.is_nullifier_used(claim.programme, claim.number, claim.nullifier),
            holder_claimed=reader.has_claimed(claim.programme, claim.number, claim.holder),
        )

    def _require_wallet(self) -> PersonKeys:
        if self._wallet is None:
            raise WalletMissing("this node keeps no wallet")
        return self._wallet


def _same(submission: ClaimSubmission, known: ClaimOutcome | DomainError) -> ClaimOutcome | Exception:
    """The claim of its key, if it was asked for by the same body; or why there is none."""
    if isinstance(known, DomainError) or known.body_hash == submission.body_hash:
        return known
    return IdempotencyKeyReused(f"key {submission.key!r} of {submission.caller.owner}")


def _programme(reader: Reader, name: str | ProgrammeId) -> Programme:
    found = reader.programme_by_ref(name) if isinstance(name, str) else reader.programme(name)
    if found is None:
        raise ProgrammeUnknown(f"programme {name}")
    return found


def _round(reader: ClaimReader, programme: ProgrammeId, number: int) -> Round:
    found = reader.round(programme, number)
    if found is None:
        raise RoundUnknown(f"round {number} of programme {programme}")
    return found


def _now() -> int:
    return time.time_ns() // 1_000_000
