"""Who signs: the three ways an import file names a wallet."""

import hashlib
import re
from enum import Enum
from typing import NewType

from node_api.domain.importing.faults import BadValue
from node_api.domain.importing.values import reference

Wallet = NewType("Wallet", str)
"""A reference (custodial), `0x…` (own device) or `device:REFERENCE` (demonstration device)."""

DEVICE_PREFIX = "device:"
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_ZERO = "0x" + "0" * 40
_SECRET_TEXT = "vouchertrail demonstration device "  # noqa: S105 - published on purpose, see docs/import.md


class Custody(Enum):
    """Who keeps the key."""

    NODE = "node"
    OWN = "own"
    DEMONSTRATION = "demonstration"


def wallet(text: str) -> Wallet:
    """Any wallet; an address is lower-cased.

    Raises:
        BadValue: none of the three forms, or the zero address.
    """
    if text.startswith(DEVICE_PREFIX):
        return Wallet(DEVICE_PREFIX + reference(text[len(DEVICE_PREFIX) :]))
    if text.startswith("0x"):
        return address(text)
    return Wallet(reference(text))


def address(text: str) -> Wallet:
    """An address other than zero, lower-cased."""
    if _ADDRESS.fullmatch(text) is None:
        raise BadValue("an address is 0x and 40 hexadecimal digits", "copy the whole address")
    if text == _ZERO:
        raise BadValue("the zero address is nobody", "give the holder's address, or leave the place out")
    return Wallet(text.lower())


def device(text: str) -> Wallet:
    """A wallet that is no custodial one: an address or a demonstration device."""
    found = wallet(text)
    if custody(found) is Custody.NODE:
        raise BadValue("only an address or device:REFERENCE may stand here", f"write {DEVICE_PREFIX}{text}")
    return found


def devices(text: str) -> tuple[Wallet, ...]:
    """Wallets joined by `;`, each once, none of them custodial."""
    found = tuple(device(part) for part in text.split(";"))
    if len(set(found)) != len(found):
        raise BadValue("terminals are joined by ; and stand there once each", "take the second one out")
    return found


def custody(of: Wallet) -> Custody:
    """Who keeps the wallet's key."""
    if of.startswith("0x"):
        return Custody.OWN
    return Custody.DEMONSTRATION if of.startswith(DEVICE_PREFIX) else Custody.NODE


def device_secret(of: Wallet) -> bytes:
    """The 32-byte private key of a demonstration device.

    Anybody can compute it: nothing of worth may ever be held by such a key.

    Raises:
        ValueError: the wallet is no demonstration device.
    """
    if custody(of) is not Custody.DEMONSTRATION:
        raise ValueError(f"{of} is not a demonstration device")
    return hashlib.sha256((_SECRET_TEXT + of[len(DEVICE_PREFIX) :]).encode("ascii")).digest()
