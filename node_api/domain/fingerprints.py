"""What tells a secret from another one in public."""

from __future__ import annotations

import hashlib
import hmac

_SALT = b"VoucherTrail fingerprint of a key file, version 1"
_SHOWN_BYTES = 16


def fingerprint(secret: bytes) -> str:
    """Of a drawn secret of 32 bytes: 32 hexadecimal digits by HKDF-SHA256 (RFC 5869), the same for ever; no help to find it.

    Nothing else is derived with this salt, so it tells nothing of what else the secret gives.
    """
    extracted = hmac.digest(_SALT, secret, hashlib.sha256)
    return hmac.digest(extracted, b"fingerprint\x01", hashlib.sha256)[:_SHOWN_BYTES].hex()
