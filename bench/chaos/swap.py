"""Another chain, of the same id, behind the address of the node's own."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http import HTTPStatus
from urllib.parse import urlsplit

from bench.chaos.place import Ground
from node_api.chain.anvil import kill, start_anvil
from node_api.chain.rpc import RpcClient

FOREIGN = b"another chain answers"
_SECONDS = 10.0


@contextmanager
def another_chain(place: Ground) -> Iterator[RpcClient]:
    """An empty one that makes a block of whatever it is sent; call it from the main thread."""
    folder = place.settings.data / "another-chain"
    folder.mkdir(exist_ok=True)
    options = replace(place.settings.embedded_chain(), folder=folder)
    process, rpc = start_anvil(options, int(time.time()), None)
    try:
        yield rpc
    finally:
        rpc.close()
        kill(process)


def says_foreign(node: str) -> bool:
    """Whether the node is not ready, and says that it is for another chain."""
    address = urlsplit(node)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=_SECONDS)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        return answer.status == HTTPStatus.SERVICE_UNAVAILABLE and FOREIGN in answer.read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
