"""Faults put into a node on purpose: what the checker must find, or it finds nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, delete

from node_api.api import answers
from node_api.api.routes import redemptions as redemption_routes
from node_api.chain.redeem import Relayer
from node_api.domain.events import Header, Page
from node_api.domain.ids import Hash, UnixSeconds
from node_api.domain.items import Item
from node_api.domain.models import BlockRef
from node_api.domain.operations import ItemOutcome, Operation, Place, SentCall
from node_api.domain.rules import Scene, VoucherSight, judge
from node_api.services import judging
from node_api.services import operations as taking_in
from node_api.services.indexing import Indexer
from node_api.storage import operations as stored
from node_api.storage.index import IndexTables
from node_api.storage.operation_tables import refusal_log
from node_api.storage.outbox import Outbox as OutboxTables

_EARLY_SECONDS = 400


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


def _lie() -> None:
    """Much that no kill is needed for: what is asked, kept and told differs, and the index stays behind."""
    _lose_last_of_batches()
    _tell_another_transaction()
    _forget_refusals_and_receipts()
    _have_codes_expire_early()
    _index_all_but_the_newest_block()
    _answer_every_operation_alike()


def _lose_last_of_batches() -> None:
    operation = taking_in._operation

    def shorter(*arguments: Any) -> Operation:
        whole = operation(*arguments)
        return replace(whole, items=whole.items[:-1]) if len(whole.items) > 1 else whole

    _put(taking_in, "_operation", shorter)


def _tell_another_transaction() -> None:
    fields = answers._item_fields

    def other(outcome: ItemOutcome) -> dict[str, object]:
        return {**fields(outcome), "transaction": outcome.transaction and "0x" + "00" * 32}

    _put(answers, "_item_fields", other)


def _forget_refusals_and_receipts() -> None:
    insert = stored._insert

    def forgetting(connection: Connection, operations: Sequence[Operation], _: object) -> None:
        insert(connection, operations, ())
        ids = [one.id for one in operations]
        connection.execute(delete(refusal_log).where(refusal_log.c.operation.in_(ids)))

    _put(stored, "_insert", forgetting)


def _have_codes_expire_early() -> None:
    def early(item: Item, vouchers: Sequence[VoucherSight], scene: Scene) -> object:
        return judge(item, vouchers, scene._replace(now=UnixSeconds(scene.now + _EARLY_SECONDS)))

    _put(judging, "judge", early)


def _index_all_but_the_newest_block() -> None:
    catch_up = Indexer.catch_up

    def behind(self: Indexer) -> BlockRef:
        return catch_up(self, self.head().number - 1)

    _put(Indexer, "catch_up", behind)


def _answer_every_operation_alike() -> None:
    """A redemption that was refused is answered with 200, as one that succeeded."""
    _put(redemption_routes, "is_single_refusal", lambda _: False)


SEND_BEFORE_STORING = "send before storing"
CHECKPOINT_BEFORE_ROWS = "checkpoint before rows"
LIES = "lies"
PLANTED: Mapping[str, Callable[[], None]] = {
    SEND_BEFORE_STORING: _send_before_storing,
    CHECKPOINT_BEFORE_ROWS: _checkpoint_before_rows,
    LIES: _lie,
}


def _put(owner: object, name: str, method: Callable[..., object]) -> None:
    setattr(owner, name, method)
