"""What passing vouchers on needs: a way to the case desk, and digests."""

from __future__ import annotations

from typing import Protocol

from node_api.domain.ids import Hash
from node_api.domain.transfers import TransferOrder


class TransferDesk(Protocol):
    """Sends what holders signed to pass vouchers on. Thread-safe.

    Raises:
        CaseRefused: the contract says no; nothing happened.
        ChainUnavailable: the chain does not answer.
    """

    def digest(self, order: TransferOrder) -> Hash:
        """What the holder signs."""
        ...

    def document(self, order: TransferOrder) -> dict[str, object]:
        """The EIP-712 document of an order, as JSON."""
        ...

    def transfer(self, order: TransferOrder) -> None:
        """Passes the voucher on; returns once the transaction stands in a block."""
        ...

    def was_used(self, order: TransferOrder) -> bool:
        """Whether this very order passed the voucher on before."""
        ...

    def was_carried_by(self, transaction: Hash, order: TransferOrder) -> bool:
        """Whether this transaction is a call that brings this very order."""
        ...
