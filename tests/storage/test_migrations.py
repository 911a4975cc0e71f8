"""The revisions of the database, one after the other.

down to nothing and up again ........... ends with the same tables and indexes, on SQLite and PostgreSQL
0003, of tokens that came and went ..... lists those that stay on the way down
0022, of operations that are there ..... has each item's text again on the way down, and the same items on the way up
"""

from __future__ import annotations

import json

from alembic import command
from sqlalchemy import Engine, insert, inspect, text
from sqlalchemy.engine.interfaces import ReflectedIndex

from node_api.domain.items import Item
from node_api.domain.operations import ItemOutcome
from node_api.storage.engine import reading, writing
from node_api.storage.migrate import configuration, migrate
from node_api.storage.operations import Operations
from node_api.storage.tables import token_steps
from tests.storage.conftest import MakeDatabase
from tests.storage.test_operations import operation, outcome, refused


def downgrade(engine: Engine, revision: str) -> None:
    config = configuration()
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, revision)


def tables(engine: Engine) -> dict[str, list[str]]:
    """Of each table its columns, and its indexes with what they leave out."""
    found = inspect(engine)
    return {
        table: sorted(
            [str(one["name"]) for one in found.get_columns(table)]
            + [f"{one['name']} {one['column_names']} {left_out(one)}" for one in found.get_indexes(table)]
        )
        for table in found.get_table_names()
    }


def left_out(index: ReflectedIndex) -> list[str]:
    return [str(value) for name, value in index.get("dialect_options", {}).items() if name.endswith("_where")]


def test_downgrade__to_nothing_and_up_again__ends_with_the_same_tables(make_database: MakeDatabase) -> None:
    engine = make_database()
    newest = tables(engine)

    downgrade(engine, "base")
    left = set(tables(engine))
    migrate(engine)

    assert left == {"alembic_version"}
    assert tables(engine) == newest


def test_downgrade__of_token_steps__lists_the_tokens_that_stay(make_database: MakeDatabase) -> None:
    engine = make_database()
    steps = [(1, b"\x01", True), (2, b"\x02", True), (3, b"\x01", False)]
    steps += [(4, b"\x03", True), (5, b"\x03", False), (6, b"\x03", True)]
    with writing(engine) as connection:
        for block, token, allowed in steps:
            step = {"block": block, "log_index": 0, "tx_index": 0, "token": token, "allowed": allowed, "actor": b"\x09"}
            connection.execute(insert(token_steps), step)

    downgrade(engine, "0002")

    with reading(engine) as connection:
        left = connection.execute(text("SELECT token, block FROM tokens ORDER BY token")).all()
    assert [(bytes(token), block) for token, block in left] == [(b"\x02", 2), (b"\x03", 6)]


def test_downgrade__of_item_words__has_the_text_and_the_same_items_again(make_database: MakeDatabase) -> None:
    engine = make_database()
    kept = (
        operation("op_a", outcome(1), outcome(2, consent=b"\x01" * 65)),
        operation("op_b", refused(3), unusual(outcome(4))),
        *(operation(f"op_{number}", outcome(100 + number)) for number in range(1_005)),
    )
    before, newest = Operations(engine).add(kept), tables(engine)

    downgrade(engine, "0021")
    texts = {name: json.loads(item) for name, item in rows(engine)}
    migrate(engine)

    assert texts["op_a", 1] == {**texts["op_a", 0], "receipt": f"0x{2:064x}", "consent": "01" * 65}
    assert texts["op_a", 0] == as_text(outcome(1).work.item)
    assert texts["op_b", 1] == as_text(unusual(outcome(4)).work.item)
    assert len(texts) == 4 + 1_005
    assert Operations(engine).get([one.id for one in before]) == before
    assert tables(engine) == newest


def unusual(one: ItemOutcome) -> ItemOutcome:
    """With no voucher, and a signature that is no whole number of words and longer than one."""
    item = one.work.item._replace(spends=(), signature=b"\x02" * 200)
    return one._replace(work=one.work._replace(item=item))


def rows(engine: Engine) -> list[tuple[tuple[str, int], str]]:
    with reading(engine) as connection:
        found = connection.execute(text("SELECT operation, position, item FROM operation_items")).all()
    return [((name, position), item) for name, position, item in found]


def as_text(item: Item) -> dict[str, object]:
    """As revision 0021 kept it."""
    return {
        "spends": [[str(one.voucher), str(one.amount), str(one.sequence)] for one in item.spends],
        "merchant": str(item.merchant),
        "bill": str(item.bill),
        "receipt": item.receipt,
        "channel": str(item.channel),
        "deadline": str(item.deadline),
        "signature": item.signature.hex(),
    }
