"""The fault simulator's checker, on what one real round left: of a real node on a real chain, with nothing planted and then much.

what a round left
├── as it is → nothing found
└── one thing in it changed, as a node would that has this fault → found, by the rule that is there for it
till
├── answer that is no JSON object → a fault, and asked again
└── status says something else than the answer → a fault: 202 of what is final, 200 of a refusal
thread
├── dies → a fault
└── does not end → a fault
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import asdict, replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import orjson
import pytest

from bench.chaos.acts import Act, Jump, NewNode, Sizes
from bench.chaos.checker import compare
from bench.chaos.evidence import Evidence
from bench.chaos.found import Found
from bench.chaos.place import build
from bench.chaos.rounds import play
from bench.chaos.tills import Asked, Street, Till, all_at_once
from node_api.domain.ids import Hash, UnixSeconds
from node_api.domain.models import BlockRef
from node_api.domain.operations import ItemOutcome, Operation, OperationState, StateChange

CALM = Sizes(kills=0, reorganisations=0, jumps=0, chain_kills=0, store_kills=0, swaps=0, faults=0, customers=1)
PLACES = 150
OTHER = Hash("0x" + "ab" * 32)

Picks = Callable[[ItemOutcome], bool]
Changes = Callable[[ItemOutcome], ItemOutcome]


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """What the round left."""
    town = build(tmp_path_factory.mktemp("town"), PLACES)
    acts: list[Act] = [NewNode(None), Jump(1, 2), NewNode(None)]
    outcome = play(town, tmp_path_factory.mktemp("round"), "6", CALM, acts=acts)
    assert outcome.faults == []
    assert outcome.evidence is not None
    return outcome.evidence


def findings(evidence: Evidence) -> list[str]:
    found = Found()
    compare(found, evidence)
    return found.faults


def is_done(item: ItemOutcome) -> bool:
    return item.state is OperationState.SUCCEEDED


def is_refused_at_once(item: ItemOutcome) -> bool:
    return item.refusal is not None and not item.refusal.on_chain


def is_refused_on_chain(item: ItemOutcome) -> bool:
    return item.refusal is not None and item.refusal.on_chain


def is_expired_at_once(item: ItemOutcome) -> bool:
    return is_refused_at_once(item) and item.refusal is not None and item.refusal.reason == "DeadlinePassed"


def first(evidence: Evidence, picks: Picks) -> tuple[Operation, Asked]:
    """The first operation with an item of this kind, and who asked for it."""
    operation = next(one for one in evidence.operations if any(map(picks, one.items)))
    return operation, next(one for one in evidence.asked if one.operation == operation.id)


def batch(evidence: Evidence) -> tuple[Operation, Asked]:
    return first(evidence, lambda item: any(item in one.items for one in evidence.operations if one.batch))


def with_operation(evidence: Evidence, changed: Operation) -> Evidence:
    kept = [changed if one.id == changed.id else one for one in evidence.operations]
    return replace(evidence, operations=kept)


def item_changed(picks: Picks, changes: Changes) -> Callable[[Evidence], Evidence]:
    """The database holds another thing of an item."""

    def plant(evidence: Evidence) -> Evidence:
        operation, _ = first(evidence, picks)
        at = next(at for at, item in enumerate(operation.items) if picks(item))
        items = [changes(item) if at == position else item for position, item in enumerate(operation.items)]
        return with_operation(evidence, replace(operation, items=tuple(items)))

    return plant


def told(picks: Picks, *path: str | int, says: object, at: int = -1) -> Callable[[Evidence], Evidence]:
    """A till was told another thing: in its last answer, which is in full, or in its first."""

    def plant(evidence: Evidence) -> Evidence:
        _, asked = first(evidence, picks)
        place: Any = asked.told[at]
        for step in path[:-1]:
            place = place[step]
        assert place[path[-1]] != says
        place[path[-1]] = says
        return evidence

    return plant


def history(*states: str, at: int | None = None) -> Callable[[Evidence], Evidence]:
    """What succeeded went this way; `at`: and that at this time."""

    def plant(evidence: Evidence) -> Evidence:
        operation, _ = first(evidence, is_done)
        steps = [StateChange(OperationState(state), number) for number, state in enumerate(states)]
        steps[-1] = replace(steps[-1], at=steps[-1].at if at is None else at)
        return with_operation(evidence, replace(operation, history=tuple(steps)))

    return plant


def lose_last_of_batch(evidence: Evidence) -> Evidence:
    """Nobody knows anything of it: not the database, nor the till's answers, nor the chain."""
    operation, asked = batch(evidence)
    digest, position = operation.items[-1].work.digest, len(operation.items) - 1
    for answer in (*asked.told, *asked.underway):
        answer["items"].pop()  # type: ignore[attr-defined]
    return replace(
        with_operation(evidence, replace(operation, items=operation.items[:-1])),
        claims=[one for one in evidence.claims if (one["operation"], one["position"]) != (operation.id, position)],
        redeemed=[one for one in evidence.redeemed if "0x" + one.event.digest.hex() != digest],
    )


