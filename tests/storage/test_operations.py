"""Operations, the outbox and API keys, on SQLite and PostgreSQL.

add
├── new → kept whole, claims its receipt                 ├── the same owner and key → the one kept before
├── a receipt claimed before → refused, in the log       ├── refused → in the log, claims nothing
├── many at once → as one after the other
└── two processes with the same keys and receipts, each in its order → both answered the same
claim, by a booking
├── free, or its own → held, and redemptions are refused    ├── a redemption's, another booking's → not held
└── given up → free; another's is left
outbox
├── sending → sent, unresolved                            ├── resolve → each item's verdict, history, final
├── two processes send the same items, each in its order → one of them does
├── one operation in two calls, resolved at once → final, and somebody is told
├── calls of others → left, once they were signed long ago
├── abandon → queued again, dead bytes                    ├── fail → failed, receipt free
├── the chain went back and decided otherwise → the new verdict, whole; its receipt claimed again, or free
├── … so that the index has a call's block no more → it is lost, else not
├── … and lost the call → redemptions queued again as new; refusals and faults stay, their receipts free
└── a relayer with a new key → counts no nonce of the account before it
api keys → found by hash, revoked once
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import chain, product
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, delete, insert, select, update

from node_api.domain.access import ApiKey, ApiRole
from node_api.domain.ids import Address, Amount, Hash, MerchantId, ProgrammeId, UnixSeconds, VoucherId
from node_api.domain.items import MAX_UINT256, Item, Spend, TerminalSeal
from node_api.domain.models import BlockRef
from node_api.domain.operations import (
    Accepted,
    Declined,
    ItemOutcome,
    Operation,
    OperationState,
    Place,
    RefusalNote,
    SentCall,
    SpentVoucher,
    StateChange,
    Verdict,
    WorkItem,
)
from node_api.services.ports.operations import Claim, Held
from node_api.storage import outbox as module
from node_api.storage.api_keys import ApiKeys
from node_api.storage.engine import reading, writing
from node_api.storage.operation_tables import refusal_log
from node_api.storage.operations import Operations
from node_api.storage.outbox import Outbox
from node_api.storage.tables import blocks
from tests.storage.conftest import MakeDatabase

HOLDER = Address("0x" + "a1" * 20)
OTHER = Address("0x" + "c3" * 20)
BOOKING = Hash("0x" + "bb" * 32)
BLOCK = BlockRef(7, Hash("0x" + "b7" * 32), UnixSeconds(1_700_000_007))
VOUCHER = VoucherId((4 << 35) + (4 << 11))
ENDS: tuple[Verdict | str, ...] = (
    Accepted((SpentVoucher(VOUCHER, Amount(500), 9),)),
    Accepted((SpentVoucher(VOUCHER, Amount(500), 8),)),
    Declined("Expired", VOUCHER),
    Declined("SignatureInvalid", None),
    "SenderNotAllowed",
)
"""How an item may end; a text is why its whole call failed."""


def word(number: int) -> Hash:
    return Hash(f"0x{number:064x}")


def outcome(receipt: int, *, merchant: int = 1, seal: TerminalSeal | None = None, consent: bytes = b"") -> ItemOutcome:
    item = Item(
        spends=(Spend(VOUCHER, Amount(500)), Spend(VoucherId(MAX_UINT256), Amount(MAX_UINT256), 3)),
        merchant=MerchantId(merchant),
        bill=Amount(MAX_UINT256),
        receipt=word(receipt),
        channel=2,
        deadline=UnixSeconds(MAX_UINT256),
        signature=bytes(range(65)),
        consent=consent,
    )
    work = WorkItem(item, seal, word(receipt + 1_000), HOLDER, ProgrammeId(1), BLOCK)
    return ItemOutcome(work, OperationState.QUEUED)


def refused(receipt: int) -> ItemOutcome:
    note = RefusalNote("Expired", "voucher 1 at 5", VoucherId(1), on_chain=False)
    return outcome(receipt)._replace(state=OperationState.REFUSED, refusal=note)


def operation(name: str, *items: ItemOutcome, key: str | None = None) -> Operation:
    state = items[0].state if len(items) == 1 else OperationState.QUEUED
    history = (StateChange(OperationState.RECEIVED, 1), StateChange(state, 2))
    return Operation(name, "merchant:1", key or name, "0" * 64, len(items) > 1, state, history, tuple(items))


def call(nonce: int) -> SentCall:
    return SentCall(word(nonce + 5_000), nonce, HOLDER, f"0x{nonce:04x}")


@pytest.fixture
def engine(make_database: MakeDatabase) -> Engine:
    return make_database()


@pytest.fixture
def store(engine: Engine) -> Operations:
    return Operations(engine)


@pytest.fixture
def outbox(engine: Engine) -> Outbox:
    return Outbox(engine, engine)


def added(store: Operations, new: Operation) -> Operation:
    (kept,) = store.add([new])
    return kept


def claim_of(receipt: int, programme: int = 1, merchant: int = 1) -> Claim:
    return ProgrammeId(programme), MerchantId(merchant), word(receipt)


def is_claimed(store: Operations, receipt: int, *, programme: int = 1, merchant: int = 1) -> bool:
    wanted = claim_of(receipt, programme, merchant)
    return store.claimed({wanted}) == {wanted}


def got(store: Operations, operation: str) -> Operation | None:
    """As the store says that has what was signed in memory, and as another one reads it."""
    (found,) = store.get([operation])
    assert Operations(store.engine).get([operation]) == [found]
    return found


def test_add__new__is_kept_whole(store: Operations) -> None:
    new = operation("op_a", outcome(1, consent=b"\x03\x04"), outcome(2, seal=TerminalSeal(HOLDER, b"\x01\x02")))

    assert added(store, new) == new
    assert got(store, "op_a") == new
    assert store.find([("merchant:1", "op_a"), ("merchant:2", "op_a")]) == [new, None]
    assert got(store, "op_b") is None
    assert [(entry.operation, entry.position) for entry in store.queued(10)] == [("op_a", 0), ("op_a", 1)]
    assert Operations(store.engine).queued(10) == store.queued(10)
    assert len(store.queued(1)) == 1
    assert [store.is_queued(count) for count in (1, 2, 3)] == [True, True, False]
    assert is_claimed(store, 1)
    assert not is_claimed(store, 1, programme=2)
    assert not is_claimed(store, 1, merchant=2)


def test_add__the_same_key__gives_the_one_before(store: Operations) -> None:
    first = added(store, operation("op_a", outcome(1)))

    assert added(store, operation("op_b", outcome(2), key="op_a")) == first
    assert got(store, "op_b") is None


def test_add__receipt_claimed_before__is_refused(store: Operations, engine: Engine) -> None:
    added(store, operation("op_a", outcome(1)))

    second = added(store, operation("op_b", outcome(1)))

    assert second.state is OperationState.REFUSED
    assert second.items[0].refusal is not None
    assert second.items[0].refusal.reason == "ReceiptUsed"
    assert got(store, "op_b") == second
    with reading(engine) as connection:
        lines = connection.execute(select(refusal_log.c.operation, refusal_log.c.reason)).all()
    assert [tuple(line) for line in lines] == [("op_b", "ReceiptUsed")]


def test_add__many_at_once__is_as_one_after_the_other(store: Operations) -> None:
    before = added(store, operation("op_a", outcome(1)))
    new, twice = operation("op_b", outcome(2)), operation("op_c", outcome(3), key="op_b")
    taken, own = operation("op_d", outcome(1)), operation("op_e", outcome(2), outcome(4))

    kept = store.add([new, operation("op_f", outcome(9), key="op_a"), twice, taken, own])

    assert kept[:3] == [new, before, new]
    assert [one.state for one in kept] == ["queued", "queued", "queued", "refused", "queued"]
    assert [item.state for item in kept[4].items] == ["refused", "queued"]
    assert store.get([one.id for one in kept]) == kept
    assert store.get(["op_c", "op_f"]) == [None, None]
    assert [(entry.operation, entry.position) for entry in store.queued(9)] == [("op_a", 0), ("op_b", 0), ("op_e", 1)]
    assert not is_claimed(store, 9)


def test_add__two_processes_with_the_same_keys_each_in_its_order__both_answer_the_same(engine: Engine) -> None:
    barrier = threading.Barrier(2)

    def take(process: int, numbers: Sequence[int]) -> dict[str, str]:
        asked = [operation(f"op_{process}_{one}", outcome(one), key=f"{one:03}") for one in numbers]
        barrier.wait()
        return {one.key: one.id for one in Operations(engine).add(asked)}

    with ThreadPoolExecutor(2) as pool:
        for first in range(0, 500, 100):
            numbers = range(first, first + 100)
            one, other = pool.map(take, (first, first + 1), (numbers, numbers[::-1]))
            assert one == other


def test_add__refused__is_logged_and_claims_nothing(store: Operations, engine: Engine) -> None:
    added(store, operation("op_a", refused(1)))

    assert not is_claimed(store, 1)
    assert store.queued(10) == []
    with reading(engine) as connection:
        lines = connection.execute(select(refusal_log.c.reason, refusal_log.c.voucher)).all()
    assert [tuple(line) for line in lines] == [("Expired", 1)]


def test_claim__by_a_booking__is_its_own_and_nobody_elses(store: Operations) -> None:
    assert store.claim(claim_of(1), BOOKING, 7) is Held.ITSELF
    assert store.claim(claim_of(1), BOOKING, 7) is Held.ITSELF
    assert store.claim(claim_of(1), BOOKING, 8) is Held.BOOKING

    assert is_claimed(store, 1)
    assert store.claim(claim_of(1), word(0xB0), 7) is Held.OTHERS
    assert added(store, operation("op_a", outcome(1), outcome(2))).items[0].state is OperationState.REFUSED
    assert store.claim(claim_of(1, merchant=2), word(0xB0), 7) is Held.ITSELF
    assert store.claim(claim_of(1, programme=2), word(0xB0), 7) is Held.ITSELF
    assert store.claim(claim_of(2), BOOKING, 7) is Held.OTHERS


def test_claim__given_up__is_free_again(store: Operations) -> None:
    store.claim(claim_of(1), BOOKING, 7)
    added(store, operation("op_a", outcome(2)))

    for receipt, booking, capture in ((1, word(0xB0), 7), (1, BOOKING, 8), (2, BOOKING, 7), (3, BOOKING, 7)):
        store.give_up(claim_of(receipt), booking, capture)
    assert (is_claimed(store, 1), is_claimed(store, 2)) == (True, True)

    store.give_up(claim_of(1), BOOKING, 7)
    assert not is_claimed(store, 1)
    assert added(store, operation("op_b", outcome(1))).state is OperationState.QUEUED


def test_claim__by_many_bookings_at_once__is_one_ones(store: Operations) -> None:
    with ThreadPoolExecutor(8) as pool:
        held = list(pool.map(lambda number: store.claim(claim_of(1), word(number), 7), range(16)))

    assert Counter(held) == {Held.ITSELF: 1, Held.OTHERS: 15}


def test_outbox__sent_and_resolved__tells_each_verdict(store: Operations, outbox: Outbox) -> None:
    added(store, operation("op_a", outcome(1), outcome(2)))
    added(store, operation("op_b", outcome(3, merchant=2)))
    places = [Place("op_a", 0, 0, 0), Place("op_a", 1, 0, 1), Place("op_b", 0, 1, 0)]

    outbox.sending(call(3), places)

    assert store.queued(10) == []
    assert outbox.unresolved(HOLDER) == [call(3)]
    assert [place for place, _ in outbox.carried(call(3).hash)] == places
    assert outbox.last_nonce(HOLDER) is None
    sent = got(store, "op_a")
    assert sent is not None
    assert (sent.state, sent.items[0].transaction, sent.items[0].block) == (OperationState.SENT, call(3).hash, None)

    spent = (SpentVoucher(VOUCHER, Amount(500), 9),)
    verdicts: list[Verdict] = [
        Accepted(spent),
        Declined("AlreadyRedeemed", VOUCHER),
        Declined("SignatureInvalid", None),
    ]
    final = outbox.resolve(call(3).hash, BLOCK, list(zip(places, verdicts, strict=True)))

    assert sorted(final) == ["op_a", "op_b"]
    done, lost = got(store, "op_a"), got(store, "op_b")
    assert done is not None
    assert lost is not None
    assert (done.state, lost.state) == (OperationState.SUCCEEDED, OperationState.REFUSED)
    assert [change.state for change in done.history] == ["received", "queued", "sent", "succeeded"]
    assert (done.items[0].spent, done.items[0].block) == (spent, BLOCK)
    assert done.items[1].refusal == RefusalNote(
        "AlreadyRedeemed", f"voucher {VOUCHER}, refused by the contract", VOUCHER, on_chain=True
    )
    assert outbox.unresolved(HOLDER) == []
    assert outbox.last_nonce(HOLDER) == 3
    assert [(entry.nonce, entry.block_time) for entry in outbox.confirmed_from(HOLDER, 3)] == [(3, BLOCK.timestamp)]
    assert outbox.confirmed_from(HOLDER, 4) == []
    assert is_claimed(store, 1)
    assert not is_claimed(store, 2)


def test_outbox__two_processes_send_the_same_items_each_in_its_order__one_does(
    store: Operations, engine: Engine
) -> None:
    barrier = threading.Barrier(2)

    def send(nonce: int, places: Sequence[Place]) -> bool:
        barrier.wait()
        return Outbox(engine, engine).sending(call(nonce), places)

    with ThreadPoolExecutor(2) as pool:
        for turn in range(3):
            of_turn = [operation(f"op_{turn}_{one}", outcome(100 * turn + one)) for one in range(100)]
            store.add(of_turn)
            places = [Place(one.id, 0, 0, at) for at, one in enumerate(of_turn)]
            assert sorted(pool.map(send, (2 * turn, 2 * turn + 1), (places, places[::-1]))) == [False, True]


def test_outbox__two_processes_resolve_halves_of_an_operation_at_once__it_is_final(
    store: Operations, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    added(store, operation("op_a", outcome(1), outcome(2)))
    halves = [(call(3), Place("op_a", 0, 0, 0)), (replace(call(4), sender=OTHER), Place("op_a", 1, 0, 0))]
    arrived, ended, told = list[str](), list[str](), list[list[str]]()
    real = module._advance

    def advance(connection: Connection, operations: set[str]) -> list[str]:
        arrived.extend(operations)
        wait_for(lambda: len(arrived) == 2)
        final = real(connection, operations)
        ended.extend(operations)
        wait_for(lambda: len(ended) == 2)
        return final

    def resolve(half: tuple[SentCall, Place]) -> None:
        accepted = Accepted((SpentVoucher(VOUCHER, Amount(500), 9),))
        told.append(Outbox(engine, engine).resolve(half[0].hash, BLOCK, [(half[1], accepted)]))

    for sent, place in halves:
        Outbox(engine, engine).sending(sent, [place])
    monkeypatch.setattr(module, "_advance", advance)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(resolve, halves))

    done = got(store, "op_a")
    assert done is not None
    assert [change.state for change in done.history] == ["received", "queued", "sent", "succeeded"]
    assert sorted(told) == [[], ["op_a"]]


def wait_for(reached: Callable[[], bool]) -> None:
    """Until it is so, or cannot become so since the other one waits for us."""
    deadline = time.monotonic() + 0.5
    while not reached() and time.monotonic() < deadline:
        time.sleep(0.005)


def test_outbox__call_of_another_account__is_left_once_it_was_signed_long_ago(
    store: Operations, outbox: Outbox
) -> None:
    added(store, operation("op_a", outcome(1)))
    outbox.sending(call(3), [Place("op_a", 0, 0, 0)])
    time.sleep(0.01)

    assert outbox.left(OTHER, 30) == []
    assert outbox.left(OTHER, 0.001) == [call(3)]
    assert outbox.left(HOLDER, 0.001) == []
    assert outbox.unresolved(OTHER) == []


def test_outbox__relayer_with_a_new_key__counts_no_nonce_of_the_account_before(
    store: Operations, outbox: Outbox
) -> None:
    added(store, operation("op_a", outcome(1)))
    outbox.sending(call(3), [Place("op_a", 0, 0, 0)])
    outbox.resolve(call(3).hash, BLOCK, [(Place("op_a", 0, 0, 0), Declined("Expired", VOUCHER))])

    newcomer = Address("0x" + "b2" * 20)

    assert outbox.last_nonce(newcomer) is None
    assert outbox.confirmed_from(newcomer, 0) == []


def test_outbox__abandoned__waits_again(store: Operations, outbox: Outbox) -> None:
    added(store, operation("op_a", outcome(1)))
    outbox.sending(call(3), [Place("op_a", 0, 0, 0)])

    outbox.abandon(call(3).hash)

    assert outbox.unresolved(HOLDER) == []
    assert outbox.last_nonce(HOLDER) is None
    again = got(store, "op_a")
    assert again is not None
    assert (again.state, again.items[0].transaction) == (OperationState.QUEUED, None)
    assert len(store.queued(10)) == 1
    assert is_claimed(store, 1)


def test_outbox__chain_went_back_and_decided_otherwise__tells_the_new_verdict(
    store: Operations, outbox: Outbox
) -> None:
    added(store, operation("op_a", outcome(1)))
    outbox.sending(call(3), [Place("op_a", 0, 0, 0)])
    steps = ["received", "queued", "sent"]

    for said in chain.from_iterable(product(ENDS, ENDS)):  # each behind each
        end(outbox, said)

        told, (state, members) = got(store, "op_a"), said_of(said)
        assert told is not None
        steps += [state] * (steps[-1] != state)
        assert [change.state for change in told.history] == steps
        ended = outcome(1)._replace(state=state, transaction=call(3).hash, block=BLOCK)
        assert told.items[0] == ended._replace(**members)
        assert is_claimed(store, 1) is isinstance(said, Accepted)


def end(outbox: Outbox, said: Verdict | str) -> None:
    """The call of one operation ends so; a text is why all of it failed."""
    if isinstance(said, str):
        assert outbox.fail(call(3).hash, BLOCK, said) == ["op_a"]
    else:
        assert outbox.resolve(call(3).hash, BLOCK, [(Place("op_a", 0, 0, 0), said)]) == ["op_a"]


def said_of(said: Verdict | str) -> tuple[OperationState, dict[str, Any]]:
    """The state and the members of an item that ended so."""
    if isinstance(said, str):
        return OperationState.FAILED, {"fault": said}
    if isinstance(said, Accepted):
        return OperationState.SUCCEEDED, {"spent": said.spent}
    named = "" if said.voucher is None else f"voucher {said.voucher}, "
    note = RefusalNote(said.reason, f"{named}refused by the contract", said.voucher, on_chain=True)
    return OperationState.REFUSED, {"refusal": note}


def test_outbox__chain_went_back_and_accepts_what_was_refused__leaves_a_receipt_claimed_meanwhile(
    store: Operations, outbox: Outbox
) -> None:
    added(store, operation("op_a", outcome(1)))
    outbox.sending(call(3), [Place("op_a", 0, 0, 0)])
    end(outbox, Declined("Expired", VOUCHER))
    added(store, operation("op_b", outcome(1)))

    end(outbox, ENDS[0])
    end(outbox, Declined("Expired", VOUCHER))

    assert is_claimed(store, 1)
    assert got(store, "op_b") == added(store, operation("op_b", outcome(1)))


def test_outbox__block_is_in_the_index_no_more__the_call_is_lost(
    store: Operations, outbox: Outbox, engine: Engine
) -> None:
    for nonce in (3, 4, 5):
        added(store, operation(f"op_{nonce}", outcome(nonce)))
        outbox.sending(call(nonce), [Place(f"op_{nonce}", 0, 0, 0)])
    for nonce, block in ((3, BLOCK), (4, replace(BLOCK, number=8))):
        outbox.resolve(call(nonce).hash, block, [(Place(f"op_{nonce}", 0, 0, 0), Declined("Expired", VOUCHER))])
    with writing(engine) as connection:
        for number in (6, 7, 8):
            row = {"number": number, "hash": b"\xb7" * 32, "parent": bytes(32), "timestamp": 0}
            connection.execute(insert(blocks), row)
    assert outbox.lost(HOLDER, 5) == []

    with writing(engine) as connection:
        connection.execute(update(blocks).where(blocks.c.number == 7).values(hash=b"\x07" * 32))
        connection.execute(delete(blocks).where(blocks.c.number == 8))

    assert [entry.nonce for entry in outbox.lost(HOLDER, 5)] == [3, 4]
    assert [entry.nonce for entry in outbox.lost(HOLDER, 103)] == [4]
    assert [entry.nonce for entry in outbox.lost(HOLDER, 3)] == [3]
    assert outbox.lost(OTHER, 5) == []
    outbox.abandon(call(3).hash)
    assert [entry.nonce for entry in outbox.lost(HOLDER, 5)] == [4]
    with writing(engine) as connection:
        connection.execute(update(blocks).values(number=blocks.c.number + 3))  # another index, of contracts of later
    assert outbox.lost(HOLDER, 5) == []


def test_outbox__chain_went_back_and_lost_the_call__redemptions_wait_again_and_refusals_stay(
    store: Operations, outbox: Outbox
) -> None:
    added(store, operation("op_a", outcome(1), outcome(2)))
    places = [Place("op_a", 0, 0, 0), Place("op_a", 1, 0, 1)]
    outbox.sending(call(3), places)
    accepted = Accepted((SpentVoucher(VOUCHER, Amount(500), 9),))
    outbox.resolve(call(3).hash, BLOCK, list(zip(places, [accepted, Declined("Expired", VOUCHER)], strict=True)))
    before = got(store, "op_a")

    outbox.abandon(call(3).hash)

    again = got(store, "op_a")
    assert before is not None
    assert again is not None
    waits, refused = again.items
    assert waits == outcome(1)
    assert refused == before.items[1]._replace(block=None)  # which the chain has no more
    assert [change.state for change in again.history] == ["received", "queued", "sent", "succeeded", "queued"]
    assert [(entry.operation, entry.position) for entry in store.queued(10)] == [("op_a", 0)]
    assert (is_claimed(store, 1), is_claimed(store, 2)) == (True, False)


def test_outbox__chain_went_back_and_lost_a_call_refused_whole__it_stays_failed(
    store: Operations, outbox: Outbox
) -> None:
    added(store, operation("op_a", outcome(1)))
    outbox.sending(call(3), [Place("op_a", 0, 0, 0)])
    end(outbox, "SenderNotAllowed")

    outbox.abandon(call(3).hash)

    failed = got(store, "op_a")
    assert failed is not None
    assert (failed.state, failed.items[0].fault) == (OperationState.FAILED, "SenderNotAllowed")
    assert store.queued(10) == []
    assert not is_claimed(store, 1)


def test_outbox__refused_whole__fails_and_frees_the_receipt(store: Operations, outbox: Outbox) -> None:
    added(store, operation("op_a", outcome(1)))
    outbox.sending(call(3), [Place("op_a", 0, 0, 0)])

    assert outbox.fail(call(3).hash, BLOCK, "SenderNotAllowed") == ["op_a"]

    failed = got(store, "op_a")
    assert failed is not None
    assert (failed.state, failed.items[0].fault) == (OperationState.FAILED, "SenderNotAllowed")
    assert not is_claimed(store, 1)


def test_api_keys__made_and_revoked__as_kept(engine: Engine) -> None:
    keys = ApiKeys(engine)
    key = ApiKey("key_1", ApiRole.MERCHANT, MerchantId(7), "till", UnixSeconds(5))
    keys.add(key, b"\x01" * 32)

    assert keys.find([b"\x01" * 32, b"\x02" * 32, b"\x01" * 32]) == [key, None, key]
    assert keys.revoke("key_1", 9) == replace(key, revoked_at=UnixSeconds(9))
    assert keys.revoke("key_1", 11) == replace(key, revoked_at=UnixSeconds(9))
    assert keys.revoke("key_2", 9) is None
    assert keys.all() == [replace(key, revoked_at=UnixSeconds(9))]
