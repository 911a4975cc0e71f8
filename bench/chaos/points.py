"""The moments at which a node is killed. They are put around its own methods from outside: the node knows nothing of them."""

from __future__ import annotations

import functools
import itertools
import os
import signal
import threading
from collections.abc import Callable, Mapping
from typing import Any

from eth_account.signers.local import LocalAccount
from sqlalchemy import Connection, Engine, event

from node_api.chain.redeem import Relayer
from node_api.storage.index import IndexTables
from node_api.storage.operations import Operations
from node_api.storage.outbox import Outbox as OutboxTables

IN_INDEXING, IN_REWINDING = "in indexing", "before rewinding"
AFTER_SENDING = "after sending"
_AROUND: Mapping[str, tuple[type, str, bool]] = {
    "before insert": (Operations, "add", False),
    "after insert": (Operations, "add", True),
    "after nonce": (LocalAccount, "sign_transaction", False),
    "after signing": (OutboxTables, "sending", False),
    "before sending": (OutboxTables, "sending", True),
    AFTER_SENDING: (Relayer, "send", True),
    "before receipt": (Relayer, "landed", False),
    "after receipt": (OutboxTables, "resolve", False),
    "after outcome": (OutboxTables, "resolve", True),
    IN_REWINDING: (IndexTables, "rewind", False),
}
"""Point → class, method, and whether it comes after the method or before it."""

POINTS = (*_AROUND, IN_INDEXING)
IN_INTAKES = ("before insert", "after insert")
"""Those that a process which takes in comes to, where a node has such."""


def arm(point: str, count: int, last_words: Callable[[], None] = lambda: None) -> None:
    """Has this process kill itself when it comes to the point for the `count`th time, after its last words."""
    hits = itertools.count(1)

    def reached() -> None:
        if next(hits) == count:
            last_words()
            os.kill(os.getpid(), signal.SIGKILL)

    if point == IN_INDEXING:
        _before_commit_of_a_page(reached)
        return
    owner, name, after = _AROUND[point]
    setattr(owner, name, _with(getattr(owner, name), reached, after=after))


def _with(method: Callable[..., Any], reached: Callable[[], None], *, after: bool) -> Callable[..., Any]:
    @functools.wraps(method)
    def wrapped(*arguments: Any, **named: Any) -> Any:
        if not after:
            reached()
        result = method(*arguments, **named)
        if after:
            reached()
        return result

    return wrapped


def _before_commit_of_a_page(reached: Callable[[], None]) -> None:
    """Every row of a page is written, and nothing of it committed."""
    inside = threading.local()
    append = IndexTables.append

    @functools.wraps(append)
    def wrapped(self: IndexTables, *arguments: Any) -> None:
        inside.appending = True
        try:
            append(self, *arguments)
        finally:
            inside.appending = False

    def on_commit(_: Connection) -> None:
        if getattr(inside, "appending", False):
            reached()

    event.listen(Engine, "commit", on_commit)
    setattr(IndexTables, "append", wrapped)  # noqa: B010  a method is put around, not assigned by type
