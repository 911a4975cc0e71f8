"""Reversals, disputes and decisions, each carried out once.

A redemption can be reversed once and disputed once, and a dispute decided once: the contract itself keeps a repeated request from
taking effect twice. So a request that came before is answered from the record, and carried out where it is not there yet.
"""

from __future__ import annotations

from node_api.domain.access import ApiKey, ApiRole
from node_api.domain.cases import Dispute, Reversal
from node_api.domain.errors import (
    DisputeUnknown,
    IdempotencyKeyReused,
    MerchantNotYours,
    RedemptionUnknown,
    RequestInvalid,
)
from node_api.domain.ids import Hash
from node_api.domain.models import BlockRef, Redemption
from node_api.services.fresh import FreshReads
from node_api.services.ports.auditing import AuditReader
from node_api.services.ports.casework import CaseDesk, CaseRequests, Opening, Statement


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
        again = self._again(caller, key, body_hash)
        with self._fresh.open() as (reader, _):
            done = _redemption(reader, caller, said)
            found = reader.reversal_of(done.number)
            if again and found is not None:
                return found, reader.block
            opening = _opening(reader, done)
        if said.signature is not None:
            self._desk.reverse(opening, said)
        elif caller.role is ApiRole.ARBITER:
            self._desk.reverse_as_arbiter(opening, said.reason, later_day)
        else:
            raise RequestInvalid("signature: only an arbiter reverses without the merchant's signature")
        with self._fresh.open() as (reader, _):
            found = reader.reversal_of(done.number)
            assert found is not None, "the transaction stands in a block, and the index was brought up to it"
            return found, reader.block

    def dispute(self, caller: ApiKey, key: str, body_hash: str, said: Statement) -> tuple[Dispute, BlockRef]:
        """Opens a dispute over a redemption.

        Raises:
            RedemptionUnknown: it is not in the record.
            MerchantNotYours: another merchant's.
        """
        again = self._again(caller, key, body_hash)
        with self._fresh.open() as (reader, _):
            done = _redemption(reader, caller, said)
            found = reader.dispute_of(done.number)
            if again and found is not None:
                return found, reader.block
            opening = _opening(reader, done)
        self._desk.dispute(opening, said)
        with self._fresh.open() as (reader, _):
            found = reader.dispute_of(done.number)
            assert found is not None, "the transaction stands in a block, and the index was brought up to it"
            return found, reader.block

    def decide(
        self, caller: ApiKey, key: str, body_hash: str, dispute: int, *, stands: bool, reason: Hash
    ) -> tuple[Dispute, BlockRef]:
        """Decides a dispute. Where its time is over, the redemption can still be made to stand.

        Raises:
            DisputeUnknown: there is none of this number.
        """
        again = self._again(caller, key, body_hash)
        with self._fresh.open() as (reader, now):
            found = _dispute(reader, dispute)
            if again and found.decision is not None:
                return found, reader.block
        if stands and now >= found.decide_by:
            self._desk.decide_by_default(dispute)
        else:
            self._desk.decide(dispute, stands=stands, reason=reason)
        with self._fresh.open() as (reader, _):
            return _dispute(reader, dispute), reader.block

    def _again(self, caller: ApiKey, key: str, body_hash: str) -> bool:
        """Whether the request came before."""
        before = self._requests.take(caller.owner, key, body_hash)
        if before is not None and before != body_hash:
            raise IdempotencyKeyReused(f"key {key!r} of {caller.owner}")
        return before is not None


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
