"""Carries out deployment steps so that a kill at any point, followed by another run, deploys everything once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from eth_utils.address import to_canonical_address, to_checksum_address
from eth_utils.crypto import keccak

from node_api.chain.deployment.addresses import DeployedContract, Deployment, write_deployment
from node_api.chain.deployment.errors import StepRefused, UnexpectedCode
from node_api.chain.deployment.inspection import Inspector, StepState, shipped_code
from node_api.chain.deployment.journal import Finished, Journal, Started
from node_api.chain.deployment.resolve import Accounts, Prepared, Resolver
from node_api.chain.deployment.steps import Call, Deploy, Plan, Step
from node_api.chain.keys import KeyRole
from node_api.chain.rpc import RpcClient
from node_api.chain.sender import (
    NonceTaken,
    Receipt,
    Reverted,
    Sender,
    SignedTransaction,
    WouldRevert,
    see_through,
    submit,
    wait_until_built_on,
)


@dataclass(frozen=True, slots=True)
class StepReport:
    """Tells of a step: its id, what it does in words, and how far it is (`sent` between `started` and `done`)."""

    step: str
    what: str
    state: str


# First bytes of RLP: a string of up to 55 bytes, a list of up to 55 bytes.
_SHORT, _LIST = 0x80, 0xC0
_ADDRESS = 20

_AHEAD = 40
_MOST_GAS_DEPLOY, _MOST_GAS_CALL = 12_000_000, 3_000_000

Reporter = Callable[[StepReport], None]


def journal_path(deployments: Path, chain_id: int) -> Path:
    """Where the journal of a chain lies."""
    return deployments / str(chain_id) / "journal.jsonl"


class Deployer:
    """One deployment: the plan, the chain, and the journal between them."""

    def __init__(
        self,
        rpc: RpcClient,
        chain: tuple[int, str],
        deployments: Path,
        plan: Plan,
        accounts: Accounts,
        report: Reporter = lambda _: None,
    ) -> None:
        """Writes nothing yet.

        Args:
            rpc: the chain; its identity has been checked.
            chain: chain id and genesis hash.
            deployments: folder that holds one folder for each chain id.
            plan: steps and parameters.
            accounts: whose keys sign.
            report: is told of every step, before it is started, once it is sent, and once it is done.
        """
        self._rpc = rpc
        self._chain_id, self._genesis_hash = chain
        self._folder = deployments / str(self._chain_id)
        self._plan = plan
        self._accounts = accounts
        self._report = report
        self._journal = Journal.read(journal_path(deployments, self._chain_id))
        self._resolver = Resolver(plan, self._journal, accounts)
        self._inspector = Inspector(rpc, self._journal, self._resolver)
        self._senders: dict[KeyRole, Sender] = {}
        self._tried_again: set[str] = set()

    def look(self) -> list[StepReport]:
        """Every step and how far it is; changes nothing. Raises as `Inspector.state`, and JournalOfOtherChain."""
        self._journal.require_chain(self._chain_id, self._genesis_hash)
        return [StepReport(step.id, self._what(step), self._inspector.state(step)) for step in self._plan.steps]

    def run(self) -> Deployment:
        """Carries out every step that is not done.

        Raises:
            StepRefused: the chain refused a step.
            DeploymentFault: the journal, this release and the chain do not fit together; see its leaves.
            ChainError: the chain does not answer, a transaction gets no receipt; run again.
        """
        with self._journal.writing(self._chain_id, self._genesis_hash):
            for step in self._plan.steps:
                state = self._inspector.state(step)
                if state is not StepState.DONE:
                    self._tell(step, state)
                    if self._rpc.profile.steady:
                        self._send_ahead(step)
                    self._carry_out(step)
                    if isinstance(step.action, Deploy):
                        write_deployment(self._folder, self._deployment(complete=False))
                self._tell(step, StepState.DONE)
            deployment = self._deployment(complete=True)
            write_deployment(self._folder, deployment)
            return deployment

    def _carry_out(self, step: Step) -> None:
        """Brings the step onto the chain: with the journaled bytes where there are any, else with new ones."""
        receipt = self._send_again(step)
        action = step.action
        if receipt is None:
            if isinstance(action, Call) and self._inspector.shows(action.shown_by):
                self._journal.finish(Finished(step.id, "", 0))
                return
            receipt = self._send_anew(step)
        if isinstance(action, Deploy):
            self._require_code(step, action)
        self._journal.finish(Finished(step.id, receipt.transaction, receipt.block))

    def _send_ahead(self, step: Step) -> None:
        """Signs and sends a step and those behind it that the same account sends, where none was signed: where blocks come by the
        clock, they share one. A bound takes the place of the estimate, which the steps before them would have to be done for.
        """
        steps = self._plan.steps
        following = steps[steps.index(step) :][:_AHEAD]
        for one in takewhile(lambda other: other.action.sender is step.action.sender, following):
            if self._inspector.state(one) is not StepState.PENDING:
                return
            gas = _MOST_GAS_DEPLOY if isinstance(one.action, Deploy) else _MOST_GAS_CALL
            prepared, sender = self._resolver.prepare(one.action), self._sender(one.action.sender)
            submit(self._rpc, self._write_down(one, prepared, sender.sign(prepared.to, prepared.data, gas)))

    def _send_again(self, step: Step) -> Receipt | None:
        """Sends journaled bytes; None where there are none, or they can never take effect any more."""
        entry = self._journal.started.get(step.id)
        if entry is None:
            return None
        try:
            submit(self._rpc, entry.signed)
        except NonceTaken as fault:
            self._journal.fail(step.id, str(fault))
            return None
        return self._await(step)

    def _send_anew(self, step: Step) -> Receipt:
        prepared = self._resolver.prepare(step.action)
        sender = self._sender(step.action.sender)
        try:
            gas = sender.estimate(prepared.to, prepared.data, step.id)
        except WouldRevert as fault:
            raise StepRefused(f"{fault} (sent by {step.action.sender.upper()})") from fault
        submit(self._rpc, self._write_down(step, prepared, sender.sign(prepared.to, prepared.data, gas)))
        return self._await(step)

    def _write_down(self, step: Step, prepared: Prepared, signed: SignedTransaction) -> SignedTransaction:
        """Has the journal know a step's transaction before it is sent."""
        address = "" if prepared.to else created_address(signed.sender, signed.nonce)
        self._journal.start(Started(step.id, signed, address, shipped_code(step), prepared.arguments))
        self._tell(step, "started")
        return signed

    def _await(self, step: Step) -> Receipt:
        self._tell(step, "sent")
        try:
            return see_through(self._rpc, self._journal.started[step.id].signed)
        except Reverted as fault:
            self._journal.fail(step.id, str(fault))
            if self._rpc.profile.confirmations and isinstance(step.action, Call) and step.id not in self._tried_again:
                self._tried_again.add(step.id)
                wait_until_built_on(self._rpc, fault.receipt.block)  # what it rests on was in a block that was replaced
                return self._send_anew(step)
            raise StepRefused(f"step {step.id}: {fault}{self._why(step)}") from fault

    def _why(self, step: Step) -> str:
        """The contract's reason to refuse a step, where it would refuse it now."""
        prepared = self._resolver.prepare(step.action)
        try:
            self._sender(step.action.sender).estimate(prepared.to, prepared.data, step.id)
        except WouldRevert as fault:
            return f"; {fault}"
        return ""

    def _require_code(self, step: Step, action: Deploy) -> None:
        entry = self._journal.started[step.id]
        found = self._inspector.code_at(entry.address, action.contract)
        if found != entry.code:
            raise UnexpectedCode(step.id, entry.address, entry.code, found or "none")

    def _deployment(self, *, complete: bool) -> Deployment:
        contracts: dict[str, DeployedContract] = {}
        for step in self._plan.steps:
            started, finished = self._journal.started.get(step.id), self._journal.finished.get(step.id)
            if isinstance(step.action, Deploy) and started is not None and finished is not None:
                contracts[step.action.name] = DeployedContract(
                    step.action.contract, started.address, started.code, finished.block, finished.transaction
                )
        return Deployment(self._chain_id, self._genesis_hash, complete, contracts)

    def _sender(self, role: KeyRole) -> Sender:
        if role not in self._senders:
            self._senders[role] = Sender(self._rpc, self._accounts.account(role), self._chain_id)
        return self._senders[role]

    def _tell(self, step: Step, state: str) -> None:
        self._report(StepReport(step.id, self._what(step), state))

    def _what(self, step: Step) -> str:
        action = step.action
        told = ", ".join(f"{name}={value}" for name, value in self._resolver.told(action.arguments).items())
        if isinstance(action, Deploy):
            return f"deploy {action.contract}({told})"
        return f"{action.target}.{action.function}({told}) by {action.sender.upper()}"


def created_address(sender: str, nonce: int) -> str:
    """Address of the contract that the sender's transaction of that nonce creates, checksummed.

    The last 20 bytes of keccak256 of the RLP list [sender, nonce] (Ethereum yellow paper, section 7).
    """
    digits = nonce.to_bytes((nonce.bit_length() + 7) // 8, "big")
    number = digits if len(digits) == 1 and nonce < _SHORT else bytes([_SHORT + len(digits)]) + digits
    entries = bytes([_SHORT + _ADDRESS]) + to_canonical_address(sender) + number
    return str(to_checksum_address(keccak(bytes([_LIST + len(entries)]) + entries)[-_ADDRESS:]))
