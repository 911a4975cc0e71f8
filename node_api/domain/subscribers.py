"""Who is told of events, and what each message is signed with."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass

from node_api.domain.told import Cursor, Wanted

NAME_PATTERN = "^[a-z0-9][a-z0-9-]{0,39}$"
_SECRET_PREFIX = "whsec_"  # noqa: S105  as Standard Webhooks writes secrets
_FIRST_PAUSE, _LONGEST_PAUSE = 5_000, 3_600_000
_DOUBLINGS = 10


@dataclass(frozen=True, slots=True)
class Subscriber:
    """An address that is told of events, one after the other.

    Attributes:
        salt: what its secret is derived with; public.
        fingerprint: of the `webhooks.key` that its secret is derived from; None where it is of an older release, and was told
            nothing since: the first that signs for it is taken for the right one.
        old_salt: likewise, of the secret before; counts until `old_until`.
        upto: everything up to there was taken.
        told: how many events it took.
        failures: tries in a row that failed.
        next_at: not tried before, milliseconds since 1970.
        fault: why the last try failed.
        gone: it said that it is gone for good: nothing is sent until it is put again.
    """

    name: str
    url: str
    wanted: Wanted
    salt: bytes
    upto: Cursor
    fingerprint: str | None = None
    old_salt: bytes | None = None
    old_until: int = 0
    told: int = 0
    failures: int = 0
    next_at: int = 0
    fault: str | None = None
    gone: bool = False


def pause_after(failures: int, draw: float) -> int:
    """Milliseconds until the next try: doubled with each failure up to an hour, drawn from the upper half of it.

    Args:
        failures: tries in a row that failed, at least 1.
        draw: from [0, 1), so that subscribers that failed together do not come back together.
    """
    longest = min(_LONGEST_PAUSE, _FIRST_PAUSE << min(failures - 1, _DOUBLINGS))
    return int(longest * (0.5 + draw / 2))


def secret_of(master: bytes, salt: bytes) -> bytes:
    """A subscriber's secret: 32 bytes by HKDF-SHA256 (RFC 5869) from the node's master; it is kept nowhere."""
    extracted = hmac.digest(salt, master, hashlib.sha256)
    return hmac.digest(extracted, b"vouchertrail webhook\x01", hashlib.sha256)


def secret_text(secret: bytes) -> str:
    """As Standard Webhooks writes it."""
    return _SECRET_PREFIX + base64.b64encode(secret).decode()


def signature(secret: bytes, message_id: str, at: int, body: bytes) -> str:
    """The `v1` signature of Standard Webhooks: HMAC-SHA256 over id, time in Unix seconds, and body."""
    signed = f"{message_id}.{at}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode()
