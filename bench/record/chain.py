"""A real chain with a tail: blocks behind its newest one are made up, all else it answers itself."""

from __future__ import annotations

from collections.abc import Sequence

from bench.record.tail import Tail
from node_api.chain.rpc import Request, RpcClient
from node_api.chain.rpc_values import Json

_MADE_UP = ("eth_getBlockByNumber", "eth_getBlockReceipts")


class TailedChain(RpcClient):
    """JSON-RPC to the chain; state of a made-up block is the chain's newest."""

    def __init__(self, url: str, tail: Tail) -> None:
        super().__init__(url)
        self._tail = tail

    def call(self, method: str, params: Sequence[Json] = ()) -> Json:
        """See `RpcClient`."""
        if method in _MADE_UP and self._is_behind(params[0]):
            return self._answer(method, params[0])
        return super().call(method, [self._known(param) for param in params])

    def batch(self, requests: Sequence[Request]) -> list[Json]:
        """See `RpcClient`."""
        own = [method in _MADE_UP and self._is_behind(params[0]) for method, params in requests]
        rest = [
            (method, [self._known(param) for param in params])
            for (method, params), made_up in zip(requests, own, strict=True)
            if not made_up
        ]
        answers = iter(super().batch(rest))
        return [
            self._answer(method, params[0]) if made_up else next(answers)
            for (method, params), made_up in zip(requests, own, strict=True)
        ]

    def _is_behind(self, block: Json) -> bool:
        return block == "latest" or self._number(block) > self._tail.base.number

    def _answer(self, method: str, block: Json) -> Json:
        number = self._tail.head if block == "latest" else self._number(block)
        if number > self._tail.head:
            return None
        return self._tail.block(number) if method == "eth_getBlockByNumber" else self._tail.receipts(number)

    def _known(self, param: Json) -> Json:
        """Block numbers of the tail become `latest`; slots, addresses and calls are none."""
        is_number = isinstance(param, str) and param.startswith("0x") and len(param) < len("0x") + 16
        return "latest" if is_number and self._number(param) > self._tail.base.number else param

    @staticmethod
    def _number(block: Json) -> int:
        return int(str(block), 16)
