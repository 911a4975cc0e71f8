"""The chain as an observer's watch sees it, over JSON-RPC. Implements the ports `WatchedChain` and `OtherNode`."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import time
from collections.abc import Callable

from node_api.chain.contract_notices import contract_notices
from node_api.chain.deployment.addresses import Deployment
from node_api.chain.hashing import keccak
from node_api.chain.permission_events import permission_notices
from node_api.chain.rpc import Request, RpcClient
from node_api.chain.rpc_errors import ChainError, RpcError
from node_api.chain.rpc_values import Json, data, quantity, record, rows, text
from node_api.chain.sealed_headers import sealed_header
from node_api.domain.council import Notice, SealedHeader
from node_api.domain.errors import ChainUnavailable
from node_api.domain.findings import FindingKind
from node_api.domain.ids import Hash
from node_api.services.ports.indexing import PageUnsettled
from node_api.services.ports.watching import WatchedBlock

_FULL_BLOCKS = 10
"""Blocks with all their transactions that are asked for at once: one may have megabytes."""
_QUESTION_SECONDS, _VISIT_SECONDS, _MOST_BYTES = 10.0, 30.0, 16 << 20
"""What another's node may take us: a question, all questions of a look together, and an answer."""


class WatchedNode:
    """The observer's own node."""

    def __init__(self, rpc: RpcClient, deployment: Deployment) -> None:
        """Asks nothing yet."""
        self._rpc, self._deployment = rpc, deployment
        self._known = {entry.address.lower() for entry in deployment.contracts.values()}
        self._manager = deployment.address("AccessManager")

    def head(self) -> SealedHeader:
        """See the port."""
        return sealed_header(record(self._rpc.call("eth_getBlockByNumber", ["latest", False])))

    def header(self, number: int) -> SealedHeader | None:
        """See the port."""
        block = self._rpc.call("eth_getBlockByNumber", [hex(number), False])
        return None if block is None else sealed_header(record(block))

    def blocks(self, first: int, last: int) -> list[WatchedBlock]:
        """See the port."""
        found = self._batch([("eth_getBlockByNumber", (hex(number), False)) for number in range(first, last + 1)])
        blocks = [record(block) for block in found]
        headers = [sealed_header(block) for block in blocks]
        happened = self._permissions(blocks)
        for number, notices in self._created(
            [header for header, block in zip(headers, blocks, strict=True) if block["transactions"]]
        ):
            happened.setdefault(number, []).extend(notices)
        return [WatchedBlock(header, tuple(happened.get(header.number, ()))) for header in headers]

    def codes(self) -> list[Notice]:
        """See the port."""
        return contract_notices(self._deployment, self._batch)

    def _permissions(self, blocks: list[dict[str, Json]]) -> dict[int, list[Notice]]:
        """What the AccessManager logged, by block.

        Asked by hash: by number a rival branch may answer, or a node that lags, without what these blocks hold.
        """
        some = [block for block in blocks if _may_log(data(block["logsBloom"]), data(self._manager))]
        wanted: list[Json] = [{"address": self._manager, "blockHash": text(block["hash"])} for block in some]
        answers = self._batch([("eth_getLogs", (one,)) for one in wanted])
        found = dict[int, list[Notice]]()
        for block, answer in zip(some, answers, strict=True):
            logs = list(map(record, rows(answer)))
            if any(text(log["blockHash"]).lower() != text(block["hash"]).lower() for log in logs):
                raise PageUnsettled(f"a log names block {quantity(block['number'])} by another hash")
            if logs:
                found[quantity(block["number"])] = permission_notices(logs)
        return found

    def _created(self, headers: list[SealedHeader]) -> list[tuple[int, list[Notice]]]:
        """Contracts that transactions of these blocks created, but those on record."""
        created: list[tuple[SealedHeader, str]] = []
        for at in range(0, len(headers), _FULL_BLOCKS):
            some = headers[at : at + _FULL_BLOCKS]
            answers = self._batch([("eth_getBlockByHash", (header.hash, True)) for header in some])
            for header, answer in zip(some, answers, strict=True):
                sent = map(record, rows(record(answer)["transactions"]))
                created += [(header, text(one["hash"])) for one in sent if one.get("to") is None]
        receipts = self._batch([("eth_getTransactionReceipt", (transaction,)) for _, transaction in created])
        found = [
            (header.number, self._creation(record(receipt)))
            for (header, _), receipt in zip(created, receipts, strict=True)
        ]
        return [(number, [notice]) for number, notice in found if notice is not None]

    def _creation(self, receipt: dict[str, Json]) -> Notice | None:
        address = text(receipt["contractAddress"]).lower()
        if quantity(receipt["status"]) == 0 or address in self._known:
            return None
        return (
            FindingKind.CONTRACT_CREATED,
            address,
            f"by {text(receipt['from']).lower()} in {text(receipt['transactionHash'])}",
        )

    def _batch(self, questions: list[Request]) -> list[Json]:
        """A refusal, or an empty answer, means that the chain moved meanwhile."""
        try:
            answers = self._rpc.batch(questions) if questions else []
        except RpcError as error:
            raise PageUnsettled(str(error)) from error
        if None in answers:
            raise PageUnsettled(f"no answer to {questions[answers.index(None)]}")
        return answers


