"""Captures and releases. Implements the port `BookingDesk`."""

from __future__ import annotations

from eth_account.signers.local import LocalAccount

from node_api.chain.courier import Courier
from node_api.chain.rpc import RpcClient
from node_api.domain.errors import BookingRefused
from node_api.domain.ids import Address
from node_api.domain.reservations import Capture, Release


class BookingCalls:
    """See the port."""

    def __init__(self, rpc: RpcClient, chain_id: int, vouchers: Address, courier: LocalAccount) -> None:
        """Asks for nothing yet; `courier` is the account that brings them."""
        self._courier = Courier(rpc, chain_id, courier, ("Vouchers", vouchers), BookingRefused)

    def capture(self, capture: Capture) -> None:
        """See the port."""
        parts = [(part.voucher, part.amount) for part in capture.parts]
        said = _raw(capture.booking), parts, capture.bill, _raw(capture.receipt), capture.deadline, capture.signature
        self._courier.send("capture", said)

    def release(self, release: Release) -> None:
        """See the port."""
        vouchers = list(release.vouchers)
        self._courier.send("release", _raw(release.booking), vouchers, release.deadline, release.signature)


def _raw(value: str) -> bytes:
    return bytes.fromhex(value[2:])
