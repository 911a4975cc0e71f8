"""What claims need: the record's rounds, digests and proofs, a store, and a way to the contract."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from node_api.domain.claims import Claim, ClaimedPlace, ClaimOutcome, ClaimVerdict, RootStep, Round
from node_api.domain.ids import Address, Hash, Place, ProgrammeId, RollId
from node_api.domain.models import BlockRef
from node_api.domain.operations import SentCall


class ClaimReader(Protocol):
    """Lists, rounds and claimed places of the record."""

    def root_steps(self, programme: ProgrammeId) -> list[RootStep]:
        """The steps of a programme's lists, in the order of the chain."""
        ...

    def rounds(self, programme: ProgrammeId) -> list[Round]:
        """A programme's rounds by number."""
        ...

    def round(self, programme: ProgrammeId, number: int) -> Round | None:
        """One round."""
        ...

    def is_nullifier_used(self, programme: ProgrammeId, number: int, nullifier: Hash) -> bool:
        """Whether the person has a place in the round."""
        ...

    def has_claimed(self, programme: ProgrammeId, number: int, holder: Address) -> bool:
        """Whether the address has a place in the round."""
        ...

    def claimed_place(self, roll: RollId, place: Place) -> ClaimedPlace | None:
        """What a place was claimed with; None for one that was granted."""
        ...


class ClaimSignatures(Protocol):
    """Digests and proofs of claims for this chain and contract. Thread-safe."""

    def claim_digest(self, claim: Claim) -> Hash:
        """What the holder signs."""
        ...

    def is_signed_by(self, signer: Address, digest: Hash, signature: bytes) -> bool:
        """See `Signatures.are_signed_by`."""
        ...

    def is_listed(self, claim: Claim, root: Hash) -> bool:
        """Whether the claim's salt and proof lead to the root."""
        ...


class PersonKeys(Protocol):
    """Nullifiers and salts of people, and the keys of those without a device of their own."""

    def address(self, programme_ref: str, person: str) -> Address:
        """The person's holder address in the programme."""
        ...

    def sign(self, programme_ref: str, person: str, digest: bytes) -> bytes:
        """The holder's signature of a digest."""
        ...

    def nullifier(self, programme_ref: str, person: str) -> Hash:
        """Stands for the person in the programme: the same for ever, and no way back without the wallet's master."""
        ...

    def salt(self, programme_ref: str, person: str) -> Hash:
        """Hides the person's leaf in a list from whoever knows the nullifier."""
        ...


class ClaimStore(Protocol):
    """Keeps claims for ever. Thread-safe; every method is one transaction."""

    def find(self, asked: Sequence[tuple[str, str]]) -> list[ClaimOutcome | None]:
        """For each owner and key the claim that the owner handed in under it."""
        ...

    def get(self, claim: str) -> ClaimOutcome | None:
        """One claim by its id."""
        ...

    def several(self, wanted: Sequence[str]) -> dict[str, ClaimOutcome]:
        """Claims by their ids, those that there are; a hundred at most."""
        ...

    def add(self, new: Sequence[tuple[ClaimOutcome, int]]) -> list[ClaimOutcome]:
        """Keeps new claims in their order, and for each that is queued takes one of its round's so many places.

        A claim for a person or an address that has a place or waits for one, or behind the last place, is kept as refused
        (NullifierUsed, HolderClaimed, ClaimsUsedUp).

        Returns: for each what is kept; an earlier claim where the same owner used the same key before.
        """
        ...


@dataclass(frozen=True, slots=True)
class WaitingClaim:
    """A claim that waits to be sent, and since when: the node's clock, milliseconds since 1970."""

    id: str
    claim: Claim
    since: int


class ClaimQueue(Protocol):
    """Claims between being accepted and being decided. Thread-safe; every method is one transaction."""

    def waiting(self, limit: int) -> list[WaitingClaim]:
        """Of the round and custody whose turn it is, the claims that wait, the oldest first. The turn is the oldest claim's."""
        ...

    def sending(self, call: SentCall, claims: Sequence[str]) -> bool:
        """Keeps the signed bytes before they are sent, and marks their claims as sent; False, and nothing is kept, where another
        process was quicker with one of them.
        """
        ...

    def carried(self, call: Hash) -> list[tuple[str, Claim]]:
        """The claims of a call, in the order of the call."""
        ...

    def resolve(self, call: Hash, block: BlockRef, verdicts: Sequence[tuple[str, ClaimVerdict]]) -> list[str]:
        """Writes down what became of a call's claims; otherwise than before where the chain went back and decided so.

        A claim that goes out in another call by now is left as it is.

        Returns: those that are final now.
        """
        ...

    def fail(self, call: Hash, block: BlockRef, fault: str) -> list[str]:
        """Writes down that the chain refused a whole call, as `resolve`. Returns the claims that are final now."""
        ...

    def abandon(self, call: Hash) -> None:
        """Gives up signed bytes that can never take effect; their claims wait to be sent again.

        That holds for a place which a chain that went back has lost, too; who was refused before, stays refused.
        """
        ...
