"""`claim` calls signed by OPERATOR, through the relayer's account. Implements the port `ClaimRelay`."""

from __future__ import annotations

from collections.abc import Sequence

from node_api.chain.contracts import contract
from node_api.chain.redeem import Relayer
from node_api.chain.rpc_errors import RpcProtocolError
from node_api.chain.rpc_values import Json, data, record, rows, text
from node_api.domain.claim_refusals import CLAIM_REFUSALS
from node_api.domain.claims import Claim, ClaimVerdict, Seated, Unseated
from node_api.domain.ids import Address, Place, RollId
from node_api.domain.operations import SentCall
from node_api.services.ports.relaying import CallOutcome

_CLAIM = contract("CaseDesk").function("claim")
_TOPICS = contract("CaseDesk").topics
_ROLLED, _REFUSED = "0x" + _TOPICS["ClaimRolled"].hex(), "0x" + _TOPICS["ClaimRefused"].hex()
_REASONS: dict[bytes, str] = {
    selector: error.name.removeprefix("CaseDesk_")
    for selector, error in contract("CaseDesk").errors.items()
    if error.name.removeprefix("CaseDesk_") in CLAIM_REFUSALS
}
# Bounds, not estimates: gas is free here. A contract holder may take 100,000 to answer; a pack has 20 batches at most.
_GAS_CALL, _GAS_CLAIM, _GAS_HASH = 4_000_000, 250_000, 2_000
_WORD, _FIXED_WORDS = 32, 9  # an offset, the struct's six words, the lengths of signature and proof


class ClaimRelayer:
    """See the port."""

    def __init__(self, relayer: Relayer, desk: Address) -> None:
        """Asks for nothing yet.

        Args:
            relayer: the account, shared with what else it sends.
            desk: address of `CaseDesk`.
        """
        self._relayer = relayer
        self._desk = desk

    def size(self, claim: Claim) -> int:
        """See the port."""
        signature = -(-len(claim.signature) // _WORD)
        return _WORD * (_FIXED_WORDS + signature + len(claim.proof))

    def sign(self, claims: Sequence[Claim]) -> SentCall:
        """See the port."""
        gas = _GAS_CALL + sum(_GAS_CLAIM + _GAS_HASH * len(claim.proof) for claim in claims)
        return self._relayer.sign_call(self._desk, encode_claim(claims), gas)

    def outcome(self, call: SentCall, claims: Sequence[Claim], seconds: float) -> CallOutcome[ClaimVerdict] | None:
        """See the port."""
        landed = self._relayer.landed(call, seconds)
        if landed is None:
            return None
        receipt, block = landed
        if not receipt.succeeded:
            return CallOutcome(block, None, self._relayer.why(call, self._desk, encode_claim(claims), receipt.block))
        return CallOutcome(block, tuple(read_claim_verdicts(receipt.logs, self._desk, len(claims))))


def encode_claim(claims: Sequence[Claim]) -> bytes:
    """Call data of `claim` for claims of one round and custody."""
    first = claims[0]
    return _CLAIM.encode((first.programme, first.number, first.custodial, [_claimant(claim) for claim in claims]))


def _claimant(claim: Claim) -> tuple[object, ...]:
    proof = [_raw(beside) for beside in claim.proof]
    return claim.holder, _raw(claim.nullifier), claim.deadline, claim.signature, _raw(claim.salt), proof


def read_claim_verdicts(logs: Sequence[Json], desk: Address, count: int) -> list[ClaimVerdict]:
    """What a call's logs say of each of its claimants: refused ones by their index, the others got the places of the roll in
    their order.

    Raises:
        RpcProtocolError: the logs do not tell of these claimants.
    """
    refused: dict[int, str] = {}
    roll: tuple[int, int] | None = None
    for log in map(record, logs):
        topics = [text(topic) for topic in rows(log["topics"])]
        if text(log["address"]).lower() != desk.lower():
            continue
        body = data(log["data"])
        if topics[0] == _REFUSED:
            refused[_int(body, 0)] = _REASONS.get(body[64:68], "0x" + body[64:68].hex())
        elif topics[0] == _ROLLED:
            roll = int(topics[3], 16), _int(body, 0)
    if (0 if roll is None else roll[1]) != count - len(refused):
        raise RpcProtocolError(
            f"the call's logs tell of {len(refused)} refusals of {count} claimants, and of roll {roll}"
        )
    places = iter(range(count))
    return [
        Unseated(refused[index]) if roll is None or index in refused else Seated(RollId(roll[0]), Place(next(places)))
        for index in range(count)
    ]


def _int(body: bytes, word: int) -> int:
    return int.from_bytes(body[_WORD * word : _WORD * word + _WORD])


def _raw(value: str) -> bytes:
    return bytes.fromhex(value[2:])
