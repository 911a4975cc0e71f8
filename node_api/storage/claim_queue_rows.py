"""Claims to rows and back."""

from collections.abc import Sequence

from sqlalchemy import RowMapping

from node_api.domain.claims import Claim, ClaimOutcome
from node_api.domain.ids import Address, Hash, Place, ProgrammeId, RollId, UnixSeconds
from node_api.domain.models import BlockRef
from node_api.domain.operations import OperationState, RefusalNote, StateChange
from node_api.storage.operation_rows import Value, raw

_HASH_BYTES = 32
_NUMBER_BITS = 16


def round_key(claim: Claim) -> int:
    """Names the claim's round."""
    return claim.programme << _NUMBER_BITS | claim.number


def claim_row(outcome: ClaimOutcome) -> dict[str, Value]:
    """The row of a new claim."""
    claim, refusal = outcome.claim, outcome.refusal
    return {
        "id": outcome.id,
        "owner": outcome.owner,
        "idempotency_key": outcome.key,
        "body_hash": outcome.body_hash,
        "state": outcome.state.value,
        "round_key": round_key(claim),
        "holder": raw(claim.holder),
        "nullifier": raw(claim.nullifier),
        "deadline": str(claim.deadline),
        "signature": claim.signature,
        "salt": raw(claim.salt),
        "proof": b"".join(raw(beside) for beside in claim.proof),
        "custodial": int(claim.custodial),
        "digest": raw(outcome.digest),
        "judged_block": outcome.judged.number,
        "judged_hash": raw(outcome.judged.hash),
        "judged_time": outcome.judged.timestamp,
        "received_at": outcome.history[0].at,
        "reason": None if refusal is None else refusal.reason,
        "reason_value": None if refusal is None else refusal.value,
        "reason_on_chain": None if refusal is None else int(refusal.on_chain),
    }


def read_claim(row: RowMapping) -> Claim:
    """The claim of a row."""
    proof = row["proof"]
    return Claim(
        programme=ProgrammeId(row["round_key"] >> _NUMBER_BITS),
        number=row["round_key"] & (1 << _NUMBER_BITS) - 1,
        holder=Address("0x" + row["holder"].hex()),
        nullifier=_hash(row["nullifier"]),
        deadline=UnixSeconds(int(row["deadline"])),
        signature=row["signature"],
        salt=_hash(row["salt"]),
        proof=tuple(_hash(proof[at : at + _HASH_BYTES]) for at in range(0, len(proof), _HASH_BYTES)),
        custodial=bool(row["custodial"]),
    )


def read_outcome(row: RowMapping, states: Sequence[RowMapping]) -> ClaimOutcome:
    """A claim with what became of it, out of its row joined with its call's block."""
    block = refusal = None
    if row["block"] is not None:
        block = BlockRef(row["block"], _hash(row["block_hash"]), UnixSeconds(row["block_time"]))
    if row["reason"] is not None:
        refusal = RefusalNote(row["reason"], row["reason_value"], None, bool(row["reason_on_chain"]))
    return ClaimOutcome(
        id=row["id"],
        owner=row["owner"],
        key=row["idempotency_key"],
        body_hash=row["body_hash"],
        claim=read_claim(row),
        digest=_hash(row["digest"]),
        judged=BlockRef(row["judged_block"], _hash(row["judged_hash"]), UnixSeconds(row["judged_time"])),
        state=OperationState(row["state"]),
        history=tuple(StateChange(OperationState(state["state"]), state["at"]) for state in states),
        refusal=refusal,
        transaction=None if row["call"] is None else _hash(row["call"]),
        block=block,
        roll=None if row["roll"] is None else RollId(row["roll"]),
        place=None if row["place"] is None else Place(row["place"]),
        fault=row["fault"],
    )


def _hash(value: bytes) -> Hash:
    return Hash("0x" + value.hex())
