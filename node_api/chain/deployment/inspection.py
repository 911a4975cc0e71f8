"""What the chain shows of a step: a step counts as done only as long as the chain still shows it."""

from __future__ import annotations

from enum import StrEnum

from eth_utils.crypto import keccak

from node_api.chain.contracts import contract
from node_api.chain.deployment.errors import ChangedBytecode, ChangedStep, UnexpectedCode
from node_api.chain.deployment.journal import Journal
from node_api.chain.deployment.resolve import NotYetKnown, Resolver
from node_api.chain.deployment.steps import Call, Deploy, Step, View
from node_api.chain.rpc import RpcClient
from node_api.chain.rpc_errors import RpcError
from node_api.chain.rpc_values import Json, data
from node_api.chain.sender import TxHash, receipt_of


class StepState(StrEnum):
    """How far a step is."""

    PENDING = "pending"
    STARTED = "started"
    DONE = "done"
    GONE = "gone"


class Inspector:
    """Compares the journal, this release and the chain."""

    def __init__(self, rpc: RpcClient, journal: Journal, resolver: Resolver) -> None:
        self._rpc = rpc
        self._journal = journal
        self._resolver = resolver

    def state(self, step: Step) -> StepState:
        """How far the step is: PENDING, STARTED (sent, perhaps), DONE, or GONE (finished, but on no block any more).

        Raises:
            ChangedBytecode: it is finished with other code than this release ships.
            ChangedStep: it is finished with other arguments than it would have now.
            UnexpectedCode: the chain shows other code than was deployed.
        """
        if step.id not in self._journal.finished:
            return StepState.STARTED if step.id in self._journal.started else StepState.PENDING
        self._require_unchanged(step)
        action = step.action
        shown = self._code_shown(step, action) if isinstance(action, Deploy) else self._call_shown(step, action)
        return StepState.DONE if shown else StepState.GONE

    def differs(self, step: Step) -> bool:
        """Whether the journaled transaction of a step is not the one it would get now."""
        entry = self._journal.started[step.id]
        return entry.code != shipped_code(step) or entry.arguments != self._resolver.told(step.action.arguments)

    def shows(self, view: View | None) -> bool:
        """Whether the chain answers a view as expected; a view that cannot be asked yet is not shown."""
        if view is None:
            return False
        try:
            address, function, question, expected = self._resolver.question(view)
            call: Json = {"to": address, "data": "0x" + question.hex()}
            answer = data(self._rpc.call("eth_call", [call, "latest"]))
        except (NotYetKnown, RpcError):
            return False
        if not answer:
            return False
        found = function.decode(answer)[0]
        if isinstance(found, str) and isinstance(expected, str):
            return found.lower() == expected.lower()
        return found == expected

    def code_at(self, address: str, name: str) -> str:
        """Code hash at the address with the contract's immutables zero; empty where there is no code."""
        code = data(self._rpc.call("eth_getCode", [address, "latest"]))
        return "0x" + keccak(contract(name).without_immutables(code)).hex() if code else ""

    def _require_unchanged(self, step: Step) -> None:
        entry = self._journal.started.get(step.id)
        if entry is None:
            return
        shipped = shipped_code(step)
        if entry.code != shipped and isinstance(step.action, Deploy):
            raise ChangedBytecode(step.id, step.action.contract, entry.code, shipped)
        now = self._resolver.told(step.action.arguments)
        if entry.arguments != now:
            raise ChangedStep(step.id, str(entry.arguments), str(now))

    def _code_shown(self, step: Step, action: Deploy) -> bool:
        entry = self._journal.started[step.id]
        found = self.code_at(entry.address, action.contract)
        if found and found != entry.code:
            raise UnexpectedCode(step.id, entry.address, entry.code, found)
        return bool(found)

    def _call_shown(self, step: Step, action: Call) -> bool:
        transaction = self._journal.finished[step.id].transaction
        if transaction:
            receipt = receipt_of(self._rpc, TxHash(transaction))
            if receipt is not None and receipt.succeeded:
                return True
        return self.shows(action.shown_by)


def shipped_code(step: Step) -> str:
    """Code hash of the contract this release ships for the step; empty for a call."""
    return contract(step.action.contract).code_hash() if isinstance(step.action, Deploy) else ""
