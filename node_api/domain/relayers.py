"""Accounts that may relay: what the role OPERATOR says of each, and what the list says that redemptions are judged by."""

from __future__ import annotations

from dataclasses import dataclass

from node_api.domain.ids import Address, UnixSeconds


@dataclass(frozen=True, slots=True)
class Relayer:
    """One account that has, or had, to do with relaying.

    Attributes:
        account: whose.
        since: when its role takes effect, or took it; None where it has none.
        listed: whether it relays: what `syncRelayer` last found.
    """

    account: Address
    since: UnixSeconds | None
    listed: bool
