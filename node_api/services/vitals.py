"""A node's figures, gathered when they are asked for."""

from node_api.domain.errors import ChainUnavailable
from node_api.domain.ids import Address
from node_api.domain.vitals import ChainVitals, Vitals
from node_api.services.indexing import Indexer
from node_api.services.outbox import Outbox
from node_api.services.ports.indexing import IndexStore
from node_api.services.ports.vitals import ChainWatch, StoreWatch


class NodeVitals:
    """Reads what is measured. Thread-safe; nothing is kept between two readings but counts of what never changes."""

    def __init__(
        self,
        store: StoreWatch,
        chain: ChainWatch,
        index: IndexStore,
        indexer: Indexer,
        outbox: Outbox,
        sender: Address,
    ) -> None:
        """`sender` is the relayer's account."""
        self._store, self._chain, self._index = store, chain, index
        self._indexer, self._outbox, self._sender = indexer, outbox, sender

    def read(self) -> Vitals:
        """Everything as it is now; a chain that does not answer is left out."""
        at = self._index.checkpoint()
        return Vitals(
            store=self._store.read(self._sender),
            chain=self._ask_chain(),
            indexed=None if at is None else at.number,
            indexed_at=None if at is None else at.timestamp,
            rewinds=self._indexer.rewinds,
            outbox_waits=self._outbox.fault is not None,
        )

    def _ask_chain(self) -> ChainVitals | None:
        try:
            return self._chain.read(self._sender)
        except ChainUnavailable:
            return None
