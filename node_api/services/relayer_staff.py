"""What the next step takes towards an account that relays, or no longer does: the command, or nothing where it is so already."""

from __future__ import annotations

from node_api.domain.ids import Address, UnixSeconds
from node_api.domain.relayers import Relayer
from node_api.services.ports import staff_commands as s
from node_api.services.ports.auditing import AuditReader
from node_api.services.ports.treasury import Command


def relayer_of(reader: AuditReader, account: Address) -> Relayer:
    """What stands on record of an account."""
    return next((one for one in reader.relayers() if one.account == account), Relayer(account, None, listed=False))


def granting(relayer: Relayer, now: UnixSeconds) -> Command | None:
    """Gives it the role, then lists it once the role is in effect."""
    if relayer.since is None:
        return s.GrantRelayer(relayer.account)
    return s.SyncRelayer(relayer.account) if relayer.since <= now and not relayer.listed else None


def revoking(relayer: Relayer) -> Command | None:
    """Takes the role from it, then takes it off the list."""
    if relayer.since is not None:
        return s.RevokeRelayer(relayer.account)
    return s.SyncRelayer(relayer.account) if relayer.listed else None


def is_last(reader: AuditReader, account: Address, now: UnixSeconds) -> bool:
    """Whether an account relays, and nobody else would without it."""
    relaying = [one for one in reader.relayers() if one.listed]
    lasting = {one.account for one in relaying if one.since is not None and one.since <= now}
    return any(one.account == account for one in relaying) and not lasting - {account}
