"""Calls of the case desk. Implements the port `CaseDesk`."""

from __future__ import annotations

from eth_account.signers.local import LocalAccount

from node_api.chain.courier import Courier
from node_api.chain.redeem_calls import leaf_hash, leaf_of
from node_api.chain.rpc import RpcClient
from node_api.domain.errors import ArbiterMissing, CaseRefused
from node_api.domain.ids import Address, Hash
from node_api.services.ports.casework import Opening, Statement


class CaseCalls:
    """See the port."""

    def __init__(
        self, rpc: RpcClient, chain_id: int, desk: Address, courier: LocalAccount, arbiter: LocalAccount | None
    ) -> None:
        """Asks for nothing yet.

        Args:
            rpc: where to send.
            chain_id: EIP-155 chain id.
            desk: address of `CaseDesk`.
            courier: brings what parties signed.
            arbiter: who decides; None where the node keeps no such key.
        """
        target = "CaseDesk", desk
        self._courier = Courier(rpc, chain_id, courier, target, CaseRefused)
        self._arbiter = None if arbiter is None else Courier(rpc, chain_id, arbiter, target, CaseRefused)

    def reverse(self, opening: Opening, statement: Statement) -> None:
        """See the port."""
        self._courier.send("reverse", proof(opening), *_said(statement))

    def reverse_as_arbiter(self, opening: Opening, reason: Hash, later_day: int) -> None:
        """See the port."""
        self._as_arbiter().send("reverseByArbiter", proof(opening), later_day, _raw(reason))

    def dispute(self, opening: Opening, statement: Statement) -> None:
        """See the port."""
        self._courier.send("dispute", proof(opening), *_said(statement))

    def decide(self, dispute: int, *, stands: bool, reason: Hash) -> None:
        """See the port."""
        self._as_arbiter().send("decide", dispute, stands, _raw(reason))

    def decide_by_default(self, dispute: int) -> None:
        """See the port."""
        self._courier.send("decideByDefault", dispute)

    def _as_arbiter(self) -> Courier:
        if self._arbiter is None:
            raise ArbiterMissing("no key file of ARBITER")
        return self._arbiter


def proof(opening: Opening) -> tuple[object, ...]:
    """The opening as the contract takes it."""
    at = opening.number - opening.first_number
    hashes = [leaf_hash(done) for done in opening.call]
    return opening.first_number, leaf_of(opening.call[at]), hashes[:at], hashes[at + 1 :]


def _said(statement: Statement) -> tuple[bytes, int, bytes]:
    return _raw(statement.reason), statement.deadline, statement.signature or b""


def _raw(value: Hash) -> bytes:
    return bytes.fromhex(value[2:])
