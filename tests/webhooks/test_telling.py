"""Telling subscribers, with a real database, a real chain's events, and real receivers.

a subscriber
├── well .............................. told everything once, in order, each message signed (Standard Webhooks)
├── that refuses for a while .......... the same message again until it is taken, none skipped
├── that refuses after it took some ... waits as after a first failure, whatever was before
├── replayed .......................... told again from there; not from beyond what the index has read, but for a place
│                                       of before the chain went back: that begins with what does not stand any more
├── put again with another filter ..... told what that one finds, from where it is put or replayed
├── gone (410) ........................ told nothing any more until it is put again
├── without an end to its answer ...... holds up nobody else
├── slow, with all places taken ........ makes room for those that wait, in turns
├── that trickles ..................... is given up, and told at its next address once it is put there
└── with a new secret ................. both sign for a day
two processes on one database ......... each message once
a process killed in the middle ........ another goes on with what was not written down
a process with another webhooks.key, or none
├── signs for nobody, and says so ..... in its log, its list, and to who puts or rotates; who has the right one tells
├── makes none ........................ while the database has subscribers, of an older release too
└── makes one ......................... where it has none; another one signs for nobody then
secrets ............................... differ by salt; the vector of Standard Webhooks; none is in the database
pauses ................................ double up to an hour, drawn from the upper half
"""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, delete, insert, select, update
from structlog.testing import capture_logs

from node_api.chain.webhook_key import WebhookKey
from node_api.domain.errors import PlaceAhead, SubscriberUnknown, WebhookKeyUnfit
from node_api.domain.fingerprints import fingerprint
from node_api.domain.ids import MerchantId
from node_api.domain.subscribers import pause_after, secret_of, secret_text, signature
from node_api.domain.told import WHOLE_BLOCK, Cursor, Wanted
from node_api.services.subscribing import Subscribing
from node_api.services.telling import Telling
from node_api.storage.engine import open_database, reading, writing
from node_api.storage.event_log import IndexEvents
from node_api.storage.migrate import migrate
from node_api.storage.operation_tables import index_rewinds, subscribers
from node_api.storage.subscribers import Subscribers
from node_api.webhooks.post import HttpPost
from tests.storage.conftest import indexer_of
from tests.webhooks.receiver import Receiver, Taken, receiving, trickling
from tests.world import World

MASTER = b"m" * 32


class Key:
    """Implements the port `WebhookKey`, in memory."""

    def __init__(self, master: bytes | None) -> None:
        self.master = master

    def read(self) -> bytes | None:
        return self.master

    def made(self) -> bytes:
        self.master = self.master or b"n" * 32
        return self.master


OURS, OTHERS = Key(MASTER), Key(b"o" * 32)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A database that knows a whole story; each test has subscribers of its own."""
    folder = tmp_path_factory.mktemp("telling")
    world = World(folder / "chain").start()
    engine = open_database(f"sqlite:///{folder / 'node.sqlite'}")
    migrate(engine)
    world.whole_story()
    indexer_of(world, engine).catch_up()
    world.stop()
    yield engine
    engine.dispose()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def begun(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Telling]]:
    """Starts a process's worker; pauses are short."""
    monkeypatch.setattr("node_api.services.telling._LOOK_SECONDS", 0.02)
    monkeypatch.setattr("node_api.services.telling.pause_after", lambda *_: 50)
    running: list[Telling] = []

    def begin(key: Key = OURS) -> Telling:
        running.append(Telling(Subscribers(engine), IndexEvents(engine, {}), HttpPost(allow_private=True), key))
        running[-1].start()
        return running[-1]

    yield begin
    for telling in running:
        telling.stop()
    for one in Subscribers(engine).all():
        Subscribers(engine).remove(one.name)


def subscribing(engine: Engine, key: Key = OURS) -> Subscribing:
    return Subscribing(Subscribers(engine), IndexEvents(engine, {}), HttpPost(allow_private=True), key)


