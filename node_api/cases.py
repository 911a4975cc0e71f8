"""Puts together what carries out reversals, disputes and transfers: for the API, and for the commands."""

from __future__ import annotations

from sqlalchemy import Engine

from node_api.chain.case_desk import CaseCalls
from node_api.chain.courier import courier_of
from node_api.chain.head import Head
from node_api.chain.keys import KeyRing, KeyRole
from node_api.chain.transfer_desk import TransferCalls
from node_api.domain.ids import Address
from node_api.record import Record
from node_api.services.casework import CaseWork
from node_api.services.fresh import FreshReads
from node_api.services.passing import Passing
from node_api.services.ports.chain_head import IndexFollower
from node_api.services.ports.signing import Wallet
from node_api.storage.case_requests import CaseRequestTable


def fresh_reads(record: Record, follower: IndexFollower) -> FreshReads:
    """Readers on the newest block."""
    return FreshReads(record.reads, Head(record.rpc, movable_clock=record.handle.embedded), follower)


def case_work(record: Record, fresh: FreshReads, keys: KeyRing, durable: Engine) -> CaseWork:
    """Carries out cases, with the arbiter's key where this node keeps it.

    Args:
        record: the open record.
        fresh: readers on its newest block.
        keys: the node's key files.
        durable: the database with every commit on disk.

    Raises:
        KeyFault: the arbiter's key file is exposed or cannot be opened.
    """
    arbiter = keys.account(KeyRole.ARBITER) if KeyRole.ARBITER in keys.present() else None
    desk = Address(record.deployment.address("CaseDesk"))
    calls = CaseCalls(record.rpc, record.handle.chain_id, desk, courier_of(keys), arbiter)
    return CaseWork(fresh, calls, CaseRequestTable(durable))


def passing(record: Record, fresh: FreshReads, keys: KeyRing, wallet: Wallet | None, durable: Engine) -> Passing:
    """Carries out transfers, signed by the wallet where this node keeps one. For the arguments see `case_work`."""
    desk, vouchers = (Address(record.deployment.address(name)) for name in ("CaseDesk", "Vouchers"))
    calls = TransferCalls(record.rpc, record.handle.chain_id, desk, vouchers, courier_of(keys))
    return Passing(fresh, calls, CaseRequestTable(durable), wallet)
