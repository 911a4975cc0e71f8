"""Subscribers in the database, on SQLite and PostgreSQL.

put → kept; again with another address → the same place, tried at once           remove → forgotten
lease → one has it; another gets it once it is over, or given back; not before its time; not one that is gone
told, failed → by who has the lease alone          move → told again from there, and whoever has the lease loses it
a new secret → the one before beside it for a while
the key that its secret is derived from
├── known → put again keeps it; who has another neither leases it nor gives it a new secret
└── not known → written down at the next put, lease or new secret
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from node_api.domain.ids import MerchantId
from node_api.domain.subscribers import Subscriber
from node_api.domain.told import WHOLE_BLOCK, Cursor, Wanted
from node_api.storage.subscribers import Subscribers
from tests.storage.conftest import MakeDatabase

KEY, OTHER_KEY = "0" * 32, "1" * 32
TILL = Subscriber(
    "till", "https://till.example/hook", Wanted(merchant=MerchantId(3)), b"salt", Cursor(4, WHOLE_BLOCK, 0), KEY
)
UPTO = Cursor(9, 2, 1)


@pytest.fixture
def store(make_database: MakeDatabase) -> Subscribers:
    return Subscribers(make_database())


def test_put__again__changes_address_and_filter_alone(store: Subscribers) -> None:
    assert store.put(TILL) == store.get("till") == TILL
    assert store.lease("till", "a", KEY, 0, 10) is not None
    store.told("till", "a", UPTO, 2, 20)
    store.failed("till", "a", "status 500", 99, gone=True)

    other = store.put(replace(TILL, url="https://new.example/", wanted=Wanted(), salt=b"other", upto=Cursor(0, 0, 0)))

    assert other == replace(TILL, url="https://new.example/", wanted=Wanted(), upto=UPTO, told=2)
    assert store.all() == [other]
    assert store.remove("till")
    assert not store.remove("till")
    assert store.get("till") is None


def test_lease__of_one__keeps_others_off(store: Subscribers) -> None:
    store.put(TILL)

    assert store.lease("till", "a", KEY, 0, 10) == TILL
    assert store.lease("till", "b", KEY, 9, 19) is None
    assert store.lease("till", "a", KEY, 9, 12) == TILL
    assert store.lease("till", "b", KEY, 12, 22) == TILL
    assert not store.told("till", "a", UPTO, 1, 30)
    store.failed("till", "a", "late", 1_000, gone=False)
    store.release("till", "a")
    assert store.told("till", "b", UPTO, 1, 30)
    assert store.lease("till", "a", KEY, 29, 40) is None
    store.release("till", "b")
    assert store.lease("till", "a", KEY, 29, 40) == replace(TILL, upto=UPTO, told=1)
    assert store.lease("nobody", "a", KEY, 0, 10) is None


def test_failed__until_its_time__is_not_leased(store: Subscribers) -> None:
    store.put(TILL)
    store.lease("till", "a", KEY, 0, 10)
    store.failed("till", "a", "x" * 600, 50, gone=False)

    assert store.lease("till", "a", KEY, 49, 60) is None
    leased = store.lease("till", "b", KEY, 50, 60)
    assert leased == replace(TILL, failures=1, next_at=50, fault="x" * 500)
    assert store.told("till", "b", UPTO, 1, 60)
    assert store.get("till") == replace(TILL, upto=UPTO, told=1)
    store.failed("till", "b", "status 410", 0, gone=True)
    assert store.lease("till", "b", KEY, 99, 100) is None


def test_move__of_one_being_told__takes_the_lease_away(store: Subscribers) -> None:
    store.put(TILL)
    store.lease("till", "a", KEY, 0, 10)

    assert store.move("till", Cursor(0, 0, 0)) == replace(TILL, upto=Cursor(0, 0, 0))
    assert not store.told("till", "a", UPTO, 1, 20)
    assert store.get("till") == replace(TILL, upto=Cursor(0, 0, 0))
    assert store.move("nobody", UPTO) is None


def test_salt__renewed__keeps_the_one_before(store: Subscribers) -> None:
    store.put(TILL)

    assert store.renew_salt("till", KEY, b"new", 500) == replace(TILL, salt=b"new", old_salt=b"salt", old_until=500)
    assert store.renew_salt("nobody", KEY, b"new", 500) is None


def test_key__known__keeps_others_off(store: Subscribers) -> None:
    store.put(TILL)

    assert store.put(replace(TILL, fingerprint=OTHER_KEY)) == TILL
    assert store.lease("till", "a", OTHER_KEY, 0, 10) is None
    assert store.renew_salt("till", OTHER_KEY, b"new", 500) is None
    assert store.get("till") == TILL


def test_key__not_known__is_written_down_by_the_first(store: Subscribers) -> None:
    older = replace(TILL, fingerprint=None)

    ways: tuple[Callable[[], object], ...] = (
        lambda: store.put(TILL),
        lambda: store.lease("till", "a", KEY, 0, 10),
        lambda: store.renew_salt("till", KEY, b"new", 500),
    )
    for write_down in ways:
        assert store.put(older) == older
        write_down()
        assert store.get("till").fingerprint == KEY  # type: ignore[union-attr]
        store.remove("till")
