"""Putting, listing, moving and removing subscribers."""

from __future__ import annotations

import secrets
import time
from dataclasses import replace

from node_api.domain.errors import PlaceAhead, SubscriberUnknown
from node_api.domain.subscribers import Subscriber, secret_text
from node_api.domain.told import Cursor, Wanted
from node_api.services.ports.telling import EventLog, Post, SubscriberStore, WebhookKey
from node_api.services.webhook_secrets import Signer, signer_for, unfit_for

_SALT_BYTES = 16
OLD_SECRET_SECONDS = 86_400


class Subscribing:
    """Who is told of events. Thread-safe."""

    def __init__(self, store: SubscriberStore, events: EventLog, post: Post, key: WebhookKey) -> None:
        """`key` is what secrets are derived from."""
        self._store, self._events, self._post, self._key = store, events, post, key

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
            PlaceAhead: as of `replay`.
            WebhookKeyUnfit: the node's key is not the one that secrets are derived from.
        """
        self._post.require_fit(url)
        begin = self._events.newest() if after is None else self._cursor(after)
        signer = self._signer()
        new = Subscriber(name, url, wanted, secrets.token_bytes(_SALT_BYTES), begin, signer.fingerprint)
        kept = self._store.put(new)
        return kept, secret_text(signer.secret(kept))

    def all(self) -> list[Subscriber]:
        """Every subscriber, by name; as the fault of one that this node cannot sign for stands why."""
        found = self._store.all()
        unfit = unfit_for(self._key, found)
        return [replace(one, fault=str(unfit[one.name])) if one.name in unfit else one for one in found]

    def unsigned(self) -> int:
        """How many of them this node can sign nothing for."""
        return len(unfit_for(self._key, self._store.all()))

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
            PlaceAhead: the index has not read so far: until it has, nothing would be told, and nothing would say so.
            SubscriberUnknown: there is none of the name.
        """
        return _known(self._store.move(name, self._cursor(after)), name)

    def rotate(self, name: str) -> tuple[Subscriber, str]:
        """Gives it a new secret; for a day messages are signed with the one before, too.

        Raises:
            SubscriberUnknown: there is none of the name.
            WebhookKeyUnfit: the node's key is not the one that secrets are derived from.
        """
        _known(self._store.get(name), name)
        signer = self._signer()
        until = 1_000 * (int(time.time()) + OLD_SECRET_SECONDS)
        kept = _known(self._store.renew_salt(name, signer.fingerprint, secrets.token_bytes(_SALT_BYTES), until), name)
        return kept, secret_text(signer.secret(kept))

    def _cursor(self, text: str) -> Cursor:
        """Without a rewind named it is read as of now: nothing told before is taken back.

        One of before the chain went back may lie beyond its head: what is told then begins with that.
        """
        newest, upto = self._events.newest().rewinds, self._events.read_upto()
        found = Cursor.read(text, newest)
        if found.rewinds > newest:
            raise PlaceAhead(f"place {text} knows of {found.rewinds} reorganisations, the index has seen {newest}")
        if found.rewinds == newest and found.block > max(0, upto):
            raise PlaceAhead(f"place {text} is of block {found.block}, the index has read up to block {max(0, upto)}")
        return found

    def _signer(self) -> Signer:
        return signer_for(self._key, self._store.all())


def _known(found: Subscriber | None, name: str) -> Subscriber:
    if found is None:
        raise SubscriberUnknown(f"subscriber {name}")
    return found
