"""Following the chain into the index.

index
├── pages of any size ........................................ the same digest, on SQLite and PostgreSQL
├── roll-ups .................................................. say what the facts say
├── a reorganisation
│   ├── deeper than the last page ............................. the digest of an index built afterwards
│   ├── the chain only got shorter ............................ one node: rewound at once; several: waited for
│   ├── while a node answers that lags ......................... no further back than it goes
│   └── while it is compared with a rebuild ................... compared anew, and equal; a row that is not the chain's: named
├── a writer that fails half-way .............................. leaves nothing
├── two indexers on one database .............................. end where one does
│   └── one of them much slower ................................ waits until the other is done
├── a node before the contracts ................................ waited for as long as it goes on, without hurry; else said
├── other contracts ........................................... refused
├── another chain behind the same connection .................. refused, nothing forgotten for it
└── what anybody may write into a log ......................... is stored
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select, update

import node_api.record
from node_api.chain.anvil import kill, start_anvil
from node_api.chain.keys import KeyRole
from node_api.chain.options import EmbeddedOptions
from node_api.chain.rpc import RpcClient
from node_api.chain.rpc_errors import ForeignChain
from node_api.chain.rpc_values import Json, quantity
from node_api.domain.events import Header, Page
from node_api.domain.ids import LineId
from node_api.record import compare_with_rebuild, source_of
from node_api.services import indexing
from node_api.services.indexing import Indexer, compare
from node_api.services.ports.indexing import Digest, IndexForeign, PageUnsettled
from node_api.storage import rollups
from node_api.storage import tables as t
from node_api.storage.index import IndexTables
from node_api.storage.operation_tables import index_rewinds
from node_api.storage.reads import IndexReads
from tests.e2e.other_node import opened
from tests.storage.conftest import MakeDatabase, indexer_of
from tests.world import BEIJING, CATERING, CHAIN_ID, GENESIS_AT, STARTS_AT, TILL_ONLY, World


def same(first: Engine, second: Engine) -> bool:
    differences = compare(IndexTables(first).digest(), IndexTables(second).digest())
    assert not differences, differences
    return True


def test_pages__of_any_size__give_the_same_digest(told: World, make_database: MakeDatabase) -> None:
    at_once, in_threes = make_database(), make_database()
    reached = indexer_of(told, at_once).catch_up()
    assert reached.number == told.head()
    assert indexer_of(told, in_threes, page=3).catch_up() == reached
    assert same(at_once, in_threes)
    assert {name: count for name, count, _ in IndexTables(at_once).digest()}["redemptions"] == 5


def test_digest__over_the_same_chain__is_the_same_on_both_kinds_of_database(
    told: World, engine: Engine, make_database: MakeDatabase
) -> None:
    other = make_database()
    indexer_of(told, engine).catch_up()
    indexer_of(told, other).catch_up()
    assert same(engine, other)


def test_roll_ups__at_the_head__say_what_the_facts_say(told: World, make_database: MakeDatabase) -> None:
    engine = make_database()
    indexer_of(told, engine, page=7).catch_up()
    with IndexReads(engine).at_head() as reader:
        sums = reader.line_sums()
        assert sums == reader.line_sums_from_facts()
        assert [sums[line].payable for line in map(LineId, (65537, 65538, 131073))] == [5_000, 300, 0]
        days = reader.merchant_days()
        with IndexReads(engine).at(reader.block.number) as again:
            again._at_head = False  # the same block, asked as if it were an older one
            assert again.merchant_days() == days
            assert again.batches() == reader.batches()


def test_catch_up__to_a_block__stops_there_and_goes_on(told: World, engine: Engine) -> None:
    indexer = indexer_of(told, engine)
    assert indexer.catch_up(60).number == 60
    assert indexer.catch_up(50).number == 60
    assert indexer.catch_up().number == told.head()


@pytest.mark.parametrize("page", [2, 500])
def test_reorganisation__deeper_than_a_page__ends_as_a_fresh_index(
    world: World, make_database: MakeDatabase, page: int
) -> None:
    followed, fresh = make_database(), make_database()
    indexer = indexer_of(world, followed, page=page)
    world.fund()
    snapshot = world.rpc.call("evm_snapshot")
    world.issue()
    world.spend()
    world.settle_and_close()
    indexer.catch_up()
    with IndexReads(followed).at_head() as reader:
        assert reader.totals().redeemed == 5

    world.rpc.call("evm_revert", [snapshot])
    for sender in world.senders.values():
        sender.forget_nonce()
    world.mine(3)
    world.issue()
    world.redeem_first_pair(STARTS_AT + 500)
    world.mine(40)
    indexer.catch_up()
    indexer_of(world, fresh).catch_up()
    assert same(followed, fresh)
    with IndexReads(followed).at_head() as reader:
        assert reader.totals().redeemed == 2
        assert reader.totals().swept == 0
        assert reader.line_sums() == reader.line_sums_from_facts()


def test_reorganisation__by_the_engine__of_the_newest_blocks__is_followed(world: World, engine: Engine) -> None:
    world.fund()
    indexer = indexer_of(world, engine)
    before = indexer.catch_up()
    world.rpc.call("anvil_reorg", [3, []])
    after = indexer.catch_up()
    assert after.number == world.head()
    assert after.hash != before.hash
    with IndexReads(engine).at_head() as reader:
        assert reader.category_names() == {}  # named in the blocks that were taken back


def test_chain_that_got_shorter__with_one_node__is_rewound_at_once(world: World, engine: Engine) -> None:
    indexer = indexer_of(world, engine)
    low = indexer.catch_up()
    snapshot = world.rpc.call("evm_snapshot")
    world.mine(5)
    indexer.catch_up()
    world.rpc.call("evm_revert", [snapshot])
    assert indexer.catch_up() == low


def test_chain_that_got_shorter__with_several_nodes__is_a_node_that_lags(world: World, engine: Engine) -> None:
    indexer = indexer_of(world, engine, one_node=False)
    indexer.catch_up()
    snapshot = world.rpc.call("evm_snapshot")
    world.mine(5)
    high = indexer.catch_up()
    world.rpc.call("evm_revert", [snapshot])
    assert indexer.catch_up() == high
    world.at(STARTS_AT)
    world.mine(9)
    assert indexer.catch_up().number == world.head()


class FailsOver(RpcClient):
    """The chain's real answers; the second, third and fourth about a block are of a node that has none above `known`."""

    def __init__(self, url: str, known: int) -> None:
        super().__init__(url)
        self._known, self._asked = known, 0

    def call(self, method: str, params: Sequence[Json] = ()) -> Json:
        if method == "eth_getBlockByNumber" and params[0] != "0x0":
            self._asked += 1
            if self._asked in (2, 3, 4):
                number = self._known if params[0] == "latest" else quantity(params[0])
                return None if number > self._known else super().call(method, [hex(number), *params[1:]])
        return super().call(method, params)


