"""Telling subscribers what happened: signed messages, each at least once, one after the other, as far as each has come.

Who is due is looked up by one thread; each subscriber is told on a thread of its own, so one that hangs holds up nobody. A lease
in the database keeps two processes from telling the same one; what was taken is written down with it. A process tells those
that it has the key for, and says in its log why it leaves the others.
"""

from __future__ import annotations

import random
import secrets
import threading
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http import HTTPStatus

import orjson
import structlog

from node_api.domain.subscribers import Subscriber, pause_after, signature
from node_api.domain.told import Cursor, EventPage, Happened, Retracted, Wanted
from node_api.services.ports.telling import EventLog, NotReached, Post, SubscriberStore, WebhookKey
from node_api.services.webhook_secrets import Signer, signer_for, unfit_for

LEASE_SECONDS = 60
_KEEP_SECONDS = 1.0  # what was taken is written down at least so often
_LOOK_SECONDS = 0.5
_REST_SECONDS = 5.0  # after a fault that is not the subscriber's
_PAGE = 100
_MOST_AT_ONCE = 32
_TURN_SECONDS = 5.0  # who is told for longer makes room, where others wait
_STOP_SECONDS = 15.0  # the longest that a subscriber may take
_TAKEN = range(200, 300)

_NOWHERE = dict.fromkeys(("offset", "block", "finality", "transaction", "programme", "merchant"))

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Refused:
    """A message that was not taken: why, how many seconds to wait at least, and whether nobody will ever take one there."""

    fault: str
    pause: int = 0
    gone: bool = False


def message(event: Happened | Retracted) -> dict[str, object]:
    """An event as it is told, by webhook and by stream alike."""
    if isinstance(event, Retracted):
        data = {"after_block": event.after_block}
        return {"id": event.id, "type": "chain.retracted", "timestamp": _written(event.at), **_NOWHERE, "data": data}
    block = event.block
    return {
        "id": event.id,
        "type": event.type,
        "timestamp": _written(block.timestamp),
        "offset": f"{block.number}-{event.log}",
        "block": {"number": block.number, "hash": block.hash, "timestamp": block.timestamp},
        "finality": event.finality.value,
        "transaction": event.transaction,
        "programme": event.programme,
        "merchant": event.merchant,
        "data": dict(event.data),
    }


