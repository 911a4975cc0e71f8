"""Passing vouchers on, each order carried out once.

The contract lets an order pass its voucher on once, and tells whether it did (`once.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from node_api.domain.access import ApiKey
from node_api.domain.errors import ProgrammeUnknown, WalletMissing
from node_api.domain.ids import ProgrammeId
from node_api.domain.models import BlockRef
from node_api.domain.transfers import Transfer, TransferOrder
from node_api.services.fresh import FreshReads
from node_api.services.once import Asked, Told, once
from node_api.services.pages import every
from node_api.services.ports.auditing import AuditReader
from node_api.services.ports.casework import CaseRequests
from node_api.services.ports.passing import TransferDesk
from node_api.services.ports.signing import Wallet


@dataclass(frozen=True, slots=True)
class Request:
    """Who asks, under which idempotency key, with which body."""

    caller: ApiKey
    key: str
    body_hash: str


class Passing:
    """Carries out what holders sign to pass vouchers on. Thread-safe.

    Every method raises what `TransferDesk` and `FreshReads.open` do, and IdempotencyKeyReused for a key of another body.
    """

    def __init__(self, fresh: FreshReads, desk: TransferDesk, requests: CaseRequests, wallet: Wallet | None) -> None:
        """A node without a wallet has None."""
        self._fresh, self._desk, self._requests, self._wallet = fresh, desk, requests, wallet

    def transfer(self, request: Request, order: TransferOrder) -> tuple[Transfer, BlockRef]:
        """Passes a voucher on by its holder's signature."""

        def tell() -> Told[tuple[Transfer, BlockRef]] | None:
            if not self._desk.was_used(order):
                return None
            with self._fresh.open() as (reader, _):
                return Told((self._its_own(reader, order), reader.block), is_it=True)

        asked = Asked(request.caller.owner, request.key, request.body_hash)
        return once(self._requests, asked, tell, lambda: self._desk.transfer(order))

    def transfer_by_wallet(
        self, request: Request, programme_name: str | ProgrammeId, person: str, order: TransferOrder
    ) -> tuple[Transfer, BlockRef]:
        """Signs for a custodial person and passes the voucher on.

        Raises:
            WalletMissing: this node keeps no wallet.
            ProgrammeUnknown: no such programme.
        """
        if self._wallet is None:
            raise WalletMissing("this node keeps no wallet")
        with self._fresh.open() as (reader, _):
            named = programme_name
            programme = reader.programme_by_ref(named) if isinstance(named, str) else reader.programme(named)
        if programme is None:
            raise ProgrammeUnknown(f"programme {programme_name}")
        digest = bytes.fromhex(self._desk.digest(order)[2:])
        return self.transfer(request, replace(order, signature=self._wallet.sign(programme.ref, person, digest)))

    def _its_own(self, reader: AuditReader, order: TransferOrder) -> Transfer:
        """The transfer that the order led to. A voucher that came back may have gone to the same receiver by another order."""
        receiver = order.receiver.lower()
        passed = every(lambda after, limit: reader.transfers(voucher=order.voucher, after=after, limit=limit))
        found = [one for one in passed if one.receiver.lower() == receiver]
        assert found, "the transaction stands in a block, and the index was brought up to it"
        others = found[:-1]  # the newest one, where none of the others is it: a contract may have brought the order
        return next((one for one in others if self._desk.was_carried_by(one.tx.hash, order)), found[-1])
