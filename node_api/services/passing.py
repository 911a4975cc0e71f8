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
                last = _last(reader.transfers(voucher=order.voucher, limit=1_000), order)
                return Told((last, reader.block), is_it=True)

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


def _last(found: list[Transfer], order: TransferOrder) -> Transfer:
    """The newest one to the order's receiver."""
    receiver = order.receiver.lower()
    for transfer in reversed(found):
        if transfer.receiver.lower() == receiver:
            return transfer
    raise AssertionError("the transaction stands in a block, and the index was brought up to it")