def ids(engine: Engine) -> list[str]:
    """Of everything there is to tell."""
    page = IndexEvents(engine, {}).page(Cursor(0, WHOLE_BLOCK, 0), Wanted(), 10_000)
    assert len(page.events) > 20
    return [event.id for _, event in page.events]


def until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not done():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.02)


def settled(engine: Engine, name: str, told: int) -> Callable[[], bool]:
    def done() -> bool:
        one = Subscribers(engine).get(name)
        return one is not None and one.told == told

    return done


def test_subscriber__well__is_told_everything_once_in_order_and_signed(
    engine: Engine, receiver: Receiver, begun: Callable[..., Telling]
) -> None:
    wanted = ids(engine)
    _, secret = subscribing(engine).put("well", receiver.url, Wanted(), "0")
    begun()
    until(settled(engine, "well", len(wanted)))

    assert [one.id for one in receiver.taken] == [one.message["id"] for one in receiver.taken] == wanted
    for one in receiver.taken[:3]:
        at = int(one.headers["webhook-timestamp"])
        assert abs(at - time.time()) < 30
        key = base64.b64decode(secret.removeprefix("whsec_"))
        assert one.headers["webhook-signature"] == signature(key, one.id, at, one.body)
    assert Subscribers(engine).get("well").upto.block > 0  # type: ignore[union-attr]


def test_subscriber__that_refuses_for_a_while__misses_nothing(
    engine: Engine, receiver: Receiver, begun: Callable[..., Telling]
) -> None:
    wanted = ids(engine)
    answers = iter([204, 204, 500, 302, 404])
    receiver.answer = lambda _: next(answers, 204)
    subscribing(engine).put("moody", receiver.url, Wanted(), "0")
    begun()
    until(settled(engine, "moody", len(wanted)))

    assert [one.id for one in receiver.taken] == [*wanted[:2], *[wanted[2]] * 3, *wanted[2:]]
    assert Subscribers(engine).get("moody").failures == 0  # type: ignore[union-attr]


def test_subscriber__that_refuses_after_it_took_some__waits_as_after_a_first_failure(
    engine: Engine, receiver: Receiver, begun: Callable[..., Telling], monkeypatch: pytest.MonkeyPatch
) -> None:
    failures: list[int] = []

    def pause(failed: int, _: float) -> int:
        failures.append(failed)
        return 20

    monkeypatch.setattr("node_api.services.telling.pause_after", pause)
    answers = iter([500, 500, 500, 204, 204, 500, 500])
    receiver.answer = lambda _: next(answers, 204)
    subscribing(engine).put("relapsed", receiver.url, Wanted(), "0")
    begun()
    until(settled(engine, "relapsed", len(ids(engine))))

    assert failures == [1, 2, 3, 1, 2]


def test_subscriber__replayed__is_told_again_from_there(
    engine: Engine, receiver: Receiver, begun: Callable[..., Telling]
) -> None:
    wanted = ids(engine)
    subscribing(engine).put("again", receiver.url, Wanted(), None)
    begun()
    time.sleep(0.2)
    assert receiver.taken == []

    offset = wanted[-5].removeprefix("evt_").rpartition("-")[0]
    subscribing(engine).replay("again", offset)
    until(settled(engine, "again", 4))
    assert [one.id for one in receiver.taken] == wanted[-4:]


def test_subscriber__replayed_from_beyond_the_head__is_refused_unless_the_chain_went_back(
    engine: Engine, receiver: Receiver, begun: Callable[..., Telling]
) -> None:
    events, ours = IndexEvents(engine, {}), subscribing(engine)
    head = events.read_upto()
    ours.put("ahead", receiver.url, Wanted(), None)
    ours.replay("ahead", f"{head}-9")
    for after in (f"{head + 1}", f"{head + 1}-0-0", "0-0-1"):
        with pytest.raises(PlaceAhead):
            ours.replay("ahead", after)
    with writing(engine) as connection:
        connection.execute(insert(index_rewinds).values(number=1, to_block=head, at=1_000))
    try:
        with pytest.raises(PlaceAhead):
            ours.replay("ahead", f"{head + 1}-0-1")
        ours.replay("ahead", f"{head + 1}-0-0")
        begun()
        until(settled(engine, "ahead", 1))
    finally:
        with writing(engine) as connection:
            connection.execute(delete(index_rewinds))
    assert [one.id for one in receiver.taken] == [f"ret_1-{head}"]