def lose_operation(evidence: Evidence) -> Evidence:
    return replace(evidence, operations=evidence.operations[1:])


def swap_in_batch(evidence: Evidence) -> Evidence:
    operation, asked = batch(evidence)
    for answer in (*asked.told, *asked.underway):
        answer["items"].reverse()  # type: ignore[attr-defined]
    return with_operation(evidence, replace(operation, items=operation.items[::-1]))


def keep_as_single(evidence: Evidence) -> Evidence:
    operation, _ = batch(evidence)
    return with_operation(evidence, replace(operation, batch=False))


def redeem_twice(evidence: Evidence) -> Evidence:
    return replace(evidence, redeemed=[*evidence.redeemed, evidence.redeemed[0]])


def give_to_another(evidence: Evidence) -> Evidence:
    operation, _ = first(evidence, is_done)
    return with_operation(evidence, replace(operation, owner="merchant:999"))


def say_on_the_way(**fields: object) -> Callable[[Evidence], Evidence]:
    """An answer before the last called the first item, or all of it, something else than it became."""

    def plant(evidence: Evidence) -> Evidence:
        _, asked = first(evidence, is_done)
        answer = deepcopy(asked.told[-1])
        answer["state"], answer["history"] = "sent", answer["history"][:-1]  # type: ignore[index]
        answer["finality"] = fields.pop("finality", None)
        answer["items"][0].update(fields)  # type: ignore[index]
        answer.update({name: value for name, value in fields.items() if name == "state" and value == "refused"})
        asked.underway.append(answer)
        return evidence

    return plant


def judge_before_the_jump(evidence: Evidence) -> Evidence:
    """A code that was still good is refused at once."""
    operation, _ = first(evidence, is_expired_at_once)
    (item,) = operation.items
    block = max(
        (one for one in evidence.blocks.values() if one.timestamp < item.work.item.deadline), key=lambda one: one.number
    )
    early = item._replace(work=item.work._replace(judged=block))
    log = [
        {**one, "at": round(1_000 * evidence.jumps[0][0]) - 1} if one["operation"] == operation.id else one
        for one in evidence.refusals
    ]
    return replace(with_operation(evidence, replace(operation, items=(early,))), refusals=log)


def decide_before_the_end(evidence: Evidence) -> Evidence:
    """A code that was still good is refused in a block."""
    operation, _ = first(evidence, is_refused_on_chain)
    block = operation.items[0].block
    assert block is not None
    early = replace(block, timestamp=UnixSeconds(operation.items[0].work.item.deadline - 1))
    return replace(evidence, blocks={**evidence.blocks, block.number: early})


def calls_say(**fields: object) -> Callable[[Evidence], Evidence]:
    def plant(evidence: Evidence) -> Evidence:
        return replace(evidence, calls=[{**evidence.calls[0], **fields}, *evidence.calls[1:]])

    return plant


def lose_line(evidence: Evidence) -> Evidence:
    return replace(evidence, refusals=evidence.refusals[1:])


def double_line(evidence: Evidence) -> Evidence:
    return replace(evidence, refusals=[*evidence.refusals, evidence.refusals[0]])


def lose_claim(evidence: Evidence) -> Evidence:
    return replace(evidence, claims=evidence.claims[1:])


def keep_claim_of_refused(evidence: Evidence) -> Evidence:
    operation, _ = first(evidence, is_refused_on_chain)
    return replace(evidence, claims=[*evidence.claims, {**evidence.claims[0], "operation": operation.id}])


def lose_refusal_of_chain(evidence: Evidence) -> Evidence:
    return replace(evidence, refused=evidence.refused[1:])


def refuse_what_nobody_asked(evidence: Evidence) -> Evidence:
    log = evidence.refused[0]
    return replace(evidence, refused=[*evidence.refused, replace(log, event=replace(log.event, digest=bytes(32)))])


def use_receipt_twice(evidence: Evidence) -> Evidence:
    one, other, *_ = evidence.redeemed
    same = other.event._replace(merchant=one.event.merchant, receipt=one.event.receipt)
    return replace(evidence, redeemed=[one, replace(other, event=same), *evidence.redeemed[2:]])


def refuse_what_was_good(evidence: Evidence) -> Evidence:
    _, asked = first(evidence, is_refused_at_once)
    asked.reason = None
    return evidence


def stand_still(evidence: Evidence) -> Evidence:
    assert evidence.checkpoint is not None
    number = evidence.checkpoint[0] - 1
    return replace(evidence, checkpoint=(number, evidence.blocks[number].hash))


