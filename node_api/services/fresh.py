"""Readers that stand on the chain's newest block."""

from collections.abc import Iterator
from contextlib import contextmanager

from node_api.domain.errors import IndexNotReady
from node_api.domain.ids import UnixSeconds
from node_api.services.ports.auditing import AuditReader, AuditReads
from node_api.services.ports.chain_head import ChainHead, IndexFollower
from node_api.services.ports.reading import IndexEmpty


class FreshReads:
    """Brings the index up to the chain before it is read, where it is behind. Thread-safe.

    One question to the chain tells both the time of the next block and whether the index stands on the newest one.
    """

    def __init__(self, reads: AuditReads, head: ChainHead, follower: IndexFollower) -> None:
        self._reads = reads
        self._head = head
        self._follower = follower

    @contextmanager
    def open(self) -> Iterator[tuple[AuditReader, UnixSeconds]]:
        """A reader on the newest block, and the time of the next one.

        Raises:
            ChainUnavailable: the chain does not answer.
            IndexNotReady: nothing was indexed yet.
        """
        head = self._head.next_block()
        try:
            with self._reads.at_head() as reader:
                if reader.block.hash == head.head_hash:
                    yield reader, head.timestamp
                    return
        except IndexEmpty:
            pass
        self._follower.catch_up()
        try:
            with self._reads.at_head() as reader:
                yield reader, head.timestamp
        except IndexEmpty as error:
            raise IndexNotReady("the index holds no block") from error
