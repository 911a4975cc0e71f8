"""Reversals, disputes and decisions, each carried out once.

A redemption can be reversed once and disputed once, and a dispute decided once: the contract itself keeps a repeated request from
taking effect twice (`once.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from node_api.domain.access import ApiKey, ApiRole
from node_api.domain.cases import Dispute, Reversal
from node_api.domain.errors import (
    DisputeUnknown,
    MerchantNotYours,
    RedemptionUnknown,
    RequestInvalid,
)
from node_api.domain.ids import Hash
from node_api.domain.models import BlockRef, Redemption
from node_api.services.fresh import FreshReads
from node_api.services.once import Asked, Told, once
from node_api.services.ports.auditing import AuditReader
from node_api.services.ports.casework import CaseDesk, CaseRequests, Opening, Statement

C = TypeVar("C", Reversal, Dispute)

_NO_REASON = Hash("0x" + "00" * 32)


class CaseWork:
    """Carries out what parties and arbiters want of redemptions. Thread-safe.

    Every method raises what `CaseDesk` and `FreshReads.open` do, and IdempotencyKeyReused for a key that came with another body.
    """

    def __init__(self, fresh: FreshReads, desk: CaseDesk, requests: CaseRequests) -> None:
        self._fresh = fresh
        self._desk = desk
        self._requests = requests

    def reverse(
        self, caller: ApiKey, key: str, body_hash: str, said: Statement, later_day: int = 0
    ) -> tuple[Reversal, BlockRef]:
        """Reverses a redemption: by the signature given, else by the node's arbiter.

        Raises:
            RedemptionUnknown: it is not in the record.
            MerchantNotYours: another merchant's.
            RequestInvalid: no signature, and who asks is no arbiter.
        """

        def tell() -> Told[tuple[Reversal, BlockRef]] | None:
            return self._told(caller, said, lambda reader, done: reader.reversal_of(done.number))

        def send() -> None:
            opening = self._opening(caller, said)
            if said.signature is not None:
                self._desk.reverse(opening, said)
            elif caller.role is ApiRole.ARBITER:
                self._desk.reverse_as_arbiter(opening, said.reason, later_day)
            else:
                raise RequestInvalid("signature: only an arbiter reverses without the merchant's signature")

        return once(self._requests, Asked(caller.owner, key, body_hash), tell, send)

    def dispute(self, caller: ApiKey, key: str, body_hash: str, said: Statement) -> tuple[Dispute, BlockRef]:
        """Opens a dispute over a redemption.

        Raises:
            RedemptionUnknown: it is not in the record.
            MerchantNotYours: another merchant's.
        """

        def tell() -> Told[tuple[Dispute, BlockRef]] | None:
            return self._told(caller, said, lambda reader, done: reader.dispute_of(done.number))

        def send() -> None:
            self._desk.dispute(self._opening(caller, said), said)

        return once(self._requests, Asked(caller.owner, key, body_hash), tell, send)

    def decide(
        self, caller: ApiKey, key: str, body_hash: str, dispute: int, *, stands: bool, reason: Hash
    ) -> tuple[Dispute, BlockRef]:
        """Decides a dispute. Where its time is over, the redemption can still be made to stand.

        Raises:
            DisputeUnknown: there is none of this number.
        """

        def tell() -> Told[tuple[Dispute, BlockRef]]:
            with self._fresh.open() as (reader, _):
                found = _dispute(reader, dispute)
                return Told((found, reader.block), _is_decided(found, reason, stands=stands))

        def send() -> None:
            with self._fresh.open() as (reader, now):
                over = now >= _dispute(reader, dispute).decide_by
            if stands and over:
                self._desk.decide_by_default(dispute)
            else:
                self._desk.decide(dispute, stands=stands, reason=reason)

        return once(self._requests, Asked(caller.owner, key, body_hash), tell, send)

    def _told(
        self, caller: ApiKey, said: Statement, of: Callable[[AuditReader, Redemption], C | None]
    ) -> Told[tuple[C, BlockRef]] | None:
        """The case that there is of the redemption, and whether it is for the reason given."""
        with self._fresh.open() as (reader, _):
            found = of(reader, _redemption(reader, caller, said))
            return None if found is None else Told((found, reader.block), found.reason == said.reason)

    def _opening(self, caller: ApiKey, said: Statement) -> Opening:
        with self._fresh.open() as (reader, _):
            return _opening(reader, _redemption(reader, caller, said))


def _redemption(reader: AuditReader, caller: ApiKey, said: Statement) -> Redemption:
    done = reader.redemption_signed(said.redemption, said.voucher)
    if done is None:
        raise RedemptionUnknown(f"redemption {said.redemption} of voucher {said.voucher}")
    if caller.merchant is not None and caller.merchant != done.merchant:
        raise MerchantNotYours(f"merchant {done.merchant}, the API key is for {caller.merchant}")
    return done


def _opening(reader: AuditReader, done: Redemption) -> Opening:
    """All redemptions of its call: whoever proves one shows the leaves of all."""
    commitment = reader.commitment_of(done.number)
    assert commitment is not None, "every redemption belongs to a call"
    call = reader.redemptions_from(commitment.first_number, commitment.count)
    return Opening(commitment.first_number, call, done.number)


def _dispute(reader: AuditReader, dispute: int) -> Dispute:
    found = reader.dispute(dispute)
    if found is None:
        raise DisputeUnknown(f"dispute {dispute}")
    return found


def _is_decided(dispute: Dispute, reason: Hash, *, stands: bool) -> bool:
    """Whether it ended so: for this reason, or for none, by time."""
    made = dispute.decision
    return made is not None and made.stands is stands and made.reason in (reason, _NO_REASON)