def test_reorganisation__while_a_node_lags__goes_no_further_back(world: World, engine: Engine) -> None:
    indexer_of(world, engine).catch_up()
    low = world.head() - 1
    world.rpc.call("anvil_reorg", [1, []])
    world.mine()
    world.rpc = FailsOver(world.rpc.url, low - 4)
    indexer = indexer_of(world, engine, one_node=False)
    assert [indexer.catch_up().number for _ in range(3)][-1] == world.head()
    with engine.connect() as connection:
        assert connection.execute(select(index_rewinds.c.to_block)).scalars().all() == [low]


def test_comparison__while_the_chain_goes_back__is_made_anew(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = world.rpc.call("evm_snapshot")
    world.mine(5)
    rebuilt, calls = node_api.record.rebuilt_upto, [0]

    def rebuilt_after_going_back(*arguments: Any) -> Digest:
        calls[0] += 1
        if calls[0] == 1:
            world.rpc.call("evm_revert", [snapshot])
            world.at(STARTS_AT)
            world.mine(9)
        return rebuilt(*arguments)

    monkeypatch.setattr(node_api.record, "rebuilt_upto", rebuilt_after_going_back)
    with opened(world, tmp_path / "other") as record:
        assert compare_with_rebuild(record, 500) == (world.head(), [])
        assert calls == [2]
        with record.engine.begin() as connection:
            connection.execute(update(t.blocks).where(t.blocks.c.number == world.head()).values(timestamp=1))
        _, found = compare_with_rebuild(record, 500)
        assert ([one.table for one in found], calls) == (["blocks"], [3])


def test_append__failing_at_its_end__leaves_nothing(
    told: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    indexer = indexer_of(told, engine, page=40)
    indexer.catch_up(40)
    before = IndexTables(engine).digest()

    def fail(*_: object) -> None:
        raise OSError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(rollups.Sums, "apply", fail)
        with pytest.raises(OSError, match="full"):
            indexer.catch_up()
    assert IndexTables(engine).digest() == before
    assert indexer.catch_up().number == told.head()


def test_two_indexers__on_one_database__end_where_one_does(told: World, make_database: MakeDatabase) -> None:
    shared, alone = make_database(), make_database()
    faults: list[BaseException] = []

    def follow() -> None:
        try:
            indexer_of(told, shared, page=2).catch_up()
        except BaseException as fault:  # noqa: BLE001 - handed to the test's thread
            faults.append(fault)

    threads = [threading.Thread(target=follow) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
    indexer_of(told, alone).catch_up()
    assert same(shared, alone)


def test_slower_indexer__beside_a_faster_one__waits_until_that_is_done(
    told: World, make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "_PATIENCE_SECONDS", 0.3)
    shared = make_database()
    slow, fast = indexer_of(told, shared, page=1), indexer_of(told, shared, page=1)
    read = slow._source.page

    def read_slowly(first: int, last: int) -> Page:
        time.sleep(0.1)
        return read(first, last)

    monkeypatch.setattr(slow._source, "page", read_slowly)
    first = slow.catch_up(told.deployment.first_block).number

    def bring_up() -> None:
        for number in range(first + 1, told.head() + 1):
            fast.catch_up(number)
            time.sleep(0.02)

    faster = threading.Thread(target=bring_up)
    faster.start()
    try:
        assert slow.catch_up().number == told.head()
    finally:
        faster.join()


def test_catch_up__on_a_node_before_the_contracts__waits_as_long_as_it_goes_on(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "_PATIENCE_SECONDS", 0.5)
    indexer, asked = indexer_of(world, engine), list[int]()
    first, head = world.head() + 5, indexer._source.head

    def counted() -> Header:
        asked.append(1)
        return head()

    monkeypatch.setattr(indexer._source, "_first_block", first)
    monkeypatch.setattr(indexer._source, "head", counted)
    with pytest.raises(PageUnsettled, match=rf"at block {first - 5}, the contracts begin at block {first}"):
        indexer.catch_up()
    assert len(asked) < 20

    def read() -> None:
        for _ in range(5):
            time.sleep(0.2)
            world.rpc.call("evm_mine")

    reading = threading.Thread(target=read)
    reading.start()
    try:
        assert indexer.catch_up().number == first
    finally:
        reading.join()


def test_catch_up__after_other_contracts__is_refused(told: World, engine: Engine) -> None:
    indexer_of(told, engine).catch_up()
    source = source_of(told.rpc, told.handle, told.deployment)
    source._own = (1, told.handle.genesis_hash)
    with pytest.raises(IndexForeign, match=r"chain 31373.*chain 1"):
        Indexer(source, IndexTables(engine)).catch_up()


@pytest.mark.parametrize("genesis_at", [GENESIS_AT, GENESIS_AT + 1])
def test_catch_up__another_chain_behind_the_same_connection__forgets_nothing(
    told: World, engine: Engine, tmp_path: Path, genesis_at: int
) -> None:
    source, tables = source_of(told.rpc, told.handle, told.deployment), IndexTables(engine)
    indexer = Indexer(source, tables, one_node=True)
    indexer.catch_up()
    before = tables.digest_of()
    process, source._rpc = start_anvil(EmbeddedOptions(tmp_path, CHAIN_ID, genesis_at), genesis_at, None)
    try:
        for blocks in (0, 2 * told.head()):
            source._rpc.call("anvil_mine", [hex(blocks)])
            with pytest.raises(ForeignChain, match=r"another chain answers .* genesis hash|another chain .* is empty"):
                indexer.catch_up()
        assert tables.digest_of() == before
        source._rpc.close()
        source._rpc = told.rpc
        assert indexer.catch_up().number == told.head()
    finally:
        kill(process)


def test_text__that_is_not_utf_8__is_stored_escaped(world: World, make_database: MakeDatabase) -> None:
    engine = make_database()
    terms = [(CATERING, BEIJING, TILL_ONLY, world.roles.address(KeyRole.ARBITER))]
    call = world.encode("MerchantRegistry", "enter", ["shop-XYZ"], terms).replace(b"shop-XYZ", b"shop\x00\xff\xc3\x28")
    world.senders[KeyRole.REGISTRAR].transact(world.addresses["MerchantRegistry"], call)
    indexer_of(world, engine).catch_up()
    with IndexReads(engine).at_head() as reader:
        assert [merchant.ref for merchant in reader.merchants()] == ["shop\\x00\\xff\\xc3("]


def test_refusal__that_names_an_impossible_voucher__is_stored_beside(told: World, make_database: MakeDatabase) -> None:
    engine = make_database()
    indexer_of(told, engine).catch_up()
    with engine.connect() as connection:
        (row,) = connection.execute(select(t.chain_refusals).where(t.chain_refusals.c.odd.is_not(None))).all()
    assert row.odd == (1 << 200).to_bytes(32, "big") + (1).to_bytes(32, "big")
    assert row.voucher is None
    assert row.merchant == 1


def test_clear__then_catch_up__gives_the_same_digest(told: World, engine: Engine) -> None:
    indexer, tables = indexer_of(told, engine), IndexTables(engine)
    indexer.catch_up()
    before = tables.digest()
    tables.clear()
    assert tables.checkpoint() is None
    indexer.catch_up()
    assert tables.digest() == before
