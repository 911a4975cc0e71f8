"""Two processes that follow the chain into one database, page by page.

another process
├── went back, and numbers were given anew ...... who adds next knows it
├── empties the index while one adds ............ nothing of it stays
└── read the chain in other pages ............... sums of nothing do not tell them apart
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest
from sqlalchemy import Table, delete, select

from node_api.domain.events import (
    BatchOpened,
    BudgetLineAdded,
    Deposited,
    Event,
    Header,
    Logged,
    Page,
    ProgrammeDrafted,
    RollWritten,
    Sent,
    VoucherRedeemed,
    VouchersIssued,
)
from node_api.domain.money_events import MoneyMoved
from node_api.services.indexing import compare
from node_api.services.ports.indexing import CheckpointMoved
from node_api.storage import index as module
from node_api.storage import tables as t
from node_api.storage.engine import reading
from node_api.storage.index import IndexTables
from tests.storage.conftest import MakeDatabase

WHO = bytes(20)
FIRST, SECOND = (1 << 16) | 1, (1 << 16) | 2
VOUCHER = (1 << 35) | (1 << 11)
BASE: list[Event] = [
    ProgrammeDrafted(1, "p", "p", WHO, 0, 0, 1 << 40, 1, 0, 1, 1, bytes(32), WHO),
    BudgetLineAdded(FIRST, 1, WHO, 0, "g", "x", 1000),
    BudgetLineAdded(SECOND, 1, WHO, 0, "g", "x", 1000),
    Deposited(bytes(32), FIRST, WHO, 1000),
    RollWritten(1, "r", 1, 2, 0, WHO, WHO + WHO),
]
REDEEMED = VoucherRedeemed(1, VOUCHER, 7, bytes(32), bytes(32), 500, 1)


def header(number: int, fork: int = 0, before: int = 0) -> Header:
    """A block of a fork, on one of the same or another."""
    return Header(number, _hash(number, fork), _hash(number - 1, before), 1_000_000 + number)


def _hash(number: int, fork: int) -> bytes:
    return bytes([fork]) + number.to_bytes(31)


def page(*blocks: tuple[Header, Sequence[Event]]) -> Page:
    """Blocks with what each logged, in one transaction."""
    sent = [Sent(at.number, 0, bytes([9]) + at.hash[1:], WHO) for at, events in blocks if events]
    logs = [Logged(at.number, 0, place, event) for at, events in blocks for place, event in enumerate(events)]
    return Page([at for at, _ in blocks], sent, logs)


def batch(number: int, line: int) -> BatchOpened:
    return BatchOpened(number, f"b{number}-{line}", 1, line, 1, 1, 500, 0, 0, 1, 0, 1, 0, 1 << 40, 0, 100)


def test_append__after_another_process_went_back__knows_batches_by_their_new_numbers(
    make_database: MakeDatabase,
) -> None:
    shared, one, fork, last = make_database(), header(1), header(2, 7), header(3, 7, 7)
    mine, theirs = IndexTables(shared), IndexTables(shared)
    opened: list[Event] = [batch(1, SECOND), batch(2, FIRST), VouchersIssued(1, 1, 2, 1000)]
    mine.append(page((one, BASE)), None, "id")
    mine.append(page((header(2), [batch(1, FIRST), batch(2, SECOND)])), one, "id")
    theirs.rewind(1, header(2))
    theirs.append(page((fork, opened)), one, "id")

    mine.append(page((last, [REDEEMED])), fork, "id")

    with reading(shared) as connection:
        assert connection.execute(select(t.redemptions.c.line)).scalars().all() == [SECOND]
    fresh = IndexTables(make_database())
    fresh.append(page((one, BASE), (fork, opened), (last, [REDEEMED])), None, "id")
    assert compare(mine.digest(), fresh.digest()) == []


def test_clear__while_another_process_adds__leaves_nothing_of_it(
    make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared, one, two = make_database(), header(1), header(2)
    mine, theirs = IndexTables(shared), IndexTables(shared)
    mine.append(page((one, BASE)), None, "id")
    added = threading.Event()
    faults: list[type[Exception]] = []

    def add() -> None:
        try:
            theirs.append(page((two, [batch(1, FIRST)])), one, "id")
        except CheckpointMoved as fault:
            faults.append(type(fault))
        added.set()

    adding = threading.Thread(target=add)
    real = delete

    def counted(table: Table) -> object:
        if table is t.checkpoint:  # what it follows was emptied; another adds to it before the checkpoint goes
            adding.start()
            added.wait(0.5)
        return real(table)

    monkeypatch.setattr(module, "delete", counted)
    mine.clear()
    adding.join()

    assert faults == [CheckpointMoved]
    assert mine.checkpoint() is None
    assert {count for _, count, _ in mine.digest()} == {0}
    mine.append(page((one, BASE), (two, [batch(1, FIRST)])), None, "id")


def test_digest__of_sums_of_nothing__is_the_same_however_the_chain_was_read(make_database: MakeDatabase) -> None:
    one, two, gone, three = header(1), header(2), header(3), header(3, 7)
    nothing: list[Event] = [MoneyMoved(1, SECOND, FIRST + 2, 0)]
    live, fresh, back = (IndexTables(make_database()) for _ in range(3))
    live.append(page((one, BASE)), None, "id")
    live.append(page((two, nothing)), one, "id")
    live.append(page((three, [])), two, "id")
    fresh.append(page((one, BASE), (two, nothing), (three, [])), None, "id")
    back.append(page((one, BASE), (two, nothing), (gone, [])), None, "id")
    back.rewind(2, gone)
    back.append(page((three, [])), two, "id")

    assert compare(live.digest(), fresh.digest()) == []
    assert compare(live.digest(), back.digest()) == []
