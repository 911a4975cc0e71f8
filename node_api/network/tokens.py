"""Tokens of those who may read from a node through its gateway: a file of names and hashes; a token is shown once."""

from __future__ import annotations

import hashlib
import re
import secrets
from pathlib import Path

from node_api.chain.durable import write_whole
from node_api.chain.keys import read_private
from node_api.network.create import held
from node_api.network.faults import NetworkFault

PREFIX = "vtn_"
_NAME = re.compile(r"[a-z][a-z0-9-]{0,29}")
_LINE = re.compile(r"([a-z][a-z0-9-]{0,29}) ([0-9a-f]{64})")


class TokensUnusable(NetworkFault):
    """The file holds no tokens, or cannot be read."""


def make_token(file: Path, name: str) -> str:
    """A new token for whoever has this name, in the place of an older one; only its hash is kept.

    Raises:
        TokensUnusable: the name, or a line of the file, is not of its form.
        KeyExposed: others may read the file.
    """
    if not _NAME.fullmatch(name):
        raise TokensUnusable(f"{name!r}: a name has 1 to 30 small letters, digits and dashes, a letter first")
    token = PREFIX + secrets.token_urlsafe(32)
    with held(file.resolve().parent):
        _write(file, {**_known(file), name: hashlib.sha256(token.encode()).digest()})
    return token


def drop_token(file: Path, name: str) -> bool:
    """Takes a token back; says whether there was one. A gateway that runs has to be started anew.

    Raises: as `make_token`.
    """
    with held(file.resolve().parent):
        known = _known(file)
        there = known.pop(name, None) is not None
        _write(file, known)
    return there


def read_tokens(file: Path) -> dict[str, bytes]:
    """SHA-256 of each token by name.

    Raises:
        TokensUnusable: there is none: nobody could read.
        KeyExposed: others may read the file.
    """
    known = _known(file)
    if not known:
        raise TokensUnusable(f"{file} holds no token: make one with `vouchertrail network token {file} NAME`")
    return known


def _known(file: Path) -> dict[str, bytes]:
    if not file.exists():
        return {}
    found: dict[str, bytes] = {}
    for line in read_private(file).decode("ascii", "replace").splitlines():
        parts = _LINE.fullmatch(line)
        if parts is None:
            raise TokensUnusable(f"{file}: a line is a name and 64 hexadecimal digits")
        found[parts[1]] = bytes.fromhex(parts[2])
    return found


def _write(file: Path, tokens: dict[str, bytes]) -> None:
    write_whole(file, ["".join(f"{name} {digest.hex()}\n" for name, digest in sorted(tokens.items())).encode()])
