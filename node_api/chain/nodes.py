"""Several nodes of one chain as one client: read from the first that answers and keeps up, send to the first that takes it.

Where Clique's signers are reached, that is the one whose turn it is: others fetch a large transaction from it half a second
later. Sent shortly before a block, it alone makes the next one of it, and a rival that somebody seals is an empty one.

Nodes are asked by turns who they are and how far; that is no vote. Two that tell different blocks where nothing can change any
more are an alarm for people, and the node goes on reading where it read.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import structlog

from node_api.chain.profile import EngineProfile
from node_api.chain.rpc import DEFAULT_TIMEOUT, Request, RpcClient
from node_api.chain.rpc_errors import ChainError, RpcError, RpcUnavailable
from node_api.chain.rpc_values import Json, quantity, record, rows, text
from node_api.chain.sender import is_known, is_past
from node_api.domain.vitals import NodeStanding

MOST_LAG = 5
"""Blocks that a node may be behind the others and still be read from."""
LOOK_SECONDS = 1.0
_TIMEOUT_SECONDS, _LOOK_TIMEOUT_SECONDS = 10.0, 2.0
_SEND = "eth_sendRawTransaction"

T = TypeVar("T")
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Nodes that tell different blocks of one number, where nothing can change any more: hash by address."""

    number: int
    hashes: dict[str, str]

    def __str__(self) -> str:
        told = ", ".join(f"{address} says {block}" for address, block in sorted(self.hashes.items()))
        return f"block {self.number} is final, and the nodes differ about it: {told}"


