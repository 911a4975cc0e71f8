"""Calls of one contract by one account, each sent once it was tried, and the contract's own word where it says no.

What a party signed is sent from an account made for that when the node starts: it has no role, and the networks this is made for
take gas for nothing. So it never gets in the way of the relayer's nonces, and nobody mistakes it for somebody who decides.
"""

from __future__ import annotations

import threading

from eth_account import Account
from eth_account.signers.local import LocalAccount

from node_api.chain.contracts import contract, custom_errors
from node_api.chain.rpc import RpcClient
from node_api.chain.rpc_errors import RpcUnavailable
from node_api.chain.sender import NoReceipt, Reverted, Sender, WouldRevert
from node_api.domain.errors import ChainUnavailable, ContractReverted
from node_api.domain.ids import Address
from node_api.domain.reverts import reverted

_SELECTOR = 4


def new_courier() -> LocalAccount:
    """An account of no role, gone with the process."""
    courier: LocalAccount = Account.create()
    return courier


class Courier:
    """Thread-safe; one for an account, or nonces collide."""

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
        self._lock = threading.Lock()

    def send(self, function: str, *arguments: object) -> None:
        """Returns once the call stands in a block.

        Raises:
            ContractReverted: of the kind given: the contract says no; nothing happened.
            ChainUnavailable: the chain does not answer.
        """
        calldata = contract(self._name).function(function).encode(arguments)
        with self._lock:  # so that the account's nonces stand in one row
            try:
                self._sender.forget_nonce()
                self._sender.transact(self._address, calldata, what=f"{self._name}.{function}")
            except WouldRevert as error:
                raise self._refused(error.data) from error
            except Reverted as error:
                raise self._refused(self._why(calldata)) from error
            except (RpcUnavailable, NoReceipt) as error:
                raise ChainUnavailable(str(error)) from error

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