def _written(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Telling:
    """Tells subscribers, as long as it runs. Several processes may share one database."""

    def __init__(self, store: SubscriberStore, events: EventLog, post: Post, key: WebhookKey) -> None:
        """Starts nothing yet.

        Args:
            store: who is told, and how far.
            events: what there is to tell.
            post: the way to a subscriber.
            key: what their secrets are derived from.
        """
        self._store, self._events, self._post, self._key = store, events, post, key
        self._by = secrets.token_hex(16)
        self._stopping = threading.Event()
        self._at_work: dict[str, threading.Thread] = {}
        self._turns: dict[str, float] = {}  # when each was begun with last
        self._crowded = False  # some are due, and all places are taken
        # By name: where looked through from and for what, and up to where nothing was found: not worth writing down.
        self._seen: dict[str, tuple[tuple[Cursor, Wanted], Cursor]] = {}
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._work, name="telling", daemon=True)

    def start(self) -> None:
        """Starts looking who is due."""
        self._thread.start()

    def stop(self) -> None:
        """Lets messages under way come to their end, if it is near, and ends."""
        self._stopping.set()
        deadline = time.monotonic() + _STOP_SECONDS
        for worker in [self._thread, *self._at_work.values()]:
            if worker.is_alive():
                worker.join(max(0.0, deadline - time.monotonic()))

    def _work(self) -> None:
        told = ""
        while not self._stopping.wait(_LOOK_SECONDS):
            try:
                self._look()
                told = ""
            except Exception as error:  # noqa: BLE001  whatever it is, work goes on when it is over
                fault = f"{type(error).__name__}: {error}"
                if fault != told:
                    log.warning("telling_waits", fault=fault)
                told = fault

    def _look(self) -> None:
        """Has those told that are due and are not told already.

        Raises:
            WebhookKeyUnfit: for some of them nothing can be signed here; the others are told.
        """
        subscribers, now = self._store.all(), _now()
        unfit = unfit_for(self._key, subscribers)
        newest = self._events.newest() if subscribers else None
        self._turns = {one.name: self._turns.get(one.name, 0.0) for one in subscribers}
        crowded = False
        for one in sorted(subscribers, key=lambda one: self._turns[one.name]):
            behind = newest is not None and self._from(one) != newest
            with self._lock:
                if one.gone or one.next_at > now or not behind or one.name in self._at_work or one.name in unfit:
                    continue
                if len(self._at_work) >= _MOST_AT_ONCE:
                    crowded = True
                    continue
                worker = threading.Thread(target=self._tell, args=(one,), name=f"telling-{one.name}", daemon=True)
                self._at_work[one.name], self._turns[one.name] = worker, time.monotonic()
                worker.start()
        self._crowded = crowded
        if unfit:
            raise next(iter(unfit.values()))

    def _from(self, one: Subscriber) -> Cursor:
        """Where to go on: beyond what was taken, nothing of what it wants was found up to here."""
        known, seen = self._seen.get(one.name, (None, one.upto))
        return seen if known == (one.upto, one.wanted) else one.upto

    def _tell(self, one: Subscriber) -> None:
        try:
            following: Subscriber | None = one
            while following is not None and not self._stopping.is_set() and not self._makes_room(one.name):
                following = self._go_on(following)
        except Exception as error:  # noqa: BLE001  the lease ends by itself
            log.warning("telling_failed", subscriber=one.name, fault=f"{type(error).__name__}: {error}")
            self._stopping.wait(_REST_SECONDS)
        finally:
            with self._lock:
                self._at_work.pop(one.name, None)

    def _makes_room(self, name: str) -> bool:
        """Whether a subscriber was told for long enough while others wait that are due."""
        return self._crowded and time.monotonic() - self._turns.get(name, 0.0) > _TURN_SECONDS

    def _go_on(self, one: Subscriber) -> Subscriber | None:
        """Tells one page; the subscriber as it stands then, or None where that is all for now."""
        page = self._events.page(self._from(one), one.wanted, _PAGE)
        if not page.events:
            self._seen[one.name] = (one.upto, one.wanted), page.next
            return one if page.more else None
        signer = signer_for(self._key, [one])
        leased = self._store.lease(one.name, self._by, signer.fingerprint, _now(), _lease_end())
        if leased is None:
            return None
        if (leased.upto, leased.url, leased.wanted) != (one.upto, one.url, one.wanted):
            return leased  # somebody told or changed it meanwhile: look again
        taken = self._tell_page(leased, page, signer)
        if taken is None:
            return None
        self._store.release(one.name, self._by)
        if taken == page.events[-1][0]:
            self._seen[one.name] = (taken, one.wanted), page.next
        return replace(leased, upto=taken)

    def _tell_page(self, one: Subscriber, page: EventPage, signer: Signer) -> Cursor | None:
        """Tells one event after the other, and writes down what was taken; up to where, None where it cannot go on."""
        taken, count, kept_at = one.upto, 0, time.monotonic()
        refused = None
        for cursor, event in page.events:
            if self._stopping.is_set() or (count and self._makes_room(one.name)):
                break
            if count and time.monotonic() - kept_at > _KEEP_SECONDS:
                if not self._store.told(one.name, self._by, taken, count, _lease_end()):
                    return None  # it was moved, or somebody else has it
                count, kept_at = 0, time.monotonic()
            refused = self._send(one, event, signer)
            if refused is not None:
                break
            taken, count = cursor, count + 1
        if count and not self._store.told(one.name, self._by, taken, count, _lease_end()):
            return None
        if refused is not None:
            before = one.failures if taken == one.upto else 0  # what it took ended those before
            self._give_up(one.name, before + 1, refused)
            return None
        return taken

    def _send(self, one: Subscriber, event: Happened | Retracted, signer: Signer) -> _Refused | None:
        """Sends one message once; None where it was taken."""
        body, at = orjson.dumps(message(event)), int(time.time())
        try:
            reply = self._post.send(one.url, _headers(one, signer, event.id, at, body), body)
        except NotReached as error:
            return _Refused(str(error))
        if reply.status in _TAKEN:
            return None
        return _Refused(f"status {reply.status}", reply.retry_after or 0, reply.status == HTTPStatus.GONE)

    def _give_up(self, name: str, failures: int, refused: _Refused) -> None:
        wait = max(pause_after(failures, random.random()), 1_000 * refused.pause)
        log.warning("subscriber_not_told", subscriber=name, fault=refused.fault, failures=failures)
        self._store.failed(name, self._by, refused.fault, _now() + wait, gone=refused.gone)


def _headers(one: Subscriber, signer: Signer, message_id: str, at: int, body: bytes) -> dict[str, str]:
    old = signer.old_secret(one, 1_000 * at)
    counting = [signer.secret(one)] + ([] if old is None else [old])
    return {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(signature(secret, message_id, at, body) for secret in counting),
    }


def _now() -> int:
    return time.time_ns() // 1_000_000


def _lease_end() -> int:
    return _now() + 1_000 * LEASE_SECONDS