class ChainNodes(RpcClient):
    """See the module. Thread-safe."""

    def __init__(
        self, readers: Sequence[str], senders: Sequence[str], *, own: tuple[int, str], profile: EngineProfile
    ) -> None:
        """Asks nothing yet.

        Args:
            readers: addresses to read from, the best first; at least one.
            senders: addresses to send to, likewise; none: the readers.
            own: chain id and genesis hash of the one chain to speak to.
            profile: what its engine asks of whoever uses it.
        """

        def client(url: str, timeout: float) -> RpcClient:
            return RpcClient(url, timeout=timeout, batch_limit=profile.batch, own=own, profile=profile)

        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._clients: dict[str, RpcClient] = {}
        self._watched: dict[str, RpcClient] = {}
        super().__init__(readers[0], batch_limit=profile.batch, own=own, profile=profile)
        sending = senders or readers
        patience = DEFAULT_TIMEOUT if {*readers, *sending} == {readers[0]} else _TIMEOUT_SECONDS
        self._clients |= {url: client(url, patience) for url in (*readers, *sending)}
        self._watched |= {url: client(url, _LOOK_TIMEOUT_SECONDS) for url in self._clients}
        self._readers = tuple(dict.fromkeys(readers))
        self._senders = tuple(dict.fromkeys(sending))
        self._order = self._readers  # the one read from first
        self._standings: tuple[NodeStanding, ...] = ()
        self._disagreement: Disagreement | None = None
        self._ailing: frozenset[str] = frozenset()  # that do not answer or keep up; sent to last
        self._signers: dict[str, str] = {}  # where each is sent to
        self._turns: tuple[str | None, ...] = ()  # the same in their order; None: not from here

    @property
    def standings(self) -> tuple[NodeStanding, ...]:
        """How every node was at the last look; empty before the first."""
        return self._standings

    @property
    def disagreement(self) -> Disagreement | None:
        """Where nodes differ about what is final; it stays until they tell the same of that block."""
        return self._disagreement

    def start(self) -> None:
        """Looks at all nodes every second, until closed."""
        self._thread = threading.Thread(target=self._watch, name="nodes", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """See `RpcClient`; also ends looking."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        for client in (*self._clients.values(), *self._watched.values()):
            client.close()

    def call(self, method: str, params: Sequence[Json] = ()) -> Json:
        """See `RpcClient`."""
        if method == _SEND:
            (outcome,) = self._hand_out([(method, params)])
            if isinstance(outcome, RpcError):
                raise outcome
            return outcome
        return self._read(lambda node: node.call(method, params))

    def try_batch(self, requests: Sequence[Request]) -> list[Json | RpcError]:
        """See `RpcClient`; a batch that sends holds nothing else."""
        if requests and requests[0][0] == _SEND:
            return self._hand_out(requests)
        return self._read(lambda node: node.try_batch(requests))

    def _read(self, ask: Callable[[RpcClient], T]) -> T:
        """Asks the first that answers; one that did not is asked last from then on, until a look finds it well again."""
        fault: RpcUnavailable | None = None
        for url in self._order:
            try:
                return ask(self._clients[url])
            except RpcUnavailable as error:
                fault = error
                self._order = (*(one for one in self._order if one != url), url)
        assert fault is not None, "there is a node to read from"
        raise fault

    def _hand_out(self, requests: Sequence[Request]) -> list[Json | RpcError]:
        """Sends to the first by their turns that answers. What that one has already is handed to the next as well.

        It may be cut off, and have it in its pool, or in blocks that nobody else will ever see. A next one that does not take it
        says nothing against the first, which has it.
        """
        fault: RpcUnavailable | None = None
        found: list[Json | RpcError] | None = None
        for url in self._by_turns():
            try:
                outcomes = self._clients[url].try_batch(requests)
            except RpcUnavailable as error:
                fault = error
                continue
            has = [isinstance(one, RpcError) and (is_known(one) or is_past(one)) for one in outcomes]
            if not all(has) and (found is None or not any(isinstance(one, RpcError) for one in outcomes)):
                return outcomes
            found = found or outcomes
        if found is not None:
            return found
        assert fault is not None, "there is a node to send to"
        raise fault

    def _by_turns(self) -> Sequence[str]:
        """Where to send, the best first: the signer of the next block but one, as the next one is being made already."""
        order, turns = self._senders, self._turns
        with contextlib.suppress(ChainError):  # who cannot read, may well send
            if turns and (first := turns[(quantity(self.call("eth_blockNumber")) + 2) % len(turns)]):
                order = (first, *(url for url in order if url != first))
        return sorted(order, key=self._ailing.__contains__)

    def _watch(self) -> None:
        while True:
            try:
                self.look()
            except Exception as error:  # noqa: BLE001  looking goes on; what is read is not touched by it
                log.warning("chain_nodes_not_looked_at", fault=f"{type(error).__name__}: {error}")
            if self._stopping.wait(LOOK_SECONDS):
                return

    def look(self) -> None:
        """Asks every node how far it is, the one read from who signs, and all about a block that is final at each of them."""
        found = {url: self._standing(node) for url, node in self._watched.items()}
        heights = {url: one.height for url, one in found.items() if one.height is not None}
        top = max(heights.values(), default=0)
        found |= {url: replace(found[url], lag=top - height) for url, height in heights.items()}
        self._standings = tuple(found.values())
        self._ailing = frozenset(url for url, one in found.items() if url not in heights or one.lag > MOST_LAG)
        self._order = tuple(dict.fromkeys([*(url for url in self._readers if url not in self._ailing), *self._order]))
        self._count_signers()
        if heights:
            self._compare(heights)

    def _standing(self, node: RpcClient) -> NodeStanding:
        try:
            return NodeStanding(node.address, quantity(node.call("eth_blockNumber")))
        except ChainError as error:
            return NodeStanding(node.address, None, fault=str(error))

    def _count_signers(self) -> None:
        """Votes change whose turn it is, and how many blocks make one final; without an answer it stays as it is."""
        if not self.profile.by_signers:
            return
        before = self.profile
        with contextlib.suppress(ChainError):
            signers = sorted(map(text, rows(self._watched[self._order[0]].call("clique_getSigners"))))
            self.profile = before.among(len(signers))
            self._turns = tuple(map(self._reached().get, signers)) if len(self._senders) > 1 else ()
        if self.profile != before:
            log.warning("chain_signers_changed", confirmations=self.profile.confirmations)

    def _reached(self) -> Mapping[str, str]:
        """Where each signer is sent to, by its account. Who told it once is not asked again, nor who does not answer."""
        for url in set(self._senders) - self._ailing - set(self._signers.values()):
            with contextlib.suppress(ChainError):
                self._signers[text(self._watched[url].call("eth_coinbase"))] = url
        return self._signers

    def _compare(self, heights: Mapping[str, int]) -> None:
        """Has the nodes tell the hash of a final block: the one they differed about before, else the newest.

        No node alone keeps the others from it: who is far behind, says that it is far ahead, or tells no block is left out.
        """
        before = self._disagreement
        most = sorted(heights.values())[-2:][0]
        newest = min(height for height in heights.values() if height >= most - MOST_LAG)
        number = max(0, newest - self.profile.confirmations) if before is None else before.number
        hashes: dict[str, str] = {}
        for url, height in heights.items():
            node = self._watched[url]
            with contextlib.suppress(ChainError):
                block = node.call("eth_getBlockByNumber", [hex(number), False]) if height >= number else None
                if block is not None:
                    hashes[node.address] = text(record(block)["hash"])
        if len(set(hashes.values())) > 1:
            self._disagreement = Disagreement(number, hashes)
            if before is None:
                log.error("chain_nodes_disagree", block=number, hashes=hashes)
        elif before is None or len(hashes) == len(before.hashes):
            self._disagreement = None