def on_another_chain(item: ItemOutcome) -> ItemOutcome:
    return item._replace(work=item.work._replace(judged=replace(item.work.judged, hash=OTHER)))


def without_voucher(item: ItemOutcome) -> ItemOutcome:
    assert item.refusal is not None
    return item._replace(refusal=replace(item.refusal, voucher=None))


def without_value(item: ItemOutcome) -> ItemOutcome:
    assert item.refusal is not None
    return item._replace(refusal=replace(item.refusal, value=""))


def taken_back(evidence: Evidence) -> tuple[Evidence, BlockRef]:
    """As if the chain had had another block in place of one of its own."""
    block = replace(evidence.blocks[evidence.first_block], hash=OTHER)
    return replace(evidence, taken_back=frozenset({block})), block


def tell_block(**fields: object) -> Callable[[Evidence], Evidence]:
    """A till was told the block that was taken back, and something else of it."""

    def plant(evidence: Evidence) -> Evidence:
        evidence, block = taken_back(evidence)
        _, asked = first(evidence, is_done)
        asked.told[-1]["items"][0]["block"] = {**asdict(block), **fields}  # type: ignore[index]
        return evidence

    return plant


def judge_on_block(evidence: Evidence) -> Evidence:
    """A redemption was judged on the block that was taken back, at another time."""
    evidence, block = taken_back(evidence)
    later = replace(block, timestamp=UnixSeconds(block.timestamp + 1))
    return item_changed(is_done, lambda item: item._replace(work=item.work._replace(judged=later)))(evidence)


UNTRUE = "was told what the database does not hold"
CARRIED = "received", "queued", "sent"
PLANTED: dict[str, tuple[Callable[[Evidence], Evidence], str]] = {
    "an item of a batch lost": (lose_last_of_batch, "asked for"),
    "a batch out of order": (swap_in_batch, "asked for"),
    "a batch kept as a single one": (keep_as_single, "is kept as another kind"),
    "a voucher redeemed twice": (redeem_twice, "redeemed more than once"),
    "a call left open": (calls_say(state="signed"), "1 calls without an end"),
    "a nonce left out": (calls_say(nonce=1_000_000), "nonces from"),
    "an operation lost": (lose_operation, "was taken in and is gone"),
    "a key of another owner": (give_to_another, "nobody asked for"),
    "told another transaction": (told(is_done, "items", 0, "transaction", says=OTHER), UNTRUE),
    "told another amount": (told(is_done, "items", 0, "vouchers", 0, "amount", says=1), UNTRUE),
    "told another number": (told(is_done, "items", 0, "vouchers", 0, "number", says=0), UNTRUE),
    "told a refusal without its value": (told(is_refused_at_once, "items", 0, "refusal", "value", says=""), UNTRUE),
    "told so by a problem": (told(is_refused_at_once, "items", 0, "refusal", "value", says="", at=0), UNTRUE),
    "told at once, was on chain": (told(is_refused_on_chain, "items", 0, "refusal", "on_chain", says=False), UNTRUE),
    "told no history": (told(is_done, "history", says=[]), UNTRUE),
    "told that it is not final": (told(is_done, "finality", says="seen"), UNTRUE),
    "told a block that there is not": (told(is_done, "items", 0, "block", "number", says=0), "was told block"),
    "told a block that there never was": (tell_block(hash="0x" + "cd" * 32), "was told block"),
    "told another number of a block taken back": (tell_block(number=1), "was told block"),
    "told another time of a block taken back": (tell_block(timestamp=1), "was told block"),
    "judged on another time of a block taken back": (judge_on_block, "was judged on"),
    "told an end on the way": (say_on_the_way(state="refused"), "by an answer that is not final"),
    "told on the way that it is final": (say_on_the_way(finality="final"), "was told that it is final, and sent"),
    "told on the way what did not stay": (say_on_the_way(transaction=OTHER), "on the way what did not stay"),
    "an index that stands still": (stand_still, "the index was left at"),
    "a call in another block": (calls_say(block_hash=bytes(32)), "is said to stand in"),
    "a call at another time": (calls_say(block_time=1), "is said to stand in"),
    "refused at once too early": (judge_before_the_jump, "refused at once on a block"),
    "refused on chain too early": (decide_before_the_end, "refused in a block of"),
    "refused for no reason": (refuse_what_was_good, "ended as refused"),
    "judged on another chain": (item_changed(is_done, on_another_chain), "was judged on"),
    "no voucher kept": (item_changed(is_refused_on_chain, without_voucher), "is refused for voucher None"),
    "no value kept": (item_changed(is_refused_on_chain, without_value), "does not name"),
    "a line of the refusal log lost": (lose_line, "the refusal log: 1 missing"),
    "a line of the refusal log doubled": (double_line, "1 that nothing stands for"),
    "a claim on a receipt lost": (lose_claim, "claims on receipts: 1 missing"),
    "a claim kept after a refusal": (keep_claim_of_refused, "claims on receipts: 0 missing"),
    "a refusal that the chain has not": (lose_refusal_of_chain, "is said to be refused on chain"),
    "a refusal of nobody": (refuse_what_nobody_asked, "refused on the chain and in no operation"),
    "a receipt used twice": (use_receipt_twice, "a receipt used more than once"),
    "never received": (history("queued", "sent", "succeeded"), "went queued"),
    "never sent": (history("received", "queued", "succeeded"), "went received"),
    "an end twice": (history(*CARRIED, "succeeded", "succeeded"), "went received"),
    "an end before its beginning": (history(*CARRIED, "succeeded", at=-1), "came to its states at"),
}


