"""What terminals send themselves: bookings, captures and releases. Implements the port `BookingTill`."""

from __future__ import annotations

from collections.abc import Callable

from eth_account.signers.local import LocalAccount

from node_api.chain.contracts import contract, custom_errors
from node_api.chain.rpc import RpcClient
from node_api.chain.rpc_errors import RpcUnavailable
from node_api.chain.sender import NoReceipt, Reverted, Sender, WouldRevert
from node_api.domain.errors import ChainUnavailable, ContractReverted
from node_api.domain.ids import Address, Hash
from node_api.domain.importing.wallets import Wallet
from node_api.domain.items import Spend
from node_api.domain.reservations import Capture, Release, Reservation
from node_api.domain.reverts import reverted

_SELECTOR = 4
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
        """From the terminal's own account, tried before it is sent."""
        calldata = contract("Vouchers").function(function).encode(arguments)
        try:
            Sender(self._rpc, self._account(terminal), self._chain_id).transact(
                self._vouchers, calldata, what=f"Vouchers.{function}"
            )
        except WouldRevert as error:
            raise _refused(error.data) from error
        except Reverted as error:
            raise reverted("", [("call", error)]) from error
        except (RpcUnavailable, NoReceipt) as error:
            raise ChainUnavailable(str(error)) from error


def _spend(spend: Spend) -> tuple[int, int, int]:
    return spend.voucher, spend.amount, spend.sequence


def _raw(value: Hash) -> bytes:
    return bytes.fromhex(value[2:])


def _refused(data: str) -> ContractReverted:
    raw = bytes.fromhex(data.removeprefix("0x"))
    error = custom_errors().get(raw[:_SELECTOR])
    if error is None:
        return reverted("", [("data", data)])
    values = error.decode_arguments(raw[_SELECTOR:])
    return reverted(error.name, list(zip(error.parameters, values, strict=True)))
