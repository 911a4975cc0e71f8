"""A node's figures, gathered when they are asked for."""

from collections.abc import Callable

from node_api.domain.errors import ChainUnavailable
from node_api.domain.ids import Address
from node_api.domain.vitals import ChainVitals, Vitals
from node_api.services.indexing import Indexer
from node_api.services.pace import ChainPace
from node_api.services.ports.indexing import IndexStore
from node_api.services.ports.vitals import ChainWatch, StoreWatch
from node_api.services.ports.watching import FindingReads


class NodeVitals:
    """Reads what is measured. Thread-safe; nothing is kept between two readings but counts of what never changes."""

    def __init__(
        self,
        store: StoreWatch,
        chain: ChainWatch,
        index: IndexStore,
        indexer: Indexer,
        outbox_waits: Callable[[], bool],
        unsigned: Callable[[], int],
        sender: Address,
        findings: FindingReads,
        pace: ChainPace,
    ) -> None:
        """`sender` is the relayer's account; `outbox_waits` says whether something keeps it from sending.

        `unsigned` says how many subscribers the node can sign nothing for.
        """
        self._store, self._chain, self._index = store, chain, index
        self._unsigned = unsigned
        self._indexer, self._outbox_waits, self._sender = indexer, outbox_waits, sender
        self._findings, self._pace = findings, pace

    def read(self) -> Vitals:
        """Everything as it is now; a chain that does not answer is left out."""
        at, final, watched = self._index.checkpoint(), self._pace.final(), self._findings.watched()
        return Vitals(
            store=self._store.read(self._sender),
            chain=self._ask_chain(),
            indexed=None if at is None else at.number,
            indexed_at=None if at is None else at.timestamp,
            rewinds=self._indexer.rewinds,
            outbox_waits=self._outbox_waits(),
            findings=self._findings.counts(),
            final=None if final is None else final.number,
            final_at=None if final is None else final.timestamp,
            nodes=self._chain.nodes(),
            unsigned=self._unsigned(),
            watched=None if watched is None else watched.number,
        )

    def _ask_chain(self) -> ChainVitals | None:
        try:
            return self._chain.read(self._sender)
        except ChainUnavailable:
            return None
