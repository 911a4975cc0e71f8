"""A node put together that only observes: chain, index and audits behind the API, and no key of its own."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

from fastapi import FastAPI

from node_api.api.application import create_api
from node_api.api.events import Streams
from node_api.api.node import Node
from node_api.api.waiting import Waiting
from node_api.app import NotStarted, error_selectors, faults_of, only_one, signing_domain, vitals
from node_api.cases import fresh_reads
from node_api.chain.handle import ChainHandle
from node_api.chain.keys import KeyRing
from node_api.chain.rpc_errors import ChainError
from node_api.config import Settings
from node_api.counting import counting
from node_api.domain.ids import Address
from node_api.following import Following
from node_api.record import Follower, Record, open_record
from node_api.services.api_keys import ApiKeyring
from node_api.services.audits import Audits
from node_api.services.rates import Rates
from node_api.storage.api_keys import ApiKeys
from node_api.storage.engine import open_database
from node_api.storage.watch import WatchTables
from node_api.telling import index_events
from node_api.watching import ALONE, Watched, opened_watch

_NOBODY = Address("0x" + "0" * 40)


@dataclass(frozen=True, slots=True)
class _Parts:
    """What has to be started and stopped."""

    record: Record
    follower: Follower
    following: Following
    watching: Following


class RunningObserver:
    """An observer: as a context manager it follows the chain; `api` answers all the while."""

    def __init__(self, api: FastAPI, keyring: ApiKeyring, parts: _Parts, resources: ExitStack) -> None:
        self.api = api
        self.keyring = keyring
        self._parts = parts
        self._resources = resources

    def __enter__(self) -> Self:
        """Brings the index up to the chain, then goes on following and watching it.

        Raises:
            ChainUnavailable: the chain does not answer.
            IndexNotReady: the index is of another chain, or of other contracts.
        """
        with ExitStack() as undo:
            undo.callback(self._resources.close)
            self._parts.follower.catch_up()
            self._parts.record.watch_nodes()
            self._parts.following.start()
            self._parts.watching.start()
            undo.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finishes what is in hand and stops."""
        for one in (self._parts.following, self._parts.watching):
            one.stop()
        self._resources.close()


def build_observer(settings: Settings, handle: ChainHandle, watched: Watched = ALONE) -> RunningObserver:
    """Puts an observer together; nothing runs until it is entered.

    Args:
        settings: the observer's settings.
        handle: its chain, which answers; it is read at its first address alone, and the nodes at the others are watched.
        watched: what the watch is told beside.

    Raises:
        NotStarted: another process serves this folder, or it holds keys.
        NotDeployed, JournalOfOtherChain: the contracts are not on this chain.
    """
    keys = KeyRing(settings.keys_folder).present()
    if keys:
        raise NotStarted(
            f"{settings.keys_folder} holds keys of {', '.join(keys)}: an observer has none, "
            "give it a folder of its own with --data"
        )
    own = replace(handle, readers=handle.readers[:1], senders=())
    others = (*watched.others, *((url, None) for url in handle.readers[1:]))
    with ExitStack() as resources:
        resources.callback(os.close, only_one(settings))
        few = settings.database_connections // 4
        durable = open_database(settings.database_url, connections=few)
        resources.callback(durable.dispose)
        many = settings.database_connections - few
        record = open_record(settings, own, open_database(settings.database_url, durable=False, connections=many))
        resources.callback(record.close)
        keyring, follower = ApiKeyring(ApiKeys(durable)), Follower(record.indexer)
        watch = resources.enter_context(opened_watch(record, replace(watched, others=others), durable))
        watching = Following(watch.look, "watch")
        parts = _Parts(record, follower, Following(follower.catch_up), watching)
        rates = resources.enter_context(counting(settings))
        api = create_api(_node(record, parts, keyring, settings, rates), ChainError)
        return RunningObserver(api, keyring, parts, resources.pop_all())


def _node(record: Record, parts: _Parts, keyring: ApiKeyring, settings: Settings, rates: Rates) -> Node:
    """What the API answers from."""
    fresh, pace = fresh_reads(record, parts.follower), record.pace(settings)
    return Node(
        fresh=fresh,
        audits=Audits(fresh, record.ledger, record.calls, record.tables),
        writes=None,
        keyring=keyring,
        waiting=Waiting(),
        signing=signing_domain(record.handle.chain_id, Address(record.deployment.address("Vouchers"))),
        error_selectors=error_selectors(),
        faults=lambda: faults_of(record, parts.follower, pace) or _watch_fault(parts.watching),
        vitals=vitals(record, pace, _NOBODY, lambda: False, lambda: 0),
        events=index_events(settings, record.engine, record.confirmations),
        findings=WatchTables(record.engine),
        streams=Streams(),
        rates=rates,
    )


def _watch_fault(watching: Following) -> dict[str, str]:
    """What keeps the observer from watching now."""
    return {} if watching.fault is None else {"watch": watching.fault}
