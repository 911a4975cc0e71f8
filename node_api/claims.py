"""Puts together what takes claims in and carries them."""

from __future__ import annotations

from sqlalchemy import Engine

from node_api.chain.claim_calls import ClaimRelayer
from node_api.chain.redeem import Relayer
from node_api.chain.signing import ChainSignatures
from node_api.chain.wallet import CustodialWallet
from node_api.domain.ids import Address
from node_api.record import Record
from node_api.services.claim_lane import ClaimLane
from node_api.services.claiming import Claiming
from node_api.services.fresh import FreshReads
from node_api.services.outbox import Outbox
from node_api.storage.claim_queue import ClaimQueueTable
from node_api.storage.claims import ClaimTable


def claim_lane(record: Record, durable: Engine, relayer: Relayer, gather_seconds: float) -> ClaimLane:
    """The outbox's lane of claims, under the relayer's account."""
    desk = Address(record.deployment.address("CaseDesk"))
    return ClaimLane(ClaimQueueTable(record.engine, durable), ClaimRelayer(relayer, desk), gather_seconds)


def claiming(
    record: Record, fresh: FreshReads, signatures: ChainSignatures, outbox: Outbox, wallet: CustodialWallet | None
) -> Claiming:
    """Takes claims in; for people without a key of their own where this node keeps a wallet."""
    return Claiming(fresh, signatures, ClaimTable(record.engine), outbox, wallet)
