"""Taking redemptions in as operations, once for each idempotency key."""

import secrets
import time
from collections.abc import Sequence

from node_api.domain.access import ApiKey, ApiRole
from node_api.domain.errors import IdempotencyKeyReused, MerchantNotYours, OperationUnknown
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
from node_api.services.outbox import Outbox
from node_api.services.ports.operations import OperationStore

_READS_ALL = frozenset({ApiRole.OPERATOR, ApiRole.AUDITOR, ApiRole.TREASURER, ApiRole.ARBITER})


class Redemptions:
    """Checks and takes in redemptions. Thread-safe."""

    def __init__(self, judge: Judge, store: OperationStore, outbox: Outbox) -> None:
        self._judge = judge
        self._store = store
        self._outbox = outbox

    def check(self, caller: ApiKey, request: Request) -> Judgement:
        """What would become of a redemption, without one.

        Raises: as `submit`.
        """
        _require_own(caller, [request])
        return self._judge.judge_all([request])[0]

    def submit(
        self, caller: ApiKey, key: str, body_hash: str, requests: Sequence[Request], *, batch: bool
    ) -> Operation:
        """Takes redemptions in: what the rules refuse is refused at once, the rest is queued.

        Args:
            caller: who asks; the key belongs to its owner.
            key: the Idempotency-Key.
            body_hash: SHA-256 of what was asked.
            requests: at least one.
            batch: whether it was asked for as a batch.

        Returns: the operation; the earlier one where the key was used before.

        Raises:
            MerchantNotYours: a merchant's key for another merchant's redemption.
            IdempotencyKeyReused: the key came with another body before.
            ReceiptHashMismatch, ChainUnavailable, IndexNotReady: see `Judge.judge_all`.
        """
        _require_own(caller, requests)
        known = self._store.find(caller.owner, key)
        if known is None:
            received = _now()
            judgements = self._judge.judge_all(requests)
            known = self._store.add(_operation(caller.owner, key, body_hash, judgements, batch, received))
        if known.body_hash != body_hash:
            raise IdempotencyKeyReused(f"key {key!r} of {caller.owner}")
        if not known.state.final:
            self._outbox.wake()
        return known

    def reload(self, operation: Operation) -> Operation:
        """The same operation as it stands now."""
        return self._store.get(operation.id) or operation

    def get(self, caller: ApiKey, operation: str) -> Operation:
        """One operation.

        Raises:
            OperationUnknown: none of this id.
            MerchantNotYours: another merchant's.
        """
        found = self._store.get(operation)
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


def _operation(
    owner: str, key: str, body_hash: str, judgements: Sequence[Judgement], batch: bool, received: int
) -> Operation:
    items = tuple(_outcome(judgement) for judgement in judgements)
    state = overall([outcome.state for outcome in items])
    return Operation(
        id="op_" + secrets.token_hex(16),
        owner=owner,
        key=key,
        body_hash=body_hash,
        batch=batch,
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
