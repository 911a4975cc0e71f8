"""What can go wrong between the node and a chain.

ChainError
├── ForeignChain          another chain answers than the node's own
├── RpcError              the chain answered, and said no
├── RpcProtocolError      the answer is not JSON-RPC
└── RpcUnavailable        nobody answered
    └── RpcTimeout        nobody answered in time: the request may have been carried out
"""

from __future__ import annotations

from typing import Self


class ChainError(Exception):
    """Root of every fault of the chain and of the way to it."""


class ForeignChain(ChainError):
    """Another chain than the recorded one answers at the address. Nothing was written to it."""

    @classmethod
    def at(cls, address: str, what: str, theirs: object, ours: object) -> Self:
        """For a chain whose `what` is another than the node's own."""
        return cls(
            f"another chain answers at {address}: its {what} is {theirs}, this node's is {ours}. "
            "Point the node at its own chain, or use a new data folder for this one."
        )


class RpcError(ChainError):
    """The chain refused a request.

    Attributes:
        method: JSON-RPC method that was refused.
        code: error code of the chain, e.g. -32601 for an unknown method, 3 for a revert.
        data: what the chain sent with it: for a revert the ABI-encoded custom error as 0x-hex, else empty.
    """

    def __init__(self, method: str, code: int, message: str, data: str = "") -> None:
        super().__init__(f"{method}: {message} (code {code})")
        self.method = method
        self.code = code
        self.message = message
        self.data = data


class RpcProtocolError(ChainError):
    """What answered does not speak JSON-RPC: a proxy's page, a torn body, an answer to another question."""


class RpcUnavailable(ChainError):
    """No connection, or it broke before an answer came. Whether the request was carried out is unknown."""


class RpcTimeout(RpcUnavailable):
    """No answer within the time-out. The request may have been carried out: look before sending again."""
