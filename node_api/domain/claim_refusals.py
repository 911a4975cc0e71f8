"""Why a claim gets no place: one class for each reason of `ICaseDeskClaims`, in the order in which they are checked.

The reason on chain is the selector of the error `CaseDesk_` + the class's name.
"""

from node_api.domain.errors import Refusal


class ClaimRefusal(Refusal):
    """A reason that the contract knows too."""


class ClaimSignatureInvalid(ClaimRefusal):
    rule = "the holder signed exactly this programme, round, address, nullifier and deadline, on this chain"
    remedy = "have the holder sign again, with the domain and types of GET /v1/eip712"


class ClaimDeadlinePassed(ClaimRefusal):
    rule = "a claim reaches the chain before its deadline"
    remedy = "have the holder sign again with a later deadline"


class RoundNotBegun(ClaimRefusal):
    rule = "places are claimed from the round's first second on"
    remedy = "claim again at the time named"


class RoundOver(ClaimRefusal):
    rule = "places are claimed before the round is over"
    remedy = "wait for another round"


class NotEligible(ClaimRefusal):
    rule = "where a round has a list, the proof shows that the person stands on it"
    remedy = "use the salt and the proof handed out for this person, or ask whoever made the list"


class NullifierUsed(ClaimRefusal):
    rule = "a person has one place in a round"
    remedy = "nothing: the person has a place, or claims one right now"


class HolderClaimed(ClaimRefusal):
    rule = "an address has one place in a round"
    remedy = "each person claims with an address of their own"


class ClaimsUsedUp(ClaimRefusal):
    rule = "a round gives exactly its places, first come, first served"
    remedy = "wait for another round; no place comes back in this one"


CLAIM_REFUSALS: dict[str, type[ClaimRefusal]] = {reason.__name__: reason for reason in ClaimRefusal.__subclasses__()}
"""Name → class."""
