"""A served node whose services answer at once: what it spends is HTTP. It says its address on its first line."""

from __future__ import annotations

import logging
import queue
import secrets
import threading
import time
from collections.abc import Sequence
from dataclasses import fields, replace
from types import SimpleNamespace
from typing import Any

from node_api.api.application import create_api
from node_api.api.node import Node, Writing
from node_api.api.waiting import Waiting
from node_api.domain.access import ApiKey, ApiRole
from node_api.domain.finality import Finality
from node_api.domain.ids import Address, Hash, ProgrammeId, UnixSeconds
from node_api.domain.models import BlockRef
from node_api.domain.operations import ItemOutcome, Operation, OperationState, SpentVoucher, StateChange, WorkItem
from node_api.logs import configure_logs
from node_api.services.judging import Request
from node_api.services.operations import Submission
from node_api.services.rates import Rates
from node_api.serving import serve

_GATHER_SECONDS = 0.005
_BEGAN = 1_700_000_000_000
_BLOCK = BlockRef(7, Hash("0x" + "ab" * 32), UnixSeconds(_BEGAN // 1_000))
_KEY = ApiKey("key_measured", ApiRole.OPERATOR, None, "measured", UnixSeconds(0))


class _Services:
    """Everybody's key is an operator's; every redemption is queued, and succeeds some milliseconds later with others."""

    def __init__(self, waiting: Waiting) -> None:
        self._waiting, self._done = waiting, dict[str, Operation]()
        self._queued: queue.SimpleQueue[list[str]] = queue.SimpleQueue()
        threading.Thread(target=self._settle, name="settling", daemon=True).start()

    def callers(self, tokens: Sequence[str]) -> list[ApiKey]:
        """See `ApiKeyring`."""
        return [_KEY] * len(tokens)

    def submit(self, submissions: Sequence[Submission]) -> list[Operation]:
        """See `Redemptions`."""
        queued = [_queued(one) for one in submissions]
        self._done |= {one.id: _succeeded(one) for one in queued}
        self._queued.put([one.id for one in queued])
        return queued

    def reload(self, operations: Sequence[str]) -> list[Operation]:
        """See `Redemptions`; each is asked for once."""
        return [self._done.pop(one) for one in operations]

    def finality(self, operation: Operation) -> Finality | None:
        """See `Redemptions`; what succeeded is final."""
        return Finality.FINAL if operation.state.final else None

    def _settle(self) -> None:
        while True:
            together = self._queued.get()
            time.sleep(_GATHER_SECONDS)
            while not self._queued.empty():
                together += self._queued.get()
            self._waiting.settled(together)


def _queued(asked: Submission) -> Operation:
    history = (StateChange(OperationState.RECEIVED, _BEGAN), StateChange(OperationState.QUEUED, _BEGAN + 1))
    items = tuple(_outcome(one) for one in asked.requests)
    made = "op_" + secrets.token_hex(16)
    return Operation(
        made, asked.caller.owner, asked.key, asked.body_hash, asked.batch, OperationState.QUEUED, history, items
    )


def _outcome(request: Request) -> ItemOutcome:
    work = WorkItem(
        request.item, request.seal, Hash("0x" + "cd" * 32), Address("0x" + "ef" * 20), ProgrammeId(1), _BLOCK
    )
    return ItemOutcome(work, OperationState.QUEUED)


def _succeeded(operation: Operation) -> Operation:
    state = OperationState.SUCCEEDED
    more = StateChange(OperationState.SENT, _BEGAN + 2), StateChange(state, _BEGAN + 3)
    items = tuple(
        one._replace(
            state=state,
            transaction=Hash("0x" + "12" * 32),
            block=_BLOCK,
            spent=tuple(SpentVoucher(spend.voucher, spend.amount, 5) for spend in one.work.item.spends),
        )
        for one in operation.items
    )
    return replace(operation, state=state, history=(*operation.history, *more), items=items)


def _node() -> Node:
    """A node with what redeeming needs; there is nothing else in it."""
    waiting = Waiting()
    services = _Services(waiting)
    parts: dict[str, Any] = {field.name: None for field in fields(Node)}
    writing: dict[str, Any] = {field.name: None for field in fields(Writing)}
    parts |= {
        "writes": Writing(**(writing | {"redemptions": services})),
        "keyring": services,
        "waiting": waiting,
        "rates": Rates(0, 1, None),
    }
    parts |= {"error_selectors": {}, "vitals": SimpleNamespace(read=None)}
    return Node(**parts)


def main() -> None:
    """Serves until told to end, and logs as a node does."""
    configure_logs(logging.INFO)
    serve(create_api(_node(), ConnectionError), "127.0.0.1", 0, lambda url: print(url, flush=True))


if __name__ == "__main__":
    main()
