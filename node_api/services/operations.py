"""Taking redemptions in as operations, once for each idempotency key."""

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass

from node_api.domain.access import ApiKey, ApiRole
from node_api.domain.errors import (
    ChainUnavailable,
    IdempotencyKeyReused,
    IndexNotReady,
    MerchantNotYours,
    OperationUnknown,
    ReceiptHashMismatch,
    Unavailable,
)
from node_api.domain.finality import Finality
from node_api.domain.ids import Hash
from node_api.domain.operations import (
    ItemOutcome,
    Operation,
    OperationState,
    RefusalNote,
    StateChange,
    WorkItem,
    overall,
)
from node_api.services.judging import Judge, Judgement, Request
from node_api.services.pace import ChainPace
from node_api.services.ports.operations import OperationStore
from node_api.services.ports.relaying import Carrier
from node_api.services.queue_room import QueueRoom

_READS_ALL = frozenset({ApiRole.OPERATOR, ApiRole.AUDITOR, ApiRole.TREASURER, ApiRole.EMERGENCY, ApiRole.ARBITER})


@dataclass(frozen=True, slots=True)
class Submission:
    """Redemptions asked for at once.

    Attributes:
        caller: who asks; the key belongs to its owner.
        key: the Idempotency-Key.
        body_hash: SHA-256 of what was asked.
        requests: at least one.
        batch: whether it was asked for as a batch.
    """

    caller: ApiKey
    key: str
    body_hash: str
    requests: Sequence[Request]
    batch: bool


class Redemptions:
    """Checks and takes in redemptions. Thread-safe."""

    def __init__(self, judge: Judge, store: OperationStore, carrier: Carrier, pace: ChainPace, room: QueueRoom) -> None:
        self._pace, self._room = pace, room
        self._judge = judge
        self._store = store
        self._carrier = carrier

    def check(self, caller: ApiKey, request: Request) -> Judgement:
        """What would become of a redemption, without one.

        Raises:
            MerchantNotYours: a merchant's key for another merchant's redemption.
            ReceiptHashMismatch, ChainUnavailable, IndexNotReady: see `Judge.judge_all`.
        """
        _require_own(caller, [request])
        return self._judge.judge_all([request])[0]

    def submit(self, submissions: Sequence[Submission]) -> list[Operation | Exception]:
        """Takes redemptions in: what the rules refuse is refused at once, the rest is queued. All of it in one transaction.

        Returns: for each the operation (the earlier one where the key was used before), or why it is not taken in:
            MerchantNotYours: a merchant's key for another merchant's redemption.
            IdempotencyKeyReused: the key came with another body before.
            ReceiptHashMismatch: a receipt given in clear is not the one signed.
            QueueFull: the key is new, and as many redemptions wait to be sent as may.
            ChainUnavailable, IndexNotReady: the key is new; see `Judge.judge_all`.
        """
        received, faults = _now(), [_fault(one, self._judge) for one in submissions]
        sound = [one for one, fault in zip(submissions, faults, strict=True) if fault is None]
        found = self._store.find([(one.caller.owner, one.key) for one in sound])
        new = [one for one, known in zip(sound, found, strict=True) if known is None]
        taken = iter(self._taken(new, received))
        operations = iter([next(taken) if known is None else known for known in found])
        answers = [fault or _same(one, next(operations)) for one, fault in zip(submissions, faults, strict=True)]
        if any(isinstance(answer, Operation) and not answer.state.final for answer in answers):
            self._carrier.wake()
        return answers

    def _taken(self, new: Sequence[Submission], received: int) -> Sequence[Operation | Unavailable]:
        """Those whose keys nobody knew; what keeps them out concerns nobody whose key is known."""
        if not new:
            return ()
        try:
            self._pace.require_moving()
            full = self._room.fault()
            return [full] * len(new) if full else self._store.add(self._judged(new, received))
        except (ChainUnavailable, IndexNotReady) as fault:
            return [fault] * len(new)

    def _judged(self, submissions: Sequence[Submission], received: int) -> list[Operation]:
        """New operations, all judged on the same block."""
        requests = [request for one in submissions for request in one.requests]
        judgements = iter(self._judge.judge_all(requests, claims=False))
        return [_operation(one, [next(judgements) for _ in one.requests], received) for one in submissions]

    def finality(self, operation: Operation) -> Finality | None:
        """How sure what became of it is, by the least sure of its transactions; None while one of them is in no block."""
        depths: list[Finality] = []
        for one in operation.items:
            if one.transaction is None and one.state.final:
                continue  # the node refused it
            depth = None if one.transaction is None else self._depth(one.transaction, final=one.state.final)
            if depth is None:
                return None
            depths.append(depth)
        return min(depths, key=list(Finality).index, default=None)

    def _depth(self, transaction: Hash, *, final: bool) -> Finality | None:
        return Finality.FINAL if final else self._carrier.depth(transaction)

    def reload(self, operations: Sequence[str]) -> list[Operation | Exception]:
        """These operations as they stand now; OperationUnknown for one that there is not."""
        found = zip(operations, self._store.get(operations), strict=True)
        return [known or OperationUnknown(f"operation {wanted}") for wanted, known in found]

    def get(self, caller: ApiKey, operation: str) -> Operation:
        """One operation.

        Raises:
            OperationUnknown: none of this id.
            MerchantNotYours: another merchant's.
        """
        (found,) = self._store.get([operation])
        if found is None:
            raise OperationUnknown(f"operation {operation}")
        if found.owner == caller.owner or caller.role in _READS_ALL:
            return found
        if caller.merchant is not None and found.concerns(caller.merchant):
            return found
        raise MerchantNotYours(f"operation {operation}")


def _require_own(caller: ApiKey, requests: Sequence[Request]) -> None:
    if caller.merchant is None:
        return
    for request in requests:
        if request.item.merchant != caller.merchant:
            raise MerchantNotYours(f"merchant {request.item.merchant}, the API key is for {caller.merchant}")


def _fault(submission: Submission, judge: Judge) -> Exception | None:
    """What is wrong with it whatever the record says."""
    try:
        _require_own(submission.caller, submission.requests)
        for request in submission.requests:
            judge.require_receipt(request)
    except (MerchantNotYours, ReceiptHashMismatch) as fault:
        return fault
    return None


def _same(submission: Submission, known: Operation | Unavailable) -> Operation | Exception:
    """The operation of its key, if it was asked for by the same body; or why there is none."""
    if isinstance(known, Unavailable) or known.body_hash == submission.body_hash:
        return known
    return IdempotencyKeyReused(f"key {submission.key!r} of {submission.caller.owner}")


def _operation(submission: Submission, judgements: Sequence[Judgement], received: int) -> Operation:
    items = tuple(_outcome(judgement) for judgement in judgements)
    state = overall([outcome.state for outcome in items])
    return Operation(
        id="op_" + secrets.token_hex(16),
        owner=submission.caller.owner,
        key=submission.key,
        body_hash=submission.body_hash,
        batch=submission.batch,
        state=state,
        history=(StateChange(OperationState.RECEIVED, received), StateChange(state, _now())),
        items=items,
    )


def _outcome(judgement: Judgement) -> ItemOutcome:
    request, refusal = judgement.request, judgement.refusal
    work = WorkItem(
        request.item, request.seal, judgement.digest, judgement.holder, judgement.programme, judgement.block
    )
    if refusal is None:
        return ItemOutcome(work, OperationState.QUEUED)
    note = RefusalNote(refusal.name, refusal.value, refusal.voucher, on_chain=False)
    return ItemOutcome(work, OperationState.REFUSED, note)


def _now() -> int:
    return time.time_ns() // 1_000_000
