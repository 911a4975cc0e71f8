"""Puts together what carries out freezes, revocations and the emergency lane: for the API, and for the commands."""

from __future__ import annotations

from collections.abc import Mapping

from eth_account.signers.local import LocalAccount

from node_api.chain.keys import KeyRing, KeyRole
from node_api.chain.oversight_desk import OversightCalls
from node_api.domain.ids import Address
from node_api.record import Record
from node_api.services.fresh import FreshReads
from node_api.services.oversight import Oversight


def oversight(record: Record, fresh: FreshReads, keys: KeyRing) -> Oversight:
    """Carries out orders with the keys of AUDITOR and EMERGENCY, where this node keeps them.

    Raises:
        KeyFault: a key file is exposed or cannot be opened.
    """
    present = keys.present()
    roles = [role for role in (KeyRole.AUDITOR, KeyRole.EMERGENCY) if role in present]
    return oversight_by(record, fresh, {role: keys.account(role) for role in roles})


def oversight_by(record: Record, fresh: FreshReads, accounts: Mapping[KeyRole, LocalAccount]) -> Oversight:
    """Carries orders out with these accounts."""
    addresses = {name: Address(record.deployment.address(name)) for name in ("CaseDesk", "ProgrammeRegistry")}
    return Oversight(fresh, OversightCalls(record.rpc, record.handle.chain_id, addresses, accounts))
