"""How a node answers that has come to an earlier block: nothing in its answers is of a later one."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bench.chaos.faults import Question
from node_api.chain.rpc_values import Json, quantity

Answer = dict[str, Json]


def answer_as_of(question: Question, block: int, ask: Callable[[Question], Answer]) -> tuple[Answer, bool]:
    """The answer of a node whose newest block is of this number, and whether a node that keeps up would have said another.

    The block after it is the one that it is about to make of what it was sent: its "pending".
    """
    if question["method"] == "eth_blockNumber":
        return {"jsonrpc": "2.0", "id": question["id"], "result": hex(block)}, True
    tags = {"latest": hex(block), "pending": hex(block + 1)}
    params = question.get("params")
    tagged = isinstance(params, list) and any(isinstance(one, str) and one in tags for one in params)
    if tagged and isinstance(params, list):
        question = {**question, "params": [tags.get(one, one) if isinstance(one, str) else one for one in params]}
    answer = ask(question)
    if tagged or all(number <= block for number in _blocks_in(answer.get("result"))):
        return answer, tagged
    lists = question["method"] == "eth_getLogs"
    return {**answer, "result": _without(answer["result"], block) if lists else None}, True


def _blocks_in(result: Json) -> Iterator[int]:
    """Numbers of the blocks that an answer tells of."""
    for entry in result if isinstance(result, list) else [result]:
        number = entry.get("blockNumber", entry.get("number")) if isinstance(entry, dict) else None
        if isinstance(number, str):
            yield quantity(number)


def _without(result: Json, block: int) -> Json:
    """A list of logs, those of later blocks left out."""
    assert isinstance(result, list)
    return [entry for entry in result if all(number <= block for number in _blocks_in(entry))]
