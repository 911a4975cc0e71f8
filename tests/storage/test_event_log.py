"""Events as they are told, read from the index, on SQLite and PostgreSQL.

the log
├── page by page, of any size ................ the whole, in the order of the chain, each once
├── of another index of the same chain ....... the same ids and offsets
├── for a programme, for a merchant .......... its part of the whole, the rest looked through
├── of every table it tells of ............... with type, programme, merchant and data
├── behind the newest ........................ empty, and stands still
├── with confirmations ....................... ends so many blocks below the head
└── of blocks that can change ................ says how sure each is
a reorganisation
├── below what was told ...................... one retraction, then what stands there now; told once
├── above it ................................. no retraction
└── followed by an index built anew .......... one retraction all the same; none where the chain has all of it
cursor → its text reads back as itself; a block alone is all of it
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, Table, insert, update

from node_api.domain.finality import Finality, finality
from node_api.domain.ids import MerchantId, ProgrammeId
from node_api.domain.told import WHOLE_BLOCK, Cursor, Happened, Retracted, Wanted
from node_api.storage import tables as t
from node_api.storage.engine import open_database, writing
from node_api.storage.event_log import IndexEvents
from node_api.storage.migrate import migrate
from tests.storage.conftest import MakeDatabase, indexer_of
from tests.world import STARTS_AT, World

EVERYTHING = Wanted()
BEGINNING = Cursor(0, WHOLE_BLOCK, 0)
NAMES = {"0x00000000": "Nothing"}


def whole(
    log: IndexEvents, wanted: Wanted = EVERYTHING, after: Cursor = BEGINNING, limit: int = 100
) -> list[Happened | Retracted]:
    found: list[Happened | Retracted] = []
    while True:
        page = log.page(after, wanted, limit)
        found += [event for _, event in page.events]
        after = page.next
        if not page.more:
            return found


def happened(found: list[Happened | Retracted]) -> list[Happened]:
    assert all(isinstance(event, Happened) for event in found)
    return [event for event in found if isinstance(event, Happened)]


@pytest.fixture
def database(make_database: MakeDatabase) -> Engine:
    """One fact of each kind, one behind the other, in blocks of four."""
    engine = make_database()
    with writing(engine) as connection:
        for log, (table, row, _) in enumerate(ROWS):
            place = {"block": 1 + log // 4, "tx_index": 0, "log_index": log}
            connection.execute(insert(table).values(**row, **place))
        for number in range(1, 6):
            header = {"number": number, "hash": b"h" * 32, "parent": b"p" * 32, "timestamp": number}
            connection.execute(insert(t.blocks).values(**header))
            connection.execute(insert(t.transactions).values(block=number, tx_index=0, hash=b"t" * 32, sender=ACCOUNT))
        connection.execute(insert(t.checkpoint).values(id=1, identity="i", number=5, hash=b"h" * 32))
        place = {"block": 0, "tx_index": 0, "log_index": 0}
        roll = {"roll": 9, "ref": "r", "programme": 3, "places": 5, "flags": 0, "pointer": ACCOUNT}
        connection.execute(insert(t.rolls).values(**roll, **place))
        numbers = ("rules_version", "kind", "face", "minimum_spend", "percentage", "categories", "region", "channels")
        rest = dict.fromkeys((*numbers, "valid_from", "valid_until", "claim_days", "quota"), 1)
        batch = {"batch": 4, "ref": "b", "programme": 3, "line": 3 << 16 | 1}
        connection.execute(insert(t.batches).values(**batch, **rest, **place))
    return engine


@pytest.fixture(scope="module")
def indexed(told: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The index of a whole story, for tests that only read it."""
    engine = open_database(f"sqlite:///{tmp_path_factory.mktemp('indexed') / 'node.sqlite'}")
    migrate(engine)
    indexer_of(told, engine).catch_up()
    yield engine
    engine.dispose()


