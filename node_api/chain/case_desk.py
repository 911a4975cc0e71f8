"""Calls of the case desk. Implements the port `CaseDesk`.

What a party signed is sent from an account made for that when the node starts: it has no role, and the networks this is made for
take gas for nothing. So it never gets in the way of the relayer's nonces, and nobody mistakes it for somebody who decides.
"""

from __future__ import annotations

import threading

from eth_account import Account
from eth_account.signers.local import LocalAccount

from node_api.chain.contracts import contract, custom_errors
from node_api.chain.redeem_calls import leaf_hash, leaf_of
from node_api.chain.rpc import RpcClient
from node_api.chain.rpc_errors import RpcUnavailable
from node_api.chain.sender import NoReceipt, Reverted, Sender, WouldRevert
from node_api.domain.errors import ArbiterMissing, CaseRefused, ChainUnavailable
from node_api.domain.ids import Address, Hash
from node_api.domain.reverts import reverted
from node_api.services.ports.casework import Opening, Statement

_SELECTOR = 4


class CaseCalls:
    """See the port."""

    def __init__(self, rpc: RpcClient, chain_id: int, desk: Address, arbiter: LocalAccount | None) -> None:
        """Asks for nothing yet.

        Args:
            rpc: where to send.
            chain_id: EIP-155 chain id.
            desk: address of `CaseDesk`.
            arbiter: who decides; None where the node keeps no such key.
        """
        self._desk = desk
        courier: LocalAccount = Account.create()
        self._courier = Sender(rpc, courier, chain_id)
        self._arbiter = None if arbiter is None else Sender(rpc, arbiter, chain_id)
        self._lock = threading.Lock()

    def reverse(self, opening: Opening, statement: Statement) -> None:
        """See the port."""
        self._send(self._courier, "reverse", proof(opening), *_said(statement))

    def reverse_as_arbiter(self, opening: Opening, reason: Hash, later_day: int) -> None:
        """See the port."""
        self._send(self._as_arbiter(), "reverseByArbiter", proof(opening), later_day, _raw(reason))

    def dispute(self, opening: Opening, statement: Statement) -> None:
        """See the port."""
        self._send(self._courier, "dispute", proof(opening), *_said(statement))

    def decide(self, dispute: int, *, stands: bool, reason: Hash) -> None:
        """See the port."""
        self._send(self._as_arbiter(), "decide", dispute, stands, _raw(reason))

    def decide_by_default(self, dispute: int) -> None:
        """See the port."""
        self._send(self._courier, "decideByDefault", dispute)

    def _as_arbiter(self) -> Sender:
        if self._arbiter is None:
            raise ArbiterMissing("no key file of ARBITER")
        return self._arbiter

    def _send(self, sender: Sender, function: str, *arguments: object) -> None:
        """One at a time, so that an account's nonces stand in one row."""
        calldata = contract("CaseDesk").function(function).encode(arguments)
        with self._lock:
            try:
                sender.forget_nonce()
                sender.transact(self._desk, calldata, what=f"CaseDesk.{function}")
            except WouldRevert as error:
                raise _refused(error.data) from error
            except Reverted as error:
                raise _refused(self._why(sender, calldata)) from error
            except (RpcUnavailable, NoReceipt) as error:
                raise ChainUnavailable(str(error)) from error

    def _why(self, sender: Sender, calldata: bytes) -> str:
        """Something changed between the trial run and the block: asks once more."""
        try:
            sender.estimate(self._desk, calldata)
        except WouldRevert as error:
            return error.data
        return "0x"


def proof(opening: Opening) -> tuple[object, ...]:
    """The opening as the contract takes it."""
    at = opening.number - opening.first_number
    hashes = [leaf_hash(done) for done in opening.call]
    return opening.first_number, leaf_of(opening.call[at]), hashes[:at], hashes[at + 1 :]


def _said(statement: Statement) -> tuple[bytes, int, bytes]:
    return _raw(statement.reason), statement.deadline, statement.signature or b""


def _refused(data: str) -> CaseRefused:
    raw = bytes.fromhex(data.removeprefix("0x"))
    error = custom_errors().get(raw[:_SELECTOR])
    if error is None:
        told = reverted("", [("data", data)])
    else:
        values = error.decode_arguments(raw[_SELECTOR:])
        told = reverted(error.name, list(zip(error.parameters, map(_shown, values), strict=True)))
    return CaseRefused(told.error, told.value, told.rule, told.remedy)


def _shown(value: object) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)


def _raw(value: Hash) -> bytes:
    return bytes.fromhex(value[2:])
