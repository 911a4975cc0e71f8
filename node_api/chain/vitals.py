"""How far the chain is. Implements the port `ChainWatch`."""

from node_api.chain.nodes import ChainNodes
from node_api.chain.rpc import RpcClient
from node_api.chain.rpc_errors import ChainError
from node_api.chain.rpc_values import quantity, record
from node_api.domain.errors import ChainUnavailable
from node_api.domain.ids import Address
from node_api.domain.vitals import ChainVitals, NodesVitals


class ChainFigures:
    """See the port."""

    def __init__(self, rpc: RpcClient) -> None:
        """Asks nothing yet."""
        self._rpc = rpc

    def read(self, sender: Address) -> ChainVitals:
        """See the port."""
        try:
            block, nonce = self._rpc.batch(
                [("eth_getBlockByNumber", ("latest", False)), ("eth_getTransactionCount", (sender, "latest"))]
            )
        except ChainError as error:
            raise ChainUnavailable(str(error)) from error
        head = record(block)
        return ChainVitals(quantity(head["number"]), quantity(head["timestamp"]), quantity(nonce))

    def nodes(self) -> NodesVitals:
        """See the port."""
        if not isinstance(self._rpc, ChainNodes):
            return NodesVitals()
        return NodesVitals(self._rpc.standings, self._rpc.disagreement is not None)
