"""Puts together what carries out captures and releases: for the API, and for the command."""

from __future__ import annotations

from sqlalchemy import Engine

from node_api.chain.booking_calls import BookingCalls
from node_api.chain.signing import ChainSignatures
from node_api.domain.ids import Address
from node_api.record import Record
from node_api.services.bookings import Bookings
from node_api.services.fresh import FreshReads
from node_api.services.ports.signing import Wallet
from node_api.storage.case_requests import CaseRequestTable
from node_api.storage.operations import Operations


def booking_work(record: Record, fresh: FreshReads, durable: Engine, wallet: Wallet | None) -> Bookings:
    """Carries out captures and releases.

    Args:
        record: the open record.
        fresh: readers on its newest block.
        durable: the database with every commit on disk.
        wallet: the custodial wallet, where this node keeps one.
    """
    vouchers, chain = Address(record.deployment.address("Vouchers")), record.handle.chain_id
    signatures = ChainSignatures(record.rpc, chain, vouchers)
    desk, requests = BookingCalls(record.rpc, chain, vouchers), CaseRequestTable(durable)
    return Bookings(fresh, desk, requests, signatures, Operations(record.engine), wallet)