@pytest.mark.parametrize("removed", [False, True], ids=["replayed", "removed first"])
def test_subscriber__put_again_with_another_filter__is_told_what_that_finds(
    engine: Engine, receiver: Receiver, begun: Callable[..., Telling], removed: bool
) -> None:
    subscribing(engine).put("mended", receiver.url, Wanted(merchant=MerchantId(9_999)), "0")
    begun()
    time.sleep(0.2)  # looked through: there is nothing of that merchant
    if removed:
        subscribing(engine).remove("mended")
    subscribing(engine).put("mended", receiver.url, Wanted(), "0")
    if not removed:
        subscribing(engine).replay("mended", "0")
    until(settled(engine, "mended", len(ids(engine))))


def test_subscriber__gone__is_left_alone_until_it_is_put_again(
    engine: Engine, receiver: Receiver, begun: Callable[..., Telling]
) -> None:
    receiver.answer = lambda _: 410
    subscribing(engine).put("gone", receiver.url, Wanted(), "0")
    begun()
    until(lambda: Subscribers(engine).get("gone").gone)  # type: ignore[union-attr]
    time.sleep(0.2)
    assert len(receiver.taken) == 1

    receiver.answer = lambda _: 200
    subscribing(engine).put("gone", receiver.url, Wanted(), None)
    until(settled(engine, "gone", len(ids(engine))))


def test_subscriber__that_hangs__holds_up_nobody(
    engine: Engine, receiver: Receiver, begun: Callable[..., Telling]
) -> None:
    free = threading.Event()
    with receiving() as stuck:
        stuck.answer = lambda _: 200 if free.wait(10) else 500
        subscribing(engine).put("a-stuck", stuck.url, Wanted(), "0")
        subscribing(engine).put("b-well", receiver.url, Wanted(), "0")
        begun()
        until(settled(engine, "b-well", len(ids(engine))))
        assert (len(stuck.taken), Subscribers(engine).get("a-stuck").told) == (1, 0)  # type: ignore[union-attr]
        free.set()
        until(settled(engine, "a-stuck", len(ids(engine))))


