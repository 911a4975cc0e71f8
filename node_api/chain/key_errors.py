"""Faults of key files, apart from the keys so that commands that need no key start fast."""

from __future__ import annotations


class KeyFault(Exception):
    """A key file cannot be used.

    KeyFault
    ├── KeyMissing     there is no such file
    ├── KeyExposed     others than the owner may read it
    └── KeyUnopened    password missing or wrong, or the file is damaged
    """


class KeyMissing(KeyFault):
    """The role has no key file in this folder."""


class KeyExposed(KeyFault):
    """The file's mode lets others read it."""


class KeyUnopened(KeyFault):
    """The password is missing or wrong, or the file is damaged."""
