"""Accounts behind the wallets that import files name."""

from __future__ import annotations

from typing import Protocol

from node_api.domain.ids import Address
from node_api.domain.importing.rows import RollRow
from node_api.domain.importing.wallets import Wallet


class ImportWallets(Protocol):
    """Turns references into accounts: the same reference always into the same account."""

    def holder(self, programme: str, wallet: Wallet) -> Address:
        """A holder's account in a programme."""
        ...

    def holders(self, roll: RollRow) -> bytes:
        """The accounts of a whole roll, 20 bytes a place."""
        ...

    def account(self, wallet: Wallet) -> Address:
        """The account of a funder or of a merchant's payout."""
        ...
