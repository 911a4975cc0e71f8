"""A process that only takes redemptions in: it judges and stores them, and hands every other request to the node's own process.

It has no key and sends nothing to the chain. It hears from the node's own process what became of operations, where the index
stands, and what redemptions left as it was; whatever it does not hear it looks for.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from starlette.types import ASGIApp

from node_api.api.application import create_intake
from node_api.api.forward import Forward
from node_api.api.node import Intake
from node_api.api.tally import Tally
from node_api.api.waiting import Waiting
from node_api.cases import fresh_reads
from node_api.chain.handle import ChainHandle
from node_api.chain.limit_words import LimitWords
from node_api.chain.rpc_errors import ChainError
from node_api.chain.signing import ChainSignatures
from node_api.channel import Channel
from node_api.config import Settings
from node_api.counting import counting
from node_api.domain.finality import Finality
from node_api.domain.ids import Address, Hash
from node_api.following import FOLLOW_SECONDS
from node_api.record import Follower, Record, open_record
from node_api.services.api_keys import ApiKeyring
from node_api.services.indexing import ref_of
from node_api.services.judging import Judge
from node_api.services.operations import Redemptions
from node_api.services.queue_room import QueueRoom
from node_api.storage.api_keys import ApiKeys
from node_api.storage.engine import open_database
from node_api.storage.operations import Operations

_NUDGE_SECONDS, _ALONE_SECONDS = 0.02, 1.0
_ORPHANED = 3


class _Sender:
    """The node's own process, as one that takes in sees it. Implements `Carrier`."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self.depths: Mapping[str, str] = {}

    def wake(self) -> None:
        """See the port."""
        self._channel.tell("queued")

    def depth(self, transaction: Hash) -> Finality | None:
        """See the port."""
        found = self.depths.get(transaction)
        return None if found is None else Finality(found)


class _Beside:
    """Has the node's own process bring the index up; does so itself where that takes long. Implements `IndexFollower`."""

    def __init__(self, record: Record, channel: Channel) -> None:
        self._alone, self._channel, self._tables = Follower(record.indexer), channel, record.tables
        self._moved = threading.Condition()
        self._at: tuple[int, str] = (-1, "")

    def moved(self, number: int, hash_: str) -> None:
        """Takes note of where the index stands."""
        with self._moved:
            self._at = number, hash_
            self._moved.notify_all()

    def catch_up(self) -> None:
        """See the port."""
        head = self._alone.head()

        def there() -> bool:
            number, hash_ = self._at
            if number <= head.number:
                return hash_ == head.hash
            ours = self._tables.header(head.number)  # where the chain went back, the index stands higher, and elsewhere
            return ours is not None and ref_of(ours) == head

        with self._moved:
            if self._moved.wait_for(there, _NUDGE_SECONDS):
                return
        self._channel.tell("behind")
        with self._moved:
            if self._moved.wait_for(there, _ALONE_SECONDS):
                return
        self._alone.catch_up()


@contextmanager
def taking_in(settings: Settings, handle: ChainHandle, channel: Channel, socket: str) -> Iterator[ASGIApp]:
    """The application of a process that takes in, as long as the context lasts.

    Args:
        settings: the node's.
        handle: its chain.
        channel: to the node's own process.
        socket: of that one, for the requests handed on.
    """
    with ExitStack() as resources:
        database = open_database(settings.database_url, durable=False, connections=settings.database_connections // 2)
        record = open_record(settings, handle, database)
        resources.callback(record.close)
        record.watch_nodes()
        sender, beside, waiting, tally = _Sender(channel), _Beside(record, channel), Waiting(), Tally()
        vouchers = Address(record.deployment.address("Vouchers"))
        signatures, store = ChainSignatures(record.rpc, handle.chain_id, vouchers), Operations(record.engine)
        limits, clock = LimitWords(record.rpc, vouchers), time.time if handle.profile.steady else None
        judge = Judge(fresh_reads(record, beside), signatures, limits, store, clock)
        intake = Intake(
            keyring=ApiKeyring(ApiKeys(record.engine)),
            rates=resources.enter_context(counting(settings)),
            waiting=waiting,
            redemptions=Redemptions(
                judge, store, sender, record.pace(settings), QueueRoom(store, settings.queue_items)
            ),
        )
        threading.Thread(target=_hear, args=(channel, record, sender, beside, waiting), daemon=True).start()
        threading.Thread(target=_tell, args=(channel, tally), daemon=True).start()
        yield create_intake(intake, ChainError, Forward(socket), tally)


def _hear(channel: Channel, record: Record, sender: _Sender, beside: _Beside, waiting: Waiting) -> None:
    """Takes note of what the node's own process tells; ends with it, for nobody would send what is taken in."""
    while (message := channel.hear()) is not None:
        match message:
            case "settled", operations:
                waiting.settled(operations)
            case "left", (before, last):
                record.kept.leave(before, last)
            case "moved", (number, hash_):
                beside.moved(number, hash_)
            case "depths", depths:
                sender.depths = depths
    os._exit(_ORPHANED)


def _tell(channel: Channel, tally: Tally) -> None:
    """Tells what was answered, twice a second."""
    pause = threading.Event()
    while not pause.wait(FOLLOW_SECONDS):
        channel.tell("answered", tally.taken())
