"""What is measured of the database, on SQLite and PostgreSQL.

queues → how many wait, and since when        calls → in flight, since when; the lowest nonce without an outcome, else the next
subscribers → tries in a row that each did not take, and whether it is gone
operations and refusals → counted by state and by reason
├── more of them → the new ones are added            ├── one that was open → counted anew where it stands now
├── far more than are counted each time → none is lost or counted twice
└── one whose block is taken back, thousands after it → counted as what became of it then
"""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from sqlalchemy import Engine, insert

from node_api.domain.ids import Address
from node_api.domain.operations import Accepted, Place
from node_api.domain.vitals import Queue
from node_api.storage import tables as t
from node_api.storage import vitals
from node_api.storage.engine import writing
from node_api.storage.operations import Operations
from node_api.storage.outbox import Outbox
from node_api.storage.subscribers import Subscribers
from node_api.storage.vitals import StoreFigures
from tests.storage.conftest import MakeDatabase
from tests.storage.test_operations import BLOCK, HOLDER, call, operation, outcome, refused
from tests.storage.test_subscribers import KEY, TILL


@pytest.fixture
def database(make_database: MakeDatabase) -> Engine:
    return make_database()


def test_figures__of_an_empty_database__are_zero(database: Engine) -> None:
    read = StoreFigures(database).read(HOLDER)

    assert read.queues == {"redemptions": Queue(0, None), "claims": Queue(0, None)}
    assert (read.in_flight, read.oldest_call_at, read.next_nonce) == (0, None, None)
    assert (read.operations, read.refused_here, read.refused_on_chain) == ({}, {}, {})


def test_figures__of_subscribers__tell_who_fails_and_who_is_gone(database: Engine) -> None:
    store = Subscribers(database)
    for name, gone in (("a", False), ("b", True)):
        store.put(replace(TILL, name=name))
        store.lease(name, "us", KEY, 0, 10)
        store.failed(name, "us", "not taken", 99, gone=gone)
    read = StoreFigures(database).read(HOLDER)
    assert (read.failing, read.gone) == ({"a": 1, "b": 1}, {"a": False, "b": True})

    store.put(replace(TILL, name="b"))
    read = StoreFigures(database).read(HOLDER)
    assert (read.failing, read.gone) == ({"a": 1, "b": 0}, {"a": False, "b": False})


def test_figures__as_work_goes_on__follow_it(database: Engine) -> None:
    store, outbox, figures = Operations(database), Outbox(database, database), StoreFigures(database)
    (first,) = store.add([operation("op_a", outcome(1), outcome(2))])
    store.add([operation("op_b", refused(3))])

    read = figures.read(HOLDER)
    assert read.queues["redemptions"] == Queue(2, first.history[0].at)
    assert read.operations == {"queued": 1, "refused": 1}
    assert read.refused_here == {"Expired": 1}

    places = [Place("op_a", 0, 0, 0), Place("op_a", 1, 0, 1)]
    before = time.time_ns() // 1_000_000
    outbox.sending(call(3), places)
    read = figures.read(HOLDER)
    assert (read.queues["redemptions"].length, read.in_flight, read.next_nonce) == (0, 1, 3)
    assert before <= (read.oldest_call_at or 0) <= time.time_ns() // 1_000_000
    assert StoreFigures(database).read(Address("0x" + "b2" * 20)).oldest_call_at == read.oldest_call_at
    assert read.operations == {"sent": 1, "refused": 1}

    outbox.resolve(call(3).hash, BLOCK, [(place, Accepted(())) for place in places])
    read = figures.read(HOLDER)
    assert (read.in_flight, read.oldest_call_at, read.next_nonce) == (0, None, 4)
    assert read.operations == {"succeeded": 1, "refused": 1}


def test_figures__refusals_on_chain__are_counted_by_selector(database: Engine) -> None:
    rows = [
        {"block": n, "log_index": 0, "tx_index": 0, "merchant": 1, "reason": reason}
        for n, reason in enumerate((b"\x01\x02\x03\x04", b"\x01\x02\x03\x04", b"\xff\x00\x00\x01"), 1)
    ]
    with writing(database) as connection:
        connection.execute(insert(t.chain_refusals), rows)

    assert StoreFigures(database).read(HOLDER).refused_on_chain == {"0x01020304": 2, "0xff000001": 1}


def test_figures__of_many_operations__lose_none_and_double_none(
    database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vitals, "_UNSURE", 2)
    monkeypatch.setattr(vitals, "_TAKEN_BACK", 2)
    store, outbox, figures = Operations(database), Outbox(database, database), StoreFigures(database)
    for number in range(1, 6):
        store.add([operation(f"op_{number}", refused(number))])
    store.add([operation("op_open", outcome(6))])
    for number in range(7, 12):
        store.add([operation(f"op_{number}", refused(number))])
        assert figures.read(HOLDER).operations == {"refused": number - 1, "queued": 1}

    outbox.sending(call(3), [Place("op_open", 0, 0, 0)])
    outbox.resolve(call(3).hash, BLOCK, [(Place("op_open", 0, 0, 0), Accepted(()))])

    for _ in range(2):
        read = figures.read(HOLDER)
        assert (read.operations, read.refused_here) == ({"refused": 10, "succeeded": 1}, {"Expired": 10})


def test_figures__of_one_whose_block_is_taken_back__follow_it(database: Engine) -> None:
    store, outbox, figures = Operations(database), Outbox(database, database), StoreFigures(database)
    store.add([operation("op_first", outcome(1))])
    outbox.sending(call(3), [Place("op_first", 0, 0, 0)])
    outbox.resolve(call(3).hash, BLOCK, [(Place("op_first", 0, 0, 0), Accepted(()))])
    for hundred in range(100, 2_500, 100):
        store.add([operation(f"op_{number}", refused(number)) for number in range(hundred, hundred + 100)])
    assert figures.read(HOLDER).operations == {"succeeded": 1, "refused": 2_400}
    outbox.fail(call(3).hash, replace(BLOCK, number=8), "Vouchers_SenderNotAllowed")
    assert figures.read(HOLDER).operations == {"failed": 1, "refused": 2_400}