class _Guarded(RpcClient):
    """Speaks to somebody who may want to stop us: a question has a deadline, and its answer a size."""

    def _post(self, connection: http.client.HTTPConnection, body: bytes) -> tuple[bytes, int]:
        """A socket's own timeout counts anew with every byte."""
        ending = threading.Timer(_QUESTION_SECONDS, _hang_up, (connection,))
        ending.daemon = True
        ending.start()
        try:
            connection.request("POST", self._path, body, self._headers)
            response = connection.getresponse()
            content = response.read(_MOST_BYTES + 1)
        finally:
            ending.cancel()
        if len(content) > _MOST_BYTES:
            raise http.client.HTTPException(f"an answer of more than {_MOST_BYTES} bytes")
        return content, response.status


def _hang_up(connection: http.client.HTTPConnection) -> None:
    with contextlib.suppress(OSError, AttributeError):  # it is over already
        connection.sock.shutdown(socket.SHUT_RDWR)


class NodeBeside:
    """A node of another organisation, at its JSON-RPC."""

    def __init__(self, url: str, own: tuple[int, str], token: str | None = None) -> None:
        """Asks nothing yet.

        Args:
            url: where it answers.
            own: the chain's id and genesis hash: nothing is asked of another chain.
            token: that it takes from us.
        """
        headers = {"Authorization": f"Bearer {token}"} if token else None
        self._rpc = _Guarded(url, timeout=_QUESTION_SECONDS, own=own, headers=headers)

    def close(self) -> None:
        """Gives back connections."""
        self._rpc.close()

    def unknown(self, known: Callable[[Hash], bool], most: int) -> list[SealedHeader]:
        """See the port."""
        found: list[SealedHeader] = []
        deadline = time.monotonic() + _VISIT_SECONDS
        try:
            block = self._rpc.call("eth_getBlockByNumber", ["latest", False])
            while block is not None and len(found) < most and time.monotonic() < deadline:
                header = sealed_header(record(block))
                if known(header.hash):
                    break
                found.append(header)
                block = self._rpc.call("eth_getBlockByHash", [header.parent, False])
        except ChainError as error:
            raise ChainUnavailable(f"{self._rpc.address}: {error}") from error
        return found


def _may_log(bloom: bytes, address: bytes) -> bool:
    """Whether a block with this bloom filter may hold a log of the address; where not, it has none (Yellow Paper, 4.3.1)."""
    digest = keccak(address)
    bits = (int.from_bytes(digest[at : at + 2], "big") % (8 * len(bloom)) for at in (0, 2, 4))
    return all(bloom[-1 - bit // 8] >> bit % 8 & 1 for bit in bits)
