"""Carrying out what a contract lets take effect once, and answering whoever asks again from the record.

The contract refuses what it carried out before. So a refusal may mean that the very thing was done: by the same request, sent a
second time while the first was under way, here or in another process. The record tells which it is, and is asked once more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, NamedTuple, TypeGuard, TypeVar

from node_api.domain.errors import CallFailed, ContractReverted, IdempotencyKeyReused, Refusal
from node_api.services.ports.casework import CaseRequests

T = TypeVar("T")


class Asked(NamedTuple):
    """A request: whose idempotency key, which, and the SHA-256 of what was asked."""

    owner: str
    key: str
    body_hash: str


class Told(NamedTuple, Generic[T]):
    """What the record tells, and whether exactly that was asked for."""

    what: T
    is_it: bool


def once(requests: CaseRequests, asked: Asked, tell: Callable[[], Told[T] | None], send: Callable[[], None]) -> T:
    """Carries out what was asked, unless the same request did before. Raises what `tell` and `send` do.

    Args:
        requests: which request each key stands for.
        asked: the request.
        tell: what the record tells of it; None where it knows of nothing of the kind.
        send: has it done; returns once the record can tell of it.

    Raises:
        IdempotencyKeyReused: the key came with another body before.
    """
    before = tell()  # first, the key then: what was done when the key was new, no request of this key has done
    again = _came_before(requests, asked)
    if again and _is_done(before):
        return before.what
    try:
        send()
    except (ContractReverted, Refusal, CallFailed):
        if not again and _is_done(before):
            raise
        meanwhile = tell()
        if not _is_done(meanwhile):
            raise
        return meanwhile.what
    after = tell()
    assert after is not None, "the transaction stands in a block, and the index was brought up to it"
    return after.what


def _is_done(told: Told[T] | None) -> TypeGuard[Told[T]]:
    return told is not None and told.is_it


def _came_before(requests: CaseRequests, asked: Asked) -> bool:
    before = requests.take(*asked)
    if before is not None and before != asked.body_hash:
        raise IdempotencyKeyReused(f"key {asked.key!r} of {asked.owner}")
    return before is not None
