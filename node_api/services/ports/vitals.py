"""Where a node's figures are read."""

from typing import Protocol

from node_api.domain.ids import Address
from node_api.domain.vitals import ChainVitals, NodesVitals, StoreVitals


class StoreWatch(Protocol):
    """Counts what the database holds. Thread-safe."""

    def read(self, sender: Address) -> StoreVitals:
        """The figures now; `sender` is the relayer's account."""
        ...


class ChainWatch(Protocol):
    """Asks the chain how far it is. Thread-safe."""

    def read(self, sender: Address) -> ChainVitals:
        """The figures now; `sender` is the relayer's account.

        Raises:
            ChainUnavailable: the chain does not answer.
        """
        ...

    def nodes(self) -> NodesVitals:
        """Every node as it was at the last look at them; asks nothing."""
        ...
