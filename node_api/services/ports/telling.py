"""Where events are read from, where subscribers are kept, and how they are reached."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from node_api.domain.subscribers import Subscriber
from node_api.domain.told import Cursor, EventPage, Wanted


class EventLog(Protocol):
    """The events of the index in the order of the chain. Thread-safe."""

    def newest(self) -> Cursor:
        """Behind everything there is to tell now."""
        ...

    def read_upto(self) -> int:
        """Number of the newest block that the index has read, whether it is told of yet or not; -1 where it has read none."""
        ...

    def page(self, after: Cursor, wanted: Wanted, limit: int) -> EventPage:
        """What follows a cursor, `limit` events or a few more at most; of one state of the index.

        Where the index went back below the cursor since, the page begins with one `Retracted` and goes on from there.
        """
        ...


class SubscriberStore(Protocol):
    """Keeps subscribers with how far each has been told. Thread-safe; every method is one transaction."""

    def put(self, subscriber: Subscriber) -> Subscriber:
        """Adds one, or gives the one of this name another address and filter; it then stays where it was, and is tried at once.

        Its fingerprint is written down where none was known.

        Returns: what is kept.
        """
        ...

    def get(self, name: str) -> Subscriber | None:
        """One by its name."""
        ...

    def all(self) -> list[Subscriber]:
        """All of them, by name."""
        ...

    def remove(self, name: str) -> bool:
        """Forgets one; False where there is none of the name."""
        ...

    def move(self, name: str, to: Cursor) -> Subscriber | None:
        """Has it told again from a place on, at once. Whoever tells it now stops."""
        ...

    def renew_salt(self, name: str, fingerprint: str, salt: bytes, old_until: int) -> Subscriber | None:
        """Gives it another salt; the one before counts beside it until `old_until`, milliseconds.

        Its fingerprint is written down where none was known; None where it is another one, as where there is none of the name.
        """
        ...

    def lease(self, name: str, by: str, fingerprint: str, now: int, until: int) -> Subscriber | None:
        """Takes one for oneself until a time, milliseconds; None where another has it, or it is not its time.

        Its fingerprint is written down where none was known; None where it is another one.
        """
        ...

    def told(self, name: str, by: str, upto: Cursor, count: int, lease_until: int) -> bool:
        """Writes down how far it has been told, and lengthens the lease; False where it is not one's own any more."""
        ...

    def failed(self, name: str, by: str, fault: str, next_at: int, *, gone: bool) -> None:
        """Writes down that it could not be told, when to try again, and gives the lease back; `gone` stops for good."""
        ...

    def release(self, name: str, by: str) -> None:
        """Gives a lease back."""
        ...


class WebhookKey(Protocol):
    """The key file that subscribers' secrets are derived from. Thread-safe.

    Both methods raise WebhookKeyUnfit where it cannot be used.
    """

    def read(self) -> bytes | None:
        """Its 32 bytes; None where there is no file."""
        ...

    def made(self) -> bytes:
        """Likewise; it is made where there is no file. Only for a database that has no subscriber."""
        ...


@dataclass(frozen=True, slots=True)
class Reply:
    """What a subscriber answered."""

    status: int
    retry_after: int | None = None


class NotReached(Exception):
    """Nobody answered, or the address is one that must not be asked."""


class Post(Protocol):
    """Carries a message to a subscriber's address. Thread-safe."""

    def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Posts the body once, and reads no more of the answer than its head.

        Raises:
            NotReached: see there.
        """
        ...

    def require_fit(self, url: str) -> None:
        """Checks an address before it is kept; resolves nothing.

        Raises:
            AddressRefused: it is none that would be asked.
        """
        ...