def test_subscribers__slow_and_more_than_there_are_places__are_told_in_turns(
    engine: Engine, receiver: Receiver, begun: Callable[..., Telling], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("node_api.services.telling._MOST_AT_ONCE", 1)
    monkeypatch.setattr("node_api.services.telling._TURN_SECONDS", 0.2)

    def slow(_: Taken) -> int:
        time.sleep(0.1)
        return 204

    receiver.answer = slow
    names, total = ("a", "b", "c"), len(ids(engine))
    for name in names:
        subscribing(engine).put(name, receiver.url, Wanted(), "0")
    begun()
    until(lambda: all((one := Subscribers(engine).get(name)) is not None and one.told > 0 for name in names))
    assert all(one.told < total for one in Subscribers(engine).all())
    receiver.answer = lambda _: 204
    for name in names:
        until(settled(engine, name, total))
    assert sorted(one.id for one in receiver.taken) == sorted(3 * ids(engine))


def test_subscriber__that_trickles__is_told_at_its_next_address(
    engine: Engine, receiver: Receiver, begun: Callable[..., Telling], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("node_api.webhooks.post._ANSWER_SECONDS", 0.3)
    with trickling(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 10_000, 0.01) as (port, left):
        subscribing(engine).put("slow", f"http://127.0.0.1:{port}/", Wanted(), "0")
        begun()
        assert left.wait(20)
        until(lambda: Subscribers(engine).get("slow").failures > 0)  # type: ignore[union-attr]
        assert "no answer" in str(Subscribers(engine).get("slow").fault)  # type: ignore[union-attr]
        monkeypatch.setattr("node_api.webhooks.post._ANSWER_SECONDS", 10.0)
        subscribing(engine).put("slow", receiver.url, Wanted(), None)
        until(settled(engine, "slow", len(ids(engine))))


def test_subscriber__with_a_new_secret__gets_both_signatures(
    engine: Engine, receiver: Receiver, begun: Callable[..., Telling]
) -> None:
    _, old = subscribing(engine).put("turned", receiver.url, Wanted(), "0")
    _, new = subscribing(engine).rotate("turned")
    begun()
    until(settled(engine, "turned", len(ids(engine))))

    one = receiver.taken[0]
    keys = [base64.b64decode(secret.removeprefix("whsec_")) for secret in (new, old)]
    expected = [signature(key, one.id, int(one.headers["webhook-timestamp"]), one.body) for key in keys]
    assert one.headers["webhook-signature"].split(" ") == expected
    assert old != new


def test_processes__two_on_one_database__tell_once(
    engine: Engine, receiver: Receiver, begun: Callable[..., Telling]
) -> None:
    wanted = ids(engine)
    subscribing(engine).put("shared", receiver.url, Wanted(), "0")
    for _ in range(3):
        begun()
    until(settled(engine, "shared", len(wanted)))
    time.sleep(0.2)

    assert [one.id for one in receiver.taken] == wanted


def test_process__killed_in_the_middle__leaves_the_rest_to_another(
    engine: Engine, receiver: Receiver, begun: Callable[..., Telling]
) -> None:
    wanted = ids(engine)
    store = Subscribers(engine)
    subscribing(engine).put("left", receiver.url, Wanted(), "0")
    now = time.time_ns() // 1_000_000
    until_then = now + 3_000  # far more than a slow machine needs to get to the look below
    leased = store.lease("left", "killed", fingerprint(MASTER), now, until_then)
    assert leased is not None
    (cursor, _), *_ = IndexEvents(engine, {}).page(leased.upto, Wanted(), 1).events
    store.told("left", "killed", cursor, 1, until_then)
    begun()
    time.sleep(0.2)
    assert receiver.taken == []
    until(settled(engine, "left", len(wanted)))
    assert [one.id for one in receiver.taken] == wanted[1:]


@pytest.mark.parametrize("key", [OTHERS, Key(None)], ids=["another", "none"])
def test_process__without_the_right_key__signs_for_nobody_and_says_so(
    engine: Engine, receiver: Receiver, begun: Callable[..., Telling], key: Key
) -> None:
    _, secret = subscribing(engine).put("ours", receiver.url, Wanted(), "0")
    with capture_logs() as logs:
        begun(key)
        until(lambda: bool(logs))
        time.sleep(0.2)

    assert receiver.taken == []
    assert [(one["event"], one["fault"][:15]) for one in logs] == [("telling_waits", "WebhookKeyUnfit")]
    (listed,) = subscribing(engine, key).all()
    assert fingerprint(MASTER) in str(listed.fault)
    assert "the rule: every process on a database has the same keys/webhooks.key" in str(listed.fault)
    for name in ("ours", "theirs"):
        with pytest.raises(WebhookKeyUnfit):
            subscribing(engine, key).put(name, receiver.url, Wanted(), "0")
    with pytest.raises(WebhookKeyUnfit):
        subscribing(engine, key).rotate("ours")
    assert [one.fault for one in subscribing(engine).all()] == [None]
    assert (subscribing(engine, key).unsigned(), subscribing(engine).unsigned()) == (1, 0)

    begun()
    until(settled(engine, "ours", len(ids(engine))))
    first = receiver.taken[0]
    signed = signature(
        base64.b64decode(secret.removeprefix("whsec_")), first.id, int(first.headers["webhook-timestamp"]), first.body
    )
    assert first.headers["webhook-signature"] == signed


def test_process__without_a_key__makes_one_for_the_first_subscriber_alone(engine: Engine, receiver: Receiver) -> None:
    key = Key(None)
    with pytest.raises(SubscriberUnknown):
        subscribing(engine, key).rotate("first")
    assert key.master is None
    subscribing(engine, key).put("first", receiver.url, Wanted(), None)
    with pytest.raises(
        WebhookKeyUnfit, match=r"webhooks\.key is missing here, and subscriber first has a secret, which"
    ):
        subscribing(engine, Key(None)).put("second", receiver.url, Wanted(), None)
    with writing(engine) as connection:
        connection.execute(update(subscribers).values(fingerprint=None))  # as an older release left it
    with pytest.raises(WebhookKeyUnfit, match="subscriber first has a secret;"):
        subscribing(engine, Key(None)).put("second", receiver.url, Wanted(), None)
    subscribing(engine).remove("first")


def test_subscriber__of_an_older_release__is_of_the_key_that_tells_it_first(
    engine: Engine, receiver: Receiver, begun: Callable[..., Telling]
) -> None:
    subscribing(engine).put("older", receiver.url, Wanted(), "0")
    with writing(engine) as connection:
        connection.execute(update(subscribers).values(fingerprint=None))
    begun()
    until(settled(engine, "older", len(ids(engine))))

    assert Subscribers(engine).get("older").fingerprint == fingerprint(MASTER)  # type: ignore[union-attr]


def test_secret__of_a_subscriber__is_in_no_database(engine: Engine, receiver: Receiver) -> None:
    _, first = subscribing(engine).put("one", receiver.url, Wanted(), None)
    _, second = subscribing(engine).put("two", receiver.url, Wanted(), None)
    _, same = subscribing(engine).put("one", receiver.url, Wanted(), None)

    assert first == same != second
    with reading(engine) as connection:
        rows = str(connection.execute(select(subscribers)).all())
    key = base64.b64decode(first.removeprefix("whsec_"))
    assert all(secret not in rows for secret in (first[6:], str(key)[2:-1], key.hex()))
    for name in ("one", "two"):
        subscribing(engine).remove(name)


def test_signature__of_the_published_example__is_the_published_one() -> None:
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signed = signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')

    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert secret_text(secret_of(MASTER, b"a")) != secret_text(secret_of(MASTER, b"b"))
    assert len(secret_of(MASTER, b"a")) == 32


@pytest.mark.parametrize(
    ("failures", "longest"), [(1, 5_000), (2, 10_000), (10, 2_560_000), (11, 3_600_000), (99, 3_600_000)]
)
def test_pause__after_failures__doubles_up_to_an_hour(failures: int, longest: int) -> None:
    assert pause_after(failures, 0.0) == longest // 2
    assert longest - 2 <= pause_after(failures, 0.999_999_9) <= longest


def test_key__made_once__is_private_and_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    assert WebhookKey(folder).read() is None
    first, second = WebhookKey(folder).made(), WebhookKey(folder).read()

    assert first == second == WebhookKey(folder).made()
    assert len(first) == 32
    assert (folder / "webhooks.key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("content", "mode", "told"),
    [("zz", 0o600, "not hexadecimal"), ("00", 0o600, "1 bytes, not 32"), ("00" * 32, 0o644, "read by others")],
)
def test_key__that_cannot_be_used__is_told(tmp_path: Path, content: str, mode: int, told: str) -> None:
    (tmp_path / "webhooks.key").write_text(content)
    (tmp_path / "webhooks.key").chmod(mode)
    for opened in (WebhookKey(tmp_path).read, WebhookKey(tmp_path).made):
        with pytest.raises(WebhookKeyUnfit, match=told):
            opened()
