"""What terminals send themselves: bookings, captures and releases. Implements the port `BookingTill`."""

from __future__ import annotations

from collections.abc import Callable

from eth_account.signers.local import LocalAccount

from node_api.chain.contracts import custom_errors
from node_api.chain.courier import Courier
from node_api.chain.rpc import RpcClient
from node_api.domain.errors import BookingRefused
from node_api.domain.ids import Address, Hash
from node_api.domain.importing.wallets import Wallet
from node_api.domain.items import Spend
from node_api.domain.reservations import Capture, Release, Reservation

_NOT_SIGNED = b""


class TerminalCalls:
    """See the port."""

    def __init__(
        self, rpc: RpcClient, chain_id: int, vouchers: Address, account: Callable[[Wallet], LocalAccount]
    ) -> None:
        """Asks for nothing yet; `account` gives a terminal's."""
        self._rpc = rpc
        self._chain_id = chain_id
        self._vouchers = vouchers
        self._account = account

    def book(self, terminal: Wallet, reservation: Reservation) -> None:
        """See the port."""
        one = (
            [_spend(spend) for spend in reservation.spends],
            reservation.lapse_at,
            _raw(reservation.service),
            reservation.channel,
            reservation.deadline,
            reservation.signature,
        )
        self._send(terminal, "book", [(reservation.merchant, [one])], [])

    def capture(self, terminal: Wallet, capture: Capture) -> None:
        """See the port."""
        parts = [(part.voucher, part.amount) for part in capture.parts]
        served = _raw(capture.booking), parts, capture.bill, _raw(capture.receipt), capture.deadline, _NOT_SIGNED
        self._send(terminal, "capture", served)

    def release(self, terminal: Wallet, release: Release) -> None:
        """See the port."""
        self._send(terminal, "release", _raw(release.booking), list(release.vouchers), release.deadline, _NOT_SIGNED)

    def reason(self, selector: str) -> str:
        """See the port."""
        error = custom_errors().get(bytes.fromhex(selector[2:]))
        return selector if error is None else error.name.partition("_")[2]

    def _send(self, terminal: Wallet, function: str, *arguments: object) -> None:
        """From the terminal's own account."""
        target = ("Vouchers", self._vouchers)
        Courier(self._rpc, self._chain_id, self._account(terminal), target, BookingRefused).send(function, *arguments)


def _spend(spend: Spend) -> tuple[int, int, int]:
    return spend.voucher, spend.amount, spend.sequence


def _raw(value: Hash) -> bytes:
    return bytes.fromhex(value[2:])
