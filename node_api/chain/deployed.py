"""The deployed contracts of one chain: their addresses, and views asked in batches at a named block."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from node_api.chain.contracts import contract, custom_errors, explain_revert
from node_api.chain.deployment.errors import NotDeployed
from node_api.chain.rpc import Request, RpcClient
from node_api.chain.rpc_errors import ChainError, RpcError, RpcProtocolError
from node_api.chain.rpc_values import data
from node_api.domain.ids import Address


class CallReverted(ChainError):
    """A contract said no to a view or a trial run.

    Attributes:
        what: the call, in words.
        error: the custom error's name, e.g. `Treasury_Unbacked`; empty where it gave none that is known.
        detail: the error with its arguments, in words.
    """

    def __init__(self, what: str, reverted: str) -> None:
        self.what = what
        self.detail = explain_revert(reverted)
        known = custom_errors().get(bytes.fromhex(reverted.removeprefix("0x"))[:4])
        self.error = known.name if known else ""
        super().__init__(f"{what}: {self.detail}")


@dataclass(frozen=True, slots=True)
class Question:
    """A view to be asked. Structs are tuples, addresses 0x-hex."""

    contract: str
    function: str
    arguments: tuple[object, ...] = ()


class Deployed:
    """Asks the deployed contracts. Thread-safe, as its client is."""

    def __init__(self, rpc: RpcClient, addresses: Mapping[str, Address]) -> None:
        """Takes the chain and where its contracts are, by their names."""
        self.rpc = rpc
        self._addresses = dict(addresses)

    def address(self, name: str) -> Address:
        """Where a contract stands. Raises NotDeployed where it is not deployed."""
        try:
            return self._addresses[name]
        except KeyError:
            raise NotDeployed(f"{name} is not among the deployed contracts: run `vouchertrail deploy`") from None

    def ask(self, question: Question, block: str = "latest") -> tuple[object, ...]:
        """One view's answer. Raises CallReverted, ChainError."""
        return self.ask_all([question], block)[0]

    def ask_all(self, questions: Sequence[Question], block: str = "latest") -> list[tuple[object, ...]]:
        """Many views' answers in the same order, in JSON-RPC batches.

        Args:
            questions: what to ask.
            block: 0x-hex number, or a tag. With a tag each batch may stand on another block.

        Raises:
            CallReverted: one reverted; the first is raised.
            ChainError: no answer.
        """
        return self._ask([(self.address(question.contract), question) for question in questions], block)

    def ask_at(
        self, address: Address, questions: Sequence[Question], block: str = "latest"
    ) -> list[tuple[object, ...]]:
        """Like `ask_all`, of another contract with the same views, e.g. another token. Raises: the same."""
        return self._ask([(address, question) for question in questions], block)

    def _ask(self, questions: Sequence[tuple[Address, Question]], block: str) -> list[tuple[object, ...]]:
        requests: list[Request] = [
            ("eth_call", ({"to": to, "data": _calldata(question)}, block)) for to, question in questions
        ]
        outcomes = self.rpc.try_batch(requests)
        return [_answer(question, outcome) for (_, question), outcome in zip(questions, outcomes, strict=True)]

    def why(self, sender: str, to: str, calldata: str, what: str, block: int) -> CallReverted:
        """Runs a call again at the end of `block` to learn why it reverts there."""
        try:
            self.rpc.call("eth_call", ({"from": sender, "to": to, "data": calldata}, hex(block)))
        except RpcError as error:
            return CallReverted(what, error.data or "0x")
        return CallReverted(what, "0x")


def _calldata(question: Question) -> str:
    return "0x" + contract(question.contract).function(question.function).encode(question.arguments).hex()


def _answer(question: Question, outcome: object) -> tuple[object, ...]:
    what = f"{question.contract}.{question.function}"
    if isinstance(outcome, RpcError):
        raise CallReverted(what, outcome.data) if outcome.data else outcome
    if not isinstance(outcome, str):
        raise RpcProtocolError(f"{what}: the answer is not data")
    if not (answer := data(outcome)):
        raise NotDeployed(f"there is no {question.contract} at the address on record: is this the right chain?")
    return contract(question.contract).function(question.function).decode(answer)