def test_log__page_by_page__is_the_whole_in_order(indexed: Engine) -> None:
    log = IndexEvents(indexed, NAMES)
    events = happened(whole(log))

    places = [(event.block.number, event.log) for event in events]
    assert places == sorted(places)
    assert len({event.id for event in events}) == len(events)
    for limit in (1, 3, 7):
        assert happened(whole(log, limit=limit)) == events
    kinds = {event.type for event in events}
    assert {"vouchers.issued", "voucher.redeemed", "redemption.refused", "merchant.paid"} <= kinds
    assert {"vouchers.expired", "programme.activated", "programme.closed"} <= kinds
    first = next(event for event in events if event.type == "voucher.redeemed")
    assert (first.programme, first.merchant, first.data["voucher"]) == (1, 1, str(first.data["voucher"]))
    assert str(first.transaction).startswith("0x")


def test_log__of_another_index__has_the_same_ids(indexed: Engine, told: World, make_database: MakeDatabase) -> None:
    other = make_database()
    indexer_of(told, other, page=60).catch_up()

    assert whole(IndexEvents(other, NAMES), limit=7) == whole(IndexEvents(indexed, NAMES))


@pytest.mark.parametrize("limit", [3, 100])
def test_log__for_somebody__is_their_part(indexed: Engine, limit: int) -> None:
    log = IndexEvents(indexed, NAMES)
    events = happened(whole(log))

    for merchant in (1, 2, 99):
        theirs = [event for event in events if event.merchant == merchant]
        assert whole(log, Wanted(merchant=MerchantId(merchant)), limit=limit) == theirs
    for programme in (1, 2, 99):
        its = [event for event in events if event.programme == programme]
        assert whole(log, Wanted(programme=ProgrammeId(programme)), limit=limit) == its
    assert {event.merchant for event in events} >= {1, 2, None}
    assert {event.programme for event in events} >= {1, 2}


VOUCHER = (4 << 35) + (9 << 11) + 3
DIGEST, OTHER, ACCOUNT = b"\xd1" * 32, b"\xd2" * 32, b"\xac" * 20
_REDEEMED = {
    "voucher": VOUCHER,
    "merchant": 7,
    "line": 3 << 16 | 1,
    "day": 5,
    "receipt": OTHER,
    "amount": 50,
    "rules_version": 1,
}
_BOOKED = {"voucher": VOUCHER, "merchant": 7, "line": 3 << 16 | 1, "amount": 50, "digest": DIGEST}
_DISPUTED = {"dispute": 6, "actor": ACCOUNT, "reason": OTHER}
_BY = {"actor": ACCOUNT, "reason": "r"}
_TAKEN_BACK = {"day": 5, "actor": ACCOUNT, "reason": OTHER, "live": True, "swept": False}
_FREEZE = {"kind": "frozen", "holder": b"", "until": 9, "actor": ACCOUNT, "appeal": b"", "reason": "r"}
_LANE = {"kind": "paused", "batch": 0, "channels": 0, "old_until": 0, "until": 9, "actor": ACCOUNT, "reason": "r"}
ROWS: list[tuple[Table, dict[str, object], tuple[str, int | None, int | None]]] = [
    (t.bookings, {**_BOOKED, "service": OTHER, "lapse_at": 9}, ("voucher.booked", 3, 7)),
    (t.redemptions, {**_REDEEMED, "number": 1, "digest": DIGEST}, ("voucher.captured", 3, 7)),
    (t.redemptions, {**_REDEEMED, "number": 2, "digest": OTHER}, ("voucher.redeemed", 3, 7)),
    (t.booking_releases, {**_BOOKED, "actor": ACCOUNT, "swept": False}, ("voucher.released", 3, 7)),
    (t.chain_refusals, {"voucher": VOUCHER, "merchant": 7, "digest": DIGEST, "reason": bytes(4)}, ("redemption.refused", 3, 7)),
    (t.chain_refusals, {"group_index": 0, "item_index": 1, "reason": b"\x01" * 4}, ("redemption.refused", None, None)),
    (t.disputes, {**_DISPUTED, "number": 2, "voucher": VOUCHER, "digest": OTHER, "decide_by": 8}, ("dispute.opened", 3, 7)),
    (t.dispute_decisions, {**_DISPUTED, "stands": False}, ("dispute.decided", 3, 7)),
    (t.reversals, {**_BOOKED, "number": 2, **_TAKEN_BACK}, ("voucher.reversed", 3, 7)),
    (t.revocations, {"voucher": VOUCHER, "line": 3 << 16 | 1, "amount": 50, **_BY}, ("voucher.revoked", 3, None)),
    (t.transfers, {"voucher": VOUCHER, "sender": ACCOUNT, "receiver": ACCOUNT}, ("voucher.transferred", 3, None)),
    (t.freeze_steps, {**_FREEZE, "subject": 1, "number": VOUCHER}, ("freeze.frozen", 3, None)),
    (t.freeze_steps, {**_FREEZE, "subject": 2, "number": 9}, ("freeze.frozen", 3, None)),
    (t.freeze_steps, {**_FREEZE, "subject": 3, "number": 4}, ("freeze.frozen", 3, None)),
    (t.freeze_steps, {**_FREEZE, "subject": 4, "number": 2, "holder": ACCOUNT}, ("freeze.frozen", 2, None)),
    (t.freeze_steps, {**_FREEZE, "subject": 5, "number": 7}, ("freeze.frozen", None, 7)),
    (t.emergency_steps, {**_LANE, "programme": 0}, ("emergency.paused", None, None)),
    (t.emergency_steps, {**_LANE, "programme": 2}, ("emergency.paused", 2, None)),
    (t.emergency_steps, {**_LANE, "kind": "extended", "programme": 0, "batch": 4}, ("emergency.extended", 3, None)),
]  # fmt: skip


