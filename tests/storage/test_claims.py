"""Claims in SQLite and in PostgreSQL.

add
├── when it is new: it should be kept whole, with a seat
├── when the same owner used the key before: it should give the one before
├── when the person or the address has a seat: it should be kept as refused
├── when the round's places are gone, by this node or by others: it should be kept as refused
├── when a refused one comes: it should take no seat
├── when several come together: each should be judged after those before it
└── when many processes ask at once: exactly the places should be given
waiting
└── it should give those of the oldest claim's round and custody, the oldest first
sending
├── when they wait: it should keep the call and mark them
└── when another process was quicker with one: it should keep nothing
resolve, fail, abandon
├── when a place was given: it should say which, and keep the seat
├── when the contract refused one, or the whole call: it should free the seat
├── when it is told twice: it should change nothing
├── when the bytes can never take effect: they should wait again
├── when it is told late of what goes out in another call: it should change nothing
└── when the chain went back
    ├── and decided otherwise: each should end anew, and its seat follow
    ├── and gave a place to one whose seat another has: the seat should be its own, and the other's refusal free none
    └── and lost the call: places should be waited for again, and refusals stay
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import chain, product
from typing import Any

import pytest
from sqlalchemy import Engine, func, insert, select

from node_api.domain.claims import Claim, ClaimOutcome, ClaimVerdict, Seated, Unseated
from node_api.domain.ids import Address, Hash, Place, ProgrammeId, RollId, UnixSeconds
from node_api.domain.models import BlockRef
from node_api.domain.operations import OperationState, RefusalNote, SentCall, StateChange
from node_api.storage import tables as t
from node_api.storage.claim_queue import ClaimQueueTable
from node_api.storage.claim_tables import claim_counts, claim_seats
from node_api.storage.claims import ClaimTable
from node_api.storage.engine import reading, writing
from tests.storage.conftest import MakeDatabase

PLACES = 3
SENDER = Address("0x" + "a1" * 20)
ROUND = 1 << 16 | 1


def word(number: int) -> Hash:
    return Hash(f"0x{number:064x}")


BLOCK = BlockRef(7, word(70), UnixSeconds(700))
ENDS: tuple[ClaimVerdict | str, ...] = (
    Seated(RollId(4), Place(0)),
    Seated(RollId(5), Place(1)),
    Unseated("RoundOver"),
    Unseated("ClaimsUsedUp"),
    "out of gas",
)
"""How a claim may end; a text is why its whole call failed."""


def claim(person: int, *, holder: int | None = None, number: int = 1, custodial: bool = False) -> Claim:
    who = Address(f"0x{(person if holder is None else holder) + 1:040x}")
    proof = (word(1), word(2))
    return Claim(
        ProgrammeId(1),
        number,
        who,
        word(person),
        UnixSeconds(2**256 - 1),
        bytes(65),
        word(9),
        proof,
        custodial=custodial,
    )


def outcome(name: str, made: Claim, state: OperationState = OperationState.QUEUED) -> ClaimOutcome:
    history = (StateChange(OperationState.RECEIVED, 1), StateChange(state, 2))
    return ClaimOutcome(name, "wallet:app", name, "0" * 64, made, word(5), BLOCK, state, history)


def add(store: ClaimTable, new: ClaimOutcome, places: int = PLACES) -> ClaimOutcome:
    (kept,) = store.add([(new, places)])
    return kept


def seats_of(engine: Engine) -> list[tuple[int, int]]:
    """Each round, and how many seats of it are counted."""
    with reading(engine) as connection:
        found = select(claim_counts.c.round_key, claim_counts.c.seats).order_by(claim_counts.c.round_key)
        return [(key, seats) for key, seats in connection.execute(found)]


def call(nonce: int) -> SentCall:
    return SentCall(word(nonce + 5_000), nonce, SENDER, f"0x{nonce:04x}")


@pytest.fixture
def engine(make_database: MakeDatabase) -> Engine:
    return make_database()


@pytest.fixture
def store(engine: Engine) -> ClaimTable:
    return ClaimTable(engine)


@pytest.fixture
def queue(engine: Engine) -> ClaimQueueTable:
    return ClaimQueueTable(engine, engine)


def reason(kept: ClaimOutcome | None) -> str | None:
    assert kept is not None
    return None if kept.refusal is None else kept.refusal.reason


def test_add__new__is_kept_whole(store: ClaimTable, queue: ClaimQueueTable) -> None:
    new = outcome("cl_a", claim(1, custodial=True))

    assert add(store, new) == new
    assert store.get("cl_a") == new
    assert store.find([("wallet:app", "cl_b"), ("wallet:app", "cl_a"), ("wallet:web", "cl_a")]) == [None, new, None]
    assert store.get("cl_b") is None
    assert store.several(["cl_a", "cl_b"]) == {"cl_a": new}
    assert store.several([]) == store.several(["cl_b"]) == {}
    assert [(entry.id, entry.claim, entry.since) for entry in queue.waiting(10)] == [("cl_a", new.claim, 1)]


def test_add__the_same_key__gives_the_one_before(store: ClaimTable) -> None:
    first = add(store, outcome("cl_a", claim(1)))

    assert add(store, replace(outcome("cl_b", claim(2)), key="cl_a")) == first
    assert store.get("cl_b") is None


def test_add__person_or_address_seated__is_refused(store: ClaimTable) -> None:
    add(store, outcome("cl_a", claim(1)))

    assert reason(add(store, outcome("cl_b", claim(1, holder=8)))) == "NullifierUsed"
    assert reason(add(store, outcome("cl_c", claim(8, holder=1)))) == "HolderClaimed"
    assert reason(add(store, outcome("cl_d", claim(1, number=2)))) is None
    kept = store.get("cl_b")
    assert kept is not None
    assert (kept.state, [change.state for change in kept.history]) == ("refused", ["received", "refused"])


def test_add__behind_the_last_place__is_refused(store: ClaimTable, engine: Engine) -> None:
    with writing(engine) as connection:  # another organisation's node gave one
        connection.execute(
            insert(t.transactions), {"block": 3, "tx_index": 0, "hash": b"\x01" * 32, "sender": bytes(20)}
        )
        rolled = {"roll": 9, "round_key": ROUND, "places": 1, "block": 3, "tx_index": 0, "log_index": 0}
        connection.execute(insert(t.claim_rolls), rolled)

    told = [reason(add(store, outcome(f"cl_{person}", claim(person)))) for person in range(4)]

    assert told == [None, None, "ClaimsUsedUp", "ClaimsUsedUp"]


def test_add__refused_before__takes_no_seat(store: ClaimTable, queue: ClaimQueueTable) -> None:
    note = RefusalNote("RoundOver", "over", None, on_chain=False)
    late = replace(outcome("cl_a", claim(1), OperationState.REFUSED), refusal=note)

    assert add(store, late) == late
    assert reason(add(store, outcome("cl_b", claim(1)))) is None
    assert [entry.id for entry in queue.waiting(10)] == ["cl_b"]


def test_add__by_many_at_once__gives_exactly_the_places(store: ClaimTable) -> None:
    with ThreadPoolExecutor(12) as pool:
        told = list(pool.map(lambda n: reason(add(store, outcome(f"cl_{n}", claim(n % 40)), 20)), range(60)))

    assert told.count(None) == 20
    assert set(told) <= {None, "ClaimsUsedUp", "NullifierUsed"}


def test_add__several__each_in_its_order(store: ClaimTable, queue: ClaimQueueTable, engine: Engine) -> None:
    before = add(store, outcome("cl_a", claim(1)))
    note = RefusalNote("RoundOver", "over", None, on_chain=False)
    late = replace(outcome("cl_late", claim(9), OperationState.REFUSED), refusal=note)
    asked = [
        outcome("cl_b", claim(2)),
        outcome("cl_other", claim(2, number=2)),
        outcome("cl_c", claim(2, holder=8)),
        replace(outcome("cl_d", claim(7)), key="cl_a"),
        late,
        outcome("cl_e", claim(8, holder=2)),
        replace(outcome("cl_f", claim(7)), key="cl_b"),
        outcome("cl_g", claim(3)),
        outcome("cl_h", claim(4)),
    ]

    kept = store.add([(new, PLACES) for new in asked])

    refused = {"cl_c": "NullifierUsed", "cl_e": "HolderClaimed", "cl_late": "RoundOver", "cl_h": "ClaimsUsedUp"}
    assert [one.id for one in kept] == ["cl_b", "cl_other", "cl_c", "cl_a", "cl_late", "cl_e", "cl_b", "cl_g", "cl_h"]
    assert {one.id: reason(one) for one in kept if one.refusal} == refused
    assert kept[3] == before
    assert store.several([one.id for one in kept]) == {one.id: one for one in kept}
    assert [entry.id for entry in queue.waiting(10)] == ["cl_a", "cl_b", "cl_g"]
    assert seats_of(engine) == [(ROUND, 3), (ROUND + 1, 1)]
    with reading(engine) as connection:
        held = connection.execute(select(claim_seats.c.claim).order_by(claim_seats.c.claim)).scalars().all()
    assert held == ["cl_a", "cl_b", "cl_g", "cl_other"]


def test_add__several_by_many_at_once__gives_exactly_the_places(store: ClaimTable, engine: Engine) -> None:
    def ask(thread: int) -> list[str]:
        """The same people in another order and for two rounds, some of them under the same key as elsewhere."""
        people = range(40) if thread % 2 else reversed(range(40))
        rounds = (1, 2) if thread % 3 else (2, 1)
        asked = [
            outcome(f"cl_{person}_{number}_{'' if person % 4 else thread}", claim(person, number=number))
            for person in people
            for number in rounds
        ]
        kept = store.add([(replace(one, id=f"{one.id}_{thread}"), 20) for one in asked])
        return [f"{one.claim.number} {reason(one)}" for one in kept]

    with ThreadPoolExecutor(6) as pool:
        told = Counter(chain.from_iterable(pool.map(ask, range(6))))

    assert set(told) <= {f"{number} {why}" for number in (1, 2) for why in (None, "ClaimsUsedUp", "NullifierUsed")}
    assert seats_of(engine) == [(ROUND, 20), (ROUND + 1, 20)]


def test_waiting__several_rounds__gives_the_oldest_ones(store: ClaimTable, queue: ClaimQueueTable) -> None:
    add(store, outcome("cl_a", claim(1, custodial=True)))
    add(store, outcome("cl_b", claim(2)))
    add(store, outcome("cl_c", claim(3, number=2, custodial=True)))
    add(store, outcome("cl_d", claim(4, custodial=True)))

    assert [entry.id for entry in queue.waiting(10)] == ["cl_a", "cl_d"]
    assert [entry.id for entry in queue.waiting(1)] == ["cl_a"]
    assert queue.sending(call(1), ["cl_a", "cl_d"])
    assert [entry.id for entry in queue.waiting(10)] == ["cl_b"]


def test_sending__one_taken_by_another__keeps_nothing(store: ClaimTable, queue: ClaimQueueTable) -> None:
    add(store, outcome("cl_a", claim(1)))
    add(store, outcome("cl_b", claim(2)))
    assert queue.sending(call(1), ["cl_a"])

    assert not queue.sending(call(2), ["cl_a", "cl_b"])

    assert queue.carried(call(2).hash) == []
    assert queue.carried(call(1).hash) == [("cl_a", claim(1))]
    assert [entry.id for entry in queue.waiting(10)] == ["cl_b"]


def test_resolve__given_and_refused__tells_each(store: ClaimTable, queue: ClaimQueueTable) -> None:
    for person in (1, 2):
        add(store, outcome(f"cl_{person}", claim(person)), 2)
    queue.sending(call(1), ["cl_1", "cl_2"])
    verdicts: list[tuple[str, ClaimVerdict]] = [("cl_1", Seated(RollId(4), Place(0))), ("cl_2", Unseated("RoundOver"))]

    for _ in range(2):  # another process may have looked for the same receipt
        assert queue.resolve(call(1).hash, BLOCK, verdicts) == ["cl_1", "cl_2"]

    given, lost = store.get("cl_1"), store.get("cl_2")
    assert given is not None
    assert lost is not None
    assert (given.state, given.roll, given.place, given.block) == ("succeeded", 4, 0, BLOCK)
    assert [change.state for change in given.history] == ["received", "queued", "sent", "succeeded"]
    assert lost.refusal == RefusalNote("RoundOver", "refused by the contract", None, on_chain=True)
    told = [reason(add(store, outcome(f"cl_again_{person}", claim(person)), 2)) for person in (1, 2, 3)]
    assert told == ["NullifierUsed", None, "ClaimsUsedUp"]


def test_fail__whole_call__frees_the_seats(store: ClaimTable, queue: ClaimQueueTable) -> None:
    add(store, outcome("cl_a", claim(1)), 1)
    queue.sending(call(1), ["cl_a"])

    assert queue.fail(call(1).hash, BLOCK, "out of gas") == ["cl_a"]

    failed = store.get("cl_a")
    assert failed is not None
    assert (failed.state, failed.fault) == ("failed", "out of gas")
    assert reason(add(store, outcome("cl_b", claim(1)), 1)) is None


def test_abandon__sent__waits_again(store: ClaimTable, queue: ClaimQueueTable) -> None:
    add(store, outcome("cl_a", claim(1)), 1)
    queue.sending(call(1), ["cl_a"])

    queue.abandon(call(1).hash)

    assert [entry.id for entry in queue.waiting(10)] == ["cl_a"]
    assert queue.sending(call(2), ["cl_a"])
    assert reason(add(store, outcome("cl_b", claim(2)), 1)) == "ClaimsUsedUp"


def test_resolve__goes_out_in_another_call__changes_nothing(store: ClaimTable, queue: ClaimQueueTable) -> None:
    add(store, outcome("cl_a", claim(1)), 1)
    queue.sending(call(1), ["cl_a"])
    queue.abandon(call(1).hash)
    queue.sending(call(2), ["cl_a"])
    before = store.get("cl_a")

    assert queue.resolve(call(1).hash, BLOCK, [("cl_a", Unseated("RoundOver"))]) == []
    assert queue.fail(call(1).hash, BLOCK, "out of gas") == []
    queue.abandon(call(1).hash)

    assert store.get("cl_a") == before


def test_resolve__chain_went_back_and_decided_otherwise__ends_anew(
    store: ClaimTable, queue: ClaimQueueTable, engine: Engine
) -> None:
    add(store, outcome("cl_a", claim(1)), 1)
    queue.sending(call(1), ["cl_a"])
    steps, sent = ["received", "queued", "sent"], outcome("cl_a", claim(1))

    for said in chain.from_iterable(product(ENDS, ENDS)):  # each behind each
        end(queue, said)

        told, (state, members) = store.get("cl_a"), said_of(said)
        assert told is not None
        steps += [state] * (steps[-1] != state)
        assert [change.state for change in told.history] == steps
        ended = replace(sent, state=state, transaction=call(1).hash, block=BLOCK, **members)
        assert told == replace(ended, history=told.history)
        seats = int(isinstance(said, Seated))
        assert seats_taken(engine) == (seats, seats)


def seats_taken(engine: Engine) -> tuple[int, int]:
    """As counted, and as there are."""
    with reading(engine) as connection:
        counted = connection.execute(select(claim_counts.c.seats)).scalar_one()
        return counted, connection.execute(select(func.count()).select_from(claim_seats)).scalar_one()


def end(queue: ClaimQueueTable, said: ClaimVerdict | str) -> None:
    """The first call ends so; a text is why all of it failed."""
    if isinstance(said, str):
        assert queue.fail(call(1).hash, BLOCK, said) == ["cl_a"]
    else:
        assert queue.resolve(call(1).hash, BLOCK, [("cl_a", said)]) == ["cl_a"]


def said_of(said: ClaimVerdict | str) -> tuple[OperationState, dict[str, Any]]:
    """The state and the members of a claim that ended so."""
    if isinstance(said, str):
        return OperationState.FAILED, {"fault": said}
    if isinstance(said, Seated):
        return OperationState.SUCCEEDED, {"roll": said.roll, "place": said.place}
    return OperationState.REFUSED, {"refusal": RefusalNote(said.reason, "refused by the contract", None, on_chain=True)}


def test_resolve__chain_went_back_and_seated_one_whose_seat_others_have__takes_it(
    store: ClaimTable, queue: ClaimQueueTable, engine: Engine
) -> None:
    add(store, outcome("cl_a", claim(1)))
    queue.sending(call(1), ["cl_a"])
    end(queue, Unseated("RoundOver"))
    add(store, outcome("cl_b", claim(1, holder=8)))  # has the person's seat
    add(store, outcome("cl_c", claim(8, holder=1)))  # has the address's
    queue.sending(call(2), ["cl_b", "cl_c"])

    end(queue, Seated(RollId(4), Place(0)))
    rivals: list[tuple[str, ClaimVerdict]] = [("cl_b", Unseated("NullifierUsed")), ("cl_c", Unseated("HolderClaimed"))]
    queue.resolve(call(2).hash, BLOCK, rivals)

    assert seats_taken(engine) == (1, 1)
    assert reason(add(store, outcome("cl_d", claim(1)))) == "NullifierUsed"


def test_abandon__resolved_and_lost__places_wait_again_and_refusals_stay(
    store: ClaimTable, queue: ClaimQueueTable
) -> None:
    for person in (1, 2):
        add(store, outcome(f"cl_{person}", claim(person)), 2)
    queue.sending(call(1), ["cl_1", "cl_2"])
    queue.resolve(call(1).hash, BLOCK, [("cl_1", Seated(RollId(4), Place(0))), ("cl_2", Unseated("RoundOver"))])
    refused = store.get("cl_2")

    queue.abandon(call(1).hash)

    lost = store.get("cl_1")
    assert lost is not None
    assert (lost.state, lost.roll, lost.place, lost.transaction, lost.block) == ("queued", None, None, None, None)
    assert [change.state for change in lost.history] == ["received", "queued", "sent", "succeeded", "queued"]
    assert refused is not None
    assert store.get("cl_2") == replace(refused, block=None)  # which the chain has no more
    assert [entry.id for entry in queue.waiting(10)] == ["cl_1"]
    assert [reason(add(store, outcome(f"cl_again_{person}", claim(person)), 2)) for person in (1, 2)] == [
        "NullifierUsed",
        None,
    ]
    assert queue.sending(call(2), ["cl_1"])
    queue.resolve(call(2).hash, BLOCK, [("cl_1", Seated(RollId(5), Place(2)))])
    found = store.get("cl_1")
    assert found is not None
    assert (found.state, found.roll, found.place, found.transaction) == ("succeeded", 5, 2, call(2).hash)
