"""What this node signs messages to subscribers with, and for whom it must not: whose secret is derived from another key."""

from __future__ import annotations

from collections.abc import Sequence

from node_api.domain.errors import WebhookKeyUnfit
from node_api.domain.fingerprints import fingerprint
from node_api.domain.subscribers import Subscriber, secret_of
from node_api.services.ports.telling import WebhookKey


class Signer:
    """Signs for the subscribers whose secrets are derived from one key."""

    def __init__(self, master: bytes) -> None:
        """Takes the key."""
        self._master, self.fingerprint = master, fingerprint(master)

    def secret(self, subscriber: Subscriber) -> bytes:
        """A subscriber's secret. Raises WebhookKeyUnfit."""
        self.require(subscriber)
        return secret_of(self._master, subscriber.salt)

    def old_secret(self, subscriber: Subscriber, at: int) -> bytes | None:
        """The one before, where it counts at that time, milliseconds."""
        if subscriber.old_salt is None or subscriber.old_until <= at:
            return None
        return secret_of(self._master, subscriber.old_salt)

    def require(self, subscriber: Subscriber) -> None:
        """Raises WebhookKeyUnfit where the subscriber's secret is known to be derived from another key."""
        if subscriber.fingerprint not in (None, self.fingerprint):
            ours, theirs = f"webhooks.key here has the fingerprint {self.fingerprint}", subscriber.fingerprint
            raise WebhookKeyUnfit(f"{ours}, the secret of subscriber {subscriber.name} comes from {theirs}")


def signer_for(key: WebhookKey, subscribers: Sequence[Subscriber]) -> Signer:
    """Signs for these subscribers, all there are; for none, for whoever is put first.

    Raises:
        WebhookKeyUnfit: the key is missing while there are some, it cannot be used, or it is another one than one of theirs.
    """
    signer = _any_signer(key, subscribers) if subscribers else Signer(key.made())
    for one in subscribers:
        signer.require(one)
    return signer


def unfit_for(key: WebhookKey, subscribers: Sequence[Subscriber]) -> dict[str, WebhookKeyUnfit]:
    """Those of the subscribers, by name, that nothing can be signed for here, and why."""
    found = {}
    for one in subscribers:
        try:
            _any_signer(key, [one]).require(one)
        except WebhookKeyUnfit as fault:
            found[one.name] = fault
    return found


def _any_signer(key: WebhookKey, subscribers: Sequence[Subscriber]) -> Signer:
    master = key.read()
    if master is None:
        one = subscribers[0]
        named = "" if one.fingerprint is None else f", which comes from the one with the fingerprint {one.fingerprint}"
        raise WebhookKeyUnfit(f"webhooks.key is missing here, and subscriber {one.name} has a secret{named}")
    return Signer(master)
