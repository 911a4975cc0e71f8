"""The key file that secrets of webhooks are derived from: who reads it can sign messages in this node's name."""

from __future__ import annotations

import fcntl
import os
import secrets
from pathlib import Path

from node_api.chain.durable import PRIVATE_FILE, private_folder, write_whole
from node_api.chain.key_errors import KeyUnopened
from node_api.chain.keys import read_private

_BYTES = 32


class WebhookKey:
    """The file `webhooks.key` beside the role's key files. Nodes that share a database need the same one."""

    def __init__(self, folder: Path) -> None:
        """Opens nothing yet."""
        self._folder, self._master = folder, b""

    def master(self) -> bytes:
        """Its 32 bytes; made at the first call where there is no file.

        Raises:
            KeyExposed: others may read the file.
            KeyUnopened: it is damaged.
        """
        if not self._master:
            path = self._folder / "webhooks.key"
            if not path.exists():
                self._make(path)
            try:
                found = bytes.fromhex(read_private(path).decode("ascii").strip())
            except ValueError as error:
                raise KeyUnopened(f"{path.name} is damaged: it is not hexadecimal") from error
            if len(found) != _BYTES:
                raise KeyUnopened(f"{path.name} is damaged: {len(found)} bytes, not {_BYTES}")
            self._master = found
        return self._master

    def _make(self, path: Path) -> None:
        private_folder(self._folder)
        descriptor = os.open(self._folder / ".lock", os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if not path.exists():
                write_whole(path, [secrets.token_hex(_BYTES).encode()])
        finally:
            os.close(descriptor)
