"""Putting, listing, moving and removing subscribers."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable

from node_api.domain.errors import SubscriberUnknown
from node_api.domain.subscribers import Subscriber, secret_of, secret_text
from node_api.domain.told import Cursor, Wanted
from node_api.services.ports.telling import EventLog, Post, SubscriberStore

_SALT_BYTES = 16
OLD_SECRET_SECONDS = 86_400


class Subscribing:
    """Who is told of events. Thread-safe."""

    def __init__(self, store: SubscriberStore, events: EventLog, post: Post, master: Callable[[], bytes]) -> None:
        """`master` gives what secrets are derived from."""
        self._store, self._events, self._post, self._master = store, events, post, master

    def put(self, name: str, url: str, wanted: Wanted, after: str | None) -> tuple[Subscriber, str]:
        """Adds a subscriber, or gives the one of this name another address and filter; the same again changes nothing.

        Args:
            name: as it is to be called.
            url: where messages go.
            wanted: which events.
            after: a new one is told what follows this cursor; without it, what happens from now on.

        Returns: what is kept, and its secret.

        Raises:
            AddressRefused: nothing is sent there.
        """
        self._post.require_fit(url)
        begin = self._events.newest() if after is None else self._cursor(after)
        kept = self._store.put(Subscriber(name, url, wanted, secrets.token_bytes(_SALT_BYTES), begin))
        return kept, self._secret(kept)

    def all(self) -> list[Subscriber]:
        """Every subscriber, by name."""
        return self._store.all()

    def remove(self, name: str) -> None:
        """Forgets one.

        Raises:
            SubscriberUnknown: there is none of the name.
        """
        if not self._store.remove(name):
            raise SubscriberUnknown(f"subscriber {name}")

    def replay(self, name: str, after: str) -> Subscriber:
        """Has everything behind a cursor told again.

        Raises:
            SubscriberUnknown: there is none of the name.
        """
        return _known(self._store.move(name, self._cursor(after)), name)

    def rotate(self, name: str) -> tuple[Subscriber, str]:
        """Gives it a new secret; for a day messages are signed with the one before, too.

        Raises:
            SubscriberUnknown: there is none of the name.
        """
        until = 1_000 * (int(time.time()) + OLD_SECRET_SECONDS)
        kept = _known(self._store.renew_salt(name, secrets.token_bytes(_SALT_BYTES), until), name)
        return kept, self._secret(kept)

    def _cursor(self, text: str) -> Cursor:
        """Without a rewind named it is read as of now: nothing told before is taken back."""
        return Cursor.read(text, self._events.newest().rewinds)

    def _secret(self, subscriber: Subscriber) -> str:
        return secret_text(secret_of(self._master(), subscriber.salt))


def _known(found: Subscriber | None, name: str) -> Subscriber:
    if found is None:
        raise SubscriberUnknown(f"subscriber {name}")
    return found
