"""Puts together what tells the outside: the log of events, subscribers, and the worker that reaches them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Engine

from node_api.chain.contracts import custom_errors
from node_api.chain.webhook_key import WebhookKey
from node_api.config import Settings
from node_api.domain.finality import Depth, at_once
from node_api.services.subscribing import Subscribing
from node_api.services.telling import Telling
from node_api.storage.engine import open_database
from node_api.storage.event_log import IndexEvents
from node_api.storage.migrate import migrate
from node_api.storage.subscribers import Subscribers
from node_api.webhooks.post import HttpPost

_PREFIXES = ("Vouchers_", "CaseDesk_")


@dataclass(frozen=True, slots=True)
class Outside:
    """Everything put together; nothing runs yet."""

    events: IndexEvents
    subscribing: Subscribing
    telling: Telling
    post: HttpPost


def outside(settings: Settings, engine: Engine, final: Depth = at_once) -> Outside:
    """Tells of the index in a migrated database; so many blocks make one of the chain's final."""
    events = index_events(settings, engine, final)
    store, post = Subscribers(engine), HttpPost(allow_private=settings.webhooks_private)
    key = WebhookKey(settings.keys_folder)
    subscribing = Subscribing(store, events, post, key)
    return Outside(events, subscribing, Telling(store, events, post, key), post)


def index_events(settings: Settings, engine: Engine, final: Depth = at_once) -> IndexEvents:
    """What happened on chain, in order, as it is told."""
    wanted = settings.events_confirmations
    return IndexEvents(engine, _refusals(), final if wanted is None else lambda: wanted, final)


@contextmanager
def opened_subscribing(settings: Settings) -> Iterator[Subscribing]:
    """The subscribers of a node, whether it runs or not."""
    engine = open_database(settings.database_url)
    try:
        migrate(engine)
        yield outside(settings, engine).subscribing
    finally:
        engine.dispose()


def _refusals() -> dict[str, str]:
    """Name of every reason to refuse, by its selector."""
    named = {"0x" + selector.hex(): error.name for selector, error in custom_errors().items()}
    return {selector: _short(name) for selector, name in named.items()}


def _short(name: str) -> str:
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix)
    return name