def test_log__of_every_table__tells_type_programme_and_merchant(database: Engine) -> None:
    log = IndexEvents(database, NAMES)
    events = happened(whole(log))

    assert [(event.type, event.programme, event.merchant) for event in events] == [told for *_, told in ROWS]
    mine = happened(whole(log, Wanted(merchant=MerchantId(7))))
    assert mine == [event for event in events if event.merchant == 7]
    data = [event.data for event in events]
    assert data[0] == {
        "digest": "0x" + DIGEST.hex(),
        "voucher": str(VOUCHER),
        "line": "196609",
        "service": "0x" + OTHER.hex(),
        "amount": 50,
        "lapse_at": 9,
    }
    assert data[4] == {"voucher": str(VOUCHER), "digest": "0x" + DIGEST.hex(), "reason": "Nothing"}
    assert data[5] == {"voucher": None, "digest": None, "reason": "0x01010101"}
    assert (data[6]["decide_by"], data[7]["stands"], data[8]["live"]) == (8, False, True)
    assert (data[14]["holder"], data[15]["holder"]) == ("0x" + ACCOUNT.hex(), None)


def test_log__behind_the_newest__stands_still(indexed: Engine) -> None:
    log = IndexEvents(indexed, NAMES)
    newest = log.newest()

    page = log.page(newest, EVERYTHING, 10)
    assert (page.events, page.next, page.more) == ([], newest, False)
    assert log.page(Cursor(newest.block + 5, 0, newest.rewinds), EVERYTHING, 10).events == []


def test_log__with_confirmations__ends_below_the_head(indexed: Engine, told: World) -> None:
    shown = happened(whole(IndexEvents(indexed, NAMES, confirmations=lambda: 30)))

    last = told.head() - 30
    assert shown == [event for event in happened(whole(IndexEvents(indexed, NAMES))) if event.block.number <= last]
    assert IndexEvents(indexed, NAMES, confirmations=lambda: 10_000).newest().block == 0
    deep = iter((30, 31, 32, 2))
    log = IndexEvents(indexed, NAMES, confirmations=lambda: next(deep))
    assert [log.newest().block for _ in range(4)] == [told.head() - one for one in (30, 31, 32, 2)]


def test_log__of_blocks_that_can_change__says_how_sure_each_is(indexed: Engine, told: World) -> None:
    head = told.head()
    found = {
        event.block.number: event.finality for event in happened(whole(IndexEvents(indexed, NAMES, final=lambda: 3)))
    }
    assert found == {number: finality(head - number, 3) for number in found}
    assert {Finality.CONFIRMED, Finality.FINAL} <= set(found.values())


