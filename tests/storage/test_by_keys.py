"""Rows by keys of several columns, and the calls of an account.

none wanted, none there, some there, more than one statement takes → those there, each once
the plan of every number of keys → the index, never the whole table
the plans of what is asked of an account's calls → its own, by their state
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection, Engine, event

from node_api.domain.ids import Address
from node_api.storage import operation_tables as t
from node_api.storage.bulk import insertion, run_tuples
from node_api.storage.by_keys import rows_by_keys
from node_api.storage.engine import open_database, reading, writing
from node_api.storage.migrate import migrate
from node_api.storage.outbox import Outbox
from node_api.storage.vitals import StoreFigures
from tests.storage.conftest import MakeDatabase

KEY = "programme", "merchant", "receipt"
COLUMNS = *KEY, "operation", "position"


def claim(number: int) -> tuple[int, int, bytes, str, int]:
    return number % 3, number % 7 << 40, number.to_bytes(32), f"op_{number}", number


@pytest.mark.parametrize("there", [0, 1, 2, 5, 1_201])
def test_rows__by_keys__are_those_there(make_database: MakeDatabase, there: int) -> None:
    engine = make_database()
    rows = [claim(number) for number in range(there)]
    with writing(engine) as connection:
        run_tuples(connection, insertion(t.receipt_claims, COLUMNS), rows)
    wanted = [claim(number)[:3] for number in range(0, 2_000, 2)]
    with reading(engine) as connection:
        found = rows_by_keys(connection, t.receipt_claims, KEY, COLUMNS, wanted * 2)
        assert rows_by_keys(connection, t.receipt_claims, KEY, COLUMNS, []) == []
    assert sorted(set(found)) == sorted(rows[::2])


@pytest.mark.parametrize("count", [1, 2, 3, 64, 500])
def test_plan__of_so_many_keys__goes_by_the_index(tmp_path_factory: pytest.TempPathFactory, count: int) -> None:
    engine = open_database(f"sqlite:///{tmp_path_factory.mktemp('plans') / 'node.sqlite'}")
    migrate(engine)
    with reading(engine) as connection, statements(engine) as said:
        rows_by_keys(connection, t.receipt_claims, KEY, COLUMNS, [claim(number)[:3] for number in range(count)])
        steps = [str(row[3]) for row in plan(connection, *said[-1])]
    engine.dispose()
    assert [step for step in steps if "receipt_claims" in step or "found" in step] == [
        "SEARCH found USING INDEX sqlite_autoindex_receipt_claims_1 (programme=? AND merchant=? AND receipt=?)"
    ]


def test_plans__of_an_accounts_calls__go_by_account_and_state(tmp_path_factory: pytest.TempPathFactory) -> None:
    engine = open_database(f"sqlite:///{tmp_path_factory.mktemp('plans') / 'node.sqlite'}")
    migrate(engine)
    outbox, account = Outbox(engine, engine), Address("0x" + "a1" * 20)
    with statements(engine) as said:
        outbox.unresolved(account)
        outbox.last_nonce(account)
        outbox.confirmed_from(account, 7)
        StoreFigures(engine).read(account)
    with reading(engine) as connection:
        steps = [str(row[3]) for one in said if "sender" in one[0] for row in plan(connection, *one)]
    engine.dispose()
    assert len(steps) == 5
    assert all("ix_outbox_calls_account (sender=? AND state=?" in step for step in steps), steps


def plan(connection: Connection, statement: str, values: tuple[object, ...]) -> list[tuple[object, ...]]:
    return list(map(tuple, connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)))


@contextmanager
def statements(engine: Engine) -> Iterator[list[tuple[str, tuple[object, ...]]]]:
    said: list[tuple[str, tuple[object, ...]]] = []

    def note(_1: object, _2: object, statement: str, values: tuple[object, ...], *_: object) -> None:
        said.append((statement, values))

    event.listen(engine, "before_cursor_execute", note)
    yield said
    event.remove(engine, "before_cursor_execute", note)
