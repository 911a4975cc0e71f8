"""Puts together what watches the chain itself: for an observer, and for the command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from sqlalchemy import Engine

from node_api.chain.watched import NodeBeside, WatchedNode
from node_api.record import Record
from node_api.services.watching import Watch
from node_api.storage.watch import WatchTables


@dataclass(frozen=True, slots=True)
class Watched:
    """What a watch is told beside the chain.

    Attributes:
        block_time: seconds from block to block, as the network's plan says; None without one.
        others: address of each other organisation's node whose blocks are compared, and the token it takes; None for none.
    """

    block_time: int | None = None
    others: tuple[tuple[str, str | None], ...] = ()


ALONE = Watched()


@contextmanager
def opened_watch(record: Record, watched: Watched = ALONE, engine: Engine | None = None) -> Iterator[Watch]:
    """A watch over the record's chain, as long as the context lasts.

    Args:
        record: the chain, and the node's database.
        watched: what it is told beside the chain.
        engine: the same database, durable, where the record's is not: no chain tells again that a height was sealed twice.
    """
    with ExitStack() as resources:
        others = [NodeBeside(url, record.handle.identity, token) for url, token in watched.others]
        for other in others:
            resources.callback(other.close)
        chain, store = WatchedNode(record.rpc, record.deployment), WatchTables(engine or record.engine)
        one_node = record.handle.embedded
        yield Watch(chain, store, block_time=watched.block_time, others=others, one_node=one_node)