def test_reorganisation__below_what_was_told__is_told(world: World, engine: Engine) -> None:
    indexer, log = indexer_of(world, engine), IndexEvents(engine, NAMES)
    world.fund()
    kept = world.head()
    snapshot = world.rpc.call("evm_snapshot")
    world.issue()
    world.spend()
    indexer.catch_up()
    told, cursor, early = happened(whole(log)), log.newest(), Cursor(kept, WHOLE_BLOCK, 0)

    world.rpc.call("evm_revert", [snapshot])
    for sender in world.senders.values():
        sender.forget_nonce()
    world.mine(3)
    world.issue()
    world.redeem_first_pair(STARTS_AT + 500)
    indexer.catch_up()

    page = log.page(cursor, EVERYTHING, 100)
    (_, retracted), *rest = page.events
    assert isinstance(retracted, Retracted)
    assert retracted.after_block <= kept
    now = happened([event for _, event in rest])
    stands = [event for event in told if event.block.number <= retracted.after_block]
    assert [*stands, *now] == happened(whole(log))
    assert not {event.id for event in now if event.block.number > kept} & {event.id for event in told}
    assert log.page(page.next, EVERYTHING, 100).events == []
    assert (page.next.rewinds, page.more) == (log.newest().rewinds, False)
    assert isinstance(log.page(early, EVERYTHING, 1).events[0][1], Retracted) == (retracted.after_block < kept)
    assert isinstance(log.page(Cursor(1, 0, 0), EVERYTHING, 1).events[0][1], Happened)


def test_index_built_anew__where_blocks_are_gone__tells_of_it(world: World, make_database: MakeDatabase) -> None:
    engine = make_database()
    indexer, log = indexer_of(world, engine), IndexEvents(engine, NAMES)
    world.fund()
    kept = world.head()
    snapshot = world.rpc.call("evm_snapshot")
    world.issue()
    told = (indexer.catch_up(), happened(whole(log)), log.newest())[1:]

    indexer.rebuild()
    assert (happened(whole(log)), log.newest()) == told
    assert log.page(log.newest(), EVERYTHING, 100).events == []

    world.rpc.call("evm_revert", [snapshot])
    for sender in world.senders.values():
        sender.forget_nonce()
    world.mine(3)
    world.issue()
    indexer.rebuild()

    (_, retracted), *rest = log.page(told[1], EVERYTHING, 100).events
    assert isinstance(retracted, Retracted)
    assert 0 < retracted.after_block <= kept
    stands = [event for event in told[0] if event.block.number <= retracted.after_block]
    assert [*stands, *happened([event for _, event in rest])] == happened(whole(log))


def test_index_built_anew__of_other_contracts__tells_that_nothing_stands(told: World, engine: Engine) -> None:
    indexer_of(told, engine).catch_up()
    log = IndexEvents(engine, NAMES)
    everything, cursor = whole(log), log.newest()
    with writing(engine) as connection:
        connection.execute(update(t.checkpoint).values(identity="another chain's"))

    indexer_of(told, engine).rebuild()

    (_, retracted), *_ = log.page(cursor, EVERYTHING, 1).events
    assert isinstance(retracted, Retracted)
    assert retracted.after_block == 0
    assert whole(log, after=Cursor(0, WHOLE_BLOCK, log.newest().rewinds)) == everything


@pytest.mark.parametrize(
    "cursor", [Cursor(0, WHOLE_BLOCK, 0), Cursor(7, 3, 0), Cursor(7, WHOLE_BLOCK, 2), Cursor(1, 0, 9)]
)
def test_cursor__as_text__reads_back(cursor: Cursor) -> None:
    assert Cursor.read(str(cursor), 0) == cursor


def test_cursor__without_a_rewind__takes_the_one_given() -> None:
    assert Cursor.read("7", 4) == Cursor(7, WHOLE_BLOCK, 4)
    assert Cursor.read("7-1", 4) == Cursor(7, 1, 4)
