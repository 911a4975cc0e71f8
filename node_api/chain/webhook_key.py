"""The key file that secrets of webhooks are derived from: who reads it can sign messages in this node's name."""

from __future__ import annotations

import secrets
from pathlib import Path

from node_api.chain.durable import alone, write_whole
from node_api.chain.key_errors import KeyExposed
from node_api.chain.keys import read_private
from node_api.domain.errors import WebhookKeyUnfit

FILE = "webhooks.key"
_BYTES = 32


class WebhookKey:
    """The file `webhooks.key` beside the role's key files. Implements the port `WebhookKey`."""

    def __init__(self, folder: Path) -> None:
        """Opens nothing yet."""
        self._folder, self._path, self._master = folder, folder / FILE, b""

    def read(self) -> bytes | None:
        """See the port; a file that was there is read once."""
        if not self._master and self._path.exists():
            self._master = self._opened()
        return self._master or None

    def made(self) -> bytes:
        """See the port."""
        if not self._master and not self._path.exists():
            self._make(self._path)
        master = self.read()
        assert master is not None
        return master

    def _opened(self) -> bytes:
        try:
            found = bytes.fromhex(read_private(self._path).decode("ascii").strip())
        except KeyExposed as error:
            raise WebhookKeyUnfit(str(error)) from error
        except ValueError as error:
            raise WebhookKeyUnfit(f"{FILE} is damaged: it is not hexadecimal") from error
        if len(found) != _BYTES:
            raise WebhookKeyUnfit(f"{FILE} is damaged: {len(found)} bytes, not {_BYTES}")
        return found

    def _make(self, path: Path) -> None:
        with alone(self._folder / ".lock"):
            if not path.exists():
                write_whole(path, [secrets.token_hex(_BYTES).encode()])
