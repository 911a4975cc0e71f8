"""Transfers as calls of the case desk. Implements the port `TransferDesk`."""

from __future__ import annotations

from eth_account.signers.local import LocalAccount

from node_api.chain.contracts import contract
from node_api.chain.courier import Courier
from node_api.chain.deployed import Deployed, Question
from node_api.chain.documents import transfer_document
from node_api.chain.eip712 import as_hash, domain_separator, transfer_digest
from node_api.chain.rpc import RpcClient
from node_api.chain.rpc_values import data, record
from node_api.domain.errors import CaseRefused
from node_api.domain.ids import Address, Hash
from node_api.domain.transfers import TransferOrder

_ORDER = 4 + 3 * 32
"""The bytes of a call up to its signature's place: the selector, the voucher, the receiver, the deadline."""


class TransferCalls:
    """See the port."""

    def __init__(self, rpc: RpcClient, chain_id: int, desk: Address, vouchers: Address, courier: LocalAccount) -> None:
        """Asks for nothing yet.

        Args:
            rpc: where to send.
            chain_id: EIP-155 chain id.
            desk: address of `CaseDesk`.
            vouchers: address of `Vouchers`: the verifying contract of everything signed.
            courier: the account that brings them.
        """
        self._rpc, self._desk = rpc, desk
        self._courier = Courier(rpc, chain_id, courier, ("CaseDesk", desk), CaseRefused)
        self._chain_id, self._vouchers = chain_id, vouchers
        self._domain = domain_separator(chain_id, vouchers)
        self._asked = Deployed(rpc, {"Vouchers": vouchers})

    def digest(self, order: TransferOrder) -> Hash:
        """See the port."""
        return as_hash(transfer_digest(self._domain, order))

    def document(self, order: TransferOrder) -> dict[str, object]:
        """See the port."""
        return transfer_document(self._chain_id, self._vouchers, order)

    def transfer(self, order: TransferOrder) -> None:
        """See the port."""
        self._courier.send("transfer", order.voucher, order.receiver, order.deadline, order.signature)

    def was_used(self, order: TransferOrder) -> bool:
        """See the port."""
        digest = transfer_digest(self._domain, order)
        return bool(self._asked.ask(Question("Vouchers", "isDead", (digest, order.voucher)))[0])

    def was_carried_by(self, transaction: Hash, order: TransferOrder) -> bool:
        """See the port."""
        sent = self._rpc.call("eth_getTransactionByHash", [transaction])
        if sent is None:
            return False
        to, calldata = record(sent).get("to"), data(record(sent)["input"])
        wanted = contract("CaseDesk").function("transfer").encode((order.voucher, order.receiver, order.deadline, b""))
        is_desk = isinstance(to, str) and to.lower() == self._desk.lower()
        return is_desk and calldata[:_ORDER] == wanted[:_ORDER]
