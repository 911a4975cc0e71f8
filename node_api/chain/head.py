"""The chain's head as the rules need it. Implements the port `ChainHead`."""

from node_api.chain.rpc import RpcClient
from node_api.chain.rpc_errors import RpcError, RpcUnavailable
from node_api.chain.rpc_values import quantity, record, text
from node_api.domain.errors import ChainUnavailable
from node_api.domain.ids import Hash, UnixSeconds
from node_api.services.ports.chain_head import NextBlock


class Head:
    """See the port."""

    def __init__(self, rpc: RpcClient, *, movable_clock: bool) -> None:
        """Asks nothing yet.

        Args:
            rpc: the chain.
            movable_clock: the embedded chain: the next block's time is asked of the chain, since it may have been set.
                Elsewhere the newest block's time stands for it.
        """
        self._rpc = rpc
        self._tag = "pending" if movable_clock else "latest"

    def next_block(self) -> NextBlock:
        """See the port."""
        try:
            block = record(self._rpc.call("eth_getBlockByNumber", [self._tag, False]))
        except (RpcUnavailable, RpcError) as error:
            raise ChainUnavailable(str(error)) from error
        number, timestamp = quantity(block["number"]), UnixSeconds(quantity(block["timestamp"]))
        if self._tag == "pending":
            return NextBlock(timestamp, number - 1, Hash(text(block["parentHash"])))
        return NextBlock(timestamp, number, Hash(text(block["hash"])))
