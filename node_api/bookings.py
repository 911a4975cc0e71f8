"""Puts together what carries out captures and releases: for the API, and for the command."""

from __future__ import annotations

from sqlalchemy import Engine

from node_api.chain.book_calls import BookingRelayer
from node_api.chain.booking_calls import BookingCalls
from node_api.chain.courier import courier_of
from node_api.chain.eip712 import domain_separator
from node_api.chain.keys import KeyRing
from node_api.chain.limit_words import LimitWords
from node_api.chain.redeem import Relayer
from node_api.chain.signing import ChainSignatures
from node_api.domain.ids import Address
from node_api.record import Record
from node_api.services.booking_lane import BookingLane
from node_api.services.bookings import Bookings
from node_api.services.fresh import FreshReads
from node_api.services.outbox import Outbox
from node_api.services.ports.operations import OutboxStore
from node_api.services.ports.signing import Wallet
from node_api.services.reserving import Reserving
from node_api.storage.case_requests import CaseRequestTable
from node_api.storage.operations import Operations


def booking_work(record: Record, fresh: FreshReads, keys: KeyRing, durable: Engine, wallet: Wallet | None) -> Bookings:
    """Carries out captures and releases.

    Args:
        record: the open record.
        fresh: readers on its newest block.
        keys: the node's key files.
        durable: the database with every commit on disk.
        wallet: the custodial wallet, where this node keeps one.
    """
    vouchers, chain = Address(record.deployment.address("Vouchers")), record.handle.chain_id
    signatures = ChainSignatures(record.rpc, chain, vouchers)
    desk, requests = BookingCalls(record.rpc, chain, vouchers, courier_of(keys)), CaseRequestTable(durable)
    return Bookings(fresh, desk, requests, signatures, Operations(durable), wallet)


def booking_lane(relayer: Relayer, signatures: ChainSignatures, calls: OutboxStore) -> BookingLane:
    """The outbox's lane of reservations, under the relayer's account."""
    domain = domain_separator(signatures.chain_id, signatures.vouchers)
    return BookingLane(calls, BookingRelayer(relayer, signatures.vouchers, domain))


def reserving(
    record: Record, fresh: FreshReads, durable: Engine, signatures: ChainSignatures, lane: BookingLane, outbox: Outbox
) -> Reserving:
    """Takes reservations in."""
    limits = LimitWords(record.rpc, signatures.vouchers)
    return Reserving(fresh, signatures, limits, CaseRequestTable(durable), lane, outbox)