@pytest.mark.slow
def test_what_a_round_left__as_it_is__nothing_is_found(left: Evidence) -> None:
    assert findings(left) == []
    assert any(asked.underway for asked in left.asked)
    assert any(one.batch and len(one.items) > 2 for one in left.operations)
    refused = {item.refusal.reason for one in left.operations for item in one.items if item.refusal}
    assert refused == {"DeadlinePassed", "AlreadyRedeemed", "ReceiptUsed"}


@pytest.mark.slow
@pytest.mark.parametrize("name", PLANTED)
def test_what_a_round_left__something_changed__is_found(left: Evidence, name: str) -> None:
    plant, fault = PLANTED[name]
    found = findings(plant(deepcopy(left)))
    assert any(fault in one for one in found), found


@pytest.mark.slow
def test_what_a_round_left__block_that_was_taken_back__nothing_is_found(left: Evidence) -> None:
    assert findings(tell_block()(deepcopy(left))) == []


@pytest.mark.slow
def test_what_a_round_left__block_that_nobody_looked_at__nothing_is_found(left: Evidence) -> None:
    evidence = tell_block(hash="0x" + "cd" * 32)(deepcopy(left))
    assert findings(replace(evidence, unseen=[range(left.first_block, left.first_block + 1)])) == []


class Answers(BaseHTTPRequestHandler):
    """Gives what it was told to, the last of it again and again."""

    given: list[tuple[int, bytes]]

    def do_POST(self) -> None:
        status, body = self.given.pop(0) if len(self.given) > 1 else self.given[0]
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def street() -> Iterator[Street]:
    server = HTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    place = Street()
    place.url = f"http://127.0.0.1:{server.server_port}"
    yield place
    server.shutdown()
    server.server_close()


def asked_once(street: Street) -> Asked:
    asked = Asked("/v1/redemptions", "token", "key-1", b"{}", "merchant:1", (), ())
    till = Till(street)
    till.see_through(asked, threading.TIMEOUT_MAX)
    till.close()
    return asked


DONE = orjson.dumps({"id": "op_1", "state": "succeeded", "items": []})


@pytest.mark.parametrize("body", [b"Internal Server Error", b"[]"])
def test_till__answer_is_no_json_object__is_a_fault(street: Street, body: bytes) -> None:
    Answers.given = [(500, body), (200, DONE)]
    assert len(asked_once(street).told) == 1
    assert [one for one in street.faults if "which is no JSON object" in one]


def test_till__taken_in_and_final_at_once__is_a_fault(street: Street) -> None:
    Answers.given = [(202, DONE)]
    asked_once(street)
    assert street.faults == ["key-1: answered 202, and is succeeded"]


REFUSED = orjson.dumps({"id": "op_1", "state": "refused", "items": []})
PROBLEM = orjson.dumps({"operation": "op_1", "reason": "AlreadyRedeemed", "value": "", "voucher": "1", "block": {}})


@pytest.mark.parametrize(("status", "body"), [(200, REFUSED), (200, PROBLEM), (422, DONE), (500, DONE)])
def test_till__status_says_something_else_than_the_answer__is_a_fault(street: Street, status: int, body: bytes) -> None:
    Answers.given = [(status, body)]
    asked_once(street)
    state = "succeeded" if body is DONE else "refused"
    assert street.faults == [f"key-1: answered {status}, and is {state}"]


def test_till__status_says_the_same__is_fine(street: Street) -> None:
    Answers.given = [(422, PROBLEM)]
    assert len(asked_once(street).told) == 1
    assert street.faults == []


def test_thread__dies__is_a_fault() -> None:
    street = Street()

    def die() -> None:
        raise KeyError("items")

    all_at_once(street, [die, lambda: None], 10)
    (fault,) = street.faults
    assert fault.startswith("a thread died of KeyError")


def test_thread__does_not_end__is_a_fault() -> None:
    street, going = Street(), threading.Event()

    def wait() -> None:
        going.wait()

    all_at_once(street, [wait], 0.1)
    assert street.faults == ["1 threads have not ended after 0.1 s"]
    going.set()
