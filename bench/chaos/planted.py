"""Faults put into a node on purpose: what the checker must find, or it finds nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from node_api.chain.redeem import Relayer
from node_api.domain.events import Header, Page
from node_api.domain.ids import Hash
from node_api.domain.operations import Place, SentCall
from node_api.storage.index import IndexTables
from node_api.storage.outbox import Outbox as OutboxTables


def _send_before_storing() -> None:
    """Nonce and signed bytes are stored once they were sent."""
    store, send = OutboxTables.sending, Relayer.send
    waiting: dict[Hash, tuple[Any, SentCall, Sequence[Place]]] = {}

    def sending(self: OutboxTables, call: SentCall, places: Sequence[Place]) -> bool:
        waiting[call.hash] = self, call, places
        return True

    def send_first(self: Relayer, call: SentCall) -> None:
        send(self, call)
        if call.hash in waiting:
            store(*waiting.pop(call.hash))

    _put(OutboxTables, "sending", sending)
    _put(Relayer, "send", send_first)


def _checkpoint_before_rows() -> None:
    """The checkpoint of a page is committed before the page's rows are."""
    append = IndexTables.append

    def checkpoint_first(self: IndexTables, page: Page, after: Header | None, identity: str) -> None:
        append(self, replace(page, transactions=[], events=[]), after, identity)
        before = page.headers[0].number - 1
        self.rewind(before, page.headers[-1])
        append(self, page, after, identity)

    _put(IndexTables, "append", checkpoint_first)


SEND_BEFORE_STORING = "send before storing"
CHECKPOINT_BEFORE_ROWS = "checkpoint before rows"
PLANTED: Mapping[str, Callable[[], None]] = {
    SEND_BEFORE_STORING: _send_before_storing,
    CHECKPOINT_BEFORE_ROWS: _checkpoint_before_rows,
}


def _put(owner: type, name: str, method: Callable[..., object]) -> None:
    setattr(owner, name, method)
