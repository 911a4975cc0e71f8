"""Calls of one contract by one account, each sent once it was tried, and the contract's own word where it says no.

What a party signed is sent from an account of no role: so it never gets in the way of the relayer's nonces, and nobody mistakes
it for somebody who decides. Where a network asks who sends, or a price for gas, it has a key file; elsewhere it is made when the
node starts.
"""

from __future__ import annotations

import threading
from contextlib import suppress

from eth_account import Account
from eth_account.signers.local import LocalAccount

from node_api.chain.contracts import contract, custom_errors
from node_api.chain.keys import KeyRing, KeyRole
from node_api.chain.rpc import RpcClient
from node_api.chain.rpc_errors import ChainError
from node_api.chain.sender import NonceTaken, Receipt, Reverted, Sender, TakenBack, WouldRevert, wait_until_final
from node_api.domain.errors import ChainUnavailable, ContractReverted
from node_api.domain.ids import Address
from node_api.domain.reverts import reverted

_SELECTOR = 4
_TIMES = 3
_LOCKS: dict[str, threading.Lock] = {}


def courier_of(keys: KeyRing) -> LocalAccount:
    """The account of the courier's key file; without one an account that is gone with the process."""
    if KeyRole.COURIER in keys.present():
        return keys.account(KeyRole.COURIER)
    courier: LocalAccount = Account.create()
    return courier


class Courier:
    """Thread-safe. Several of one account wait for each other, or nonces would collide."""

    def __init__(
        self,
        rpc: RpcClient,
        chain_id: int,
        account: LocalAccount,
        target: tuple[str, Address],
        refusal: type[ContractReverted],
    ) -> None:
        """Asks for nothing yet.

        Args:
            rpc: where to send.
            chain_id: EIP-155 chain id.
            account: signs.
            target: the contract's name, and its address.
            refusal: raised where the contract says no.
        """
        self._sender = Sender(rpc, account, chain_id)
        self._name, self._address = target
        self._refusal = refusal
        self._lock = _LOCKS.setdefault(account.address, threading.Lock())

    def send(self, function: str, *arguments: object) -> None:
        """Returns once the call stands in a block that is final, which on the embedded chain no crash can take any more.

        Raises:
            ContractReverted: of the kind given: the contract says no; nothing happened.
            ChainUnavailable: the chain does not answer, or takes no such call.
        """
        calldata = contract(self._name).function(function).encode(arguments)
        try:
            for _ in range(_TIMES - 1):
                with suppress(TakenBack):
                    return self._see_final(calldata, f"{self._name}.{function}")
            self._see_final(calldata, f"{self._name}.{function}")
        except WouldRevert as error:
            raise self._refused(error.data) from error
        except Reverted as error:
            raise self._refused(self._why(calldata)) from error
        except ChainError as error:
            raise ChainUnavailable(str(error)) from error

    def _see_final(self, calldata: bytes, what: str) -> None:
        with self._lock:  # so that the account's nonces stand in one row
            receipt = self._transact(calldata, what)
        wait_until_final(self._sender.rpc, receipt)

    def _transact(self, calldata: bytes, what: str) -> Receipt:
        """Tries and sends; anew where another process that has the account's key was faster with its nonce."""
        for _ in range(_TIMES - 1):
            self._sender.forget_nonce()
            with suppress(NonceTaken):
                return self._sender.transact(self._address, calldata, what=what)
        self._sender.forget_nonce()
        return self._sender.transact(self._address, calldata, what=what)

    def _why(self, calldata: bytes) -> str:
        """Something changed between the trial run and the block: asks once more."""
        try:
            self._sender.estimate(self._address, calldata)
        except WouldRevert as error:
            return error.data
        return "0x"

    def _refused(self, data: str) -> ContractReverted:
        raw = bytes.fromhex(data.removeprefix("0x"))
        error = custom_errors().get(raw[:_SELECTOR])
        if error is None:
            told = reverted("", [("data", data)])
        else:
            values = error.decode_arguments(raw[_SELECTOR:])
            told = reverted(error.name, list(zip(error.parameters, map(_shown, values), strict=True)))
        return self._refusal(told.error, told.value, told.rule, told.remedy)


def _shown(value: object) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)
