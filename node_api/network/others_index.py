"""The index of another organisation's voucher node, as that tells it, beside one built from the own node's chain."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import httpx
import orjson

from node_api.chain.rpc import RpcClient
from node_api.chain.rpc_errors import ChainError
from node_api.chain.rpc_values import quantity, record, text
from node_api.network.check import DIFFERS, EQUAL, UNKNOWN, Finding
from node_api.services.indexing import digest_of
from node_api.services.ports.indexing import Digest

LATER = "give --index-of and --addresses, or compare what `vouchertrail index status` says of both at one block"
_PATH = "/v1/audit/index"
_ANSWER_SECONDS = 600.0
_LOOK_EVERY = 0.5
_TIMES = 5


class IndexUntold(ChainError):
    """Another organisation's voucher node does not tell what its index holds; the message says why."""


@dataclass(frozen=True, slots=True)
class IndexTold:
    """What an index holds, and the newest block of it."""

    number: int
    hash: str
    tables: Digest


def ask_index(url: str, key: str | None) -> IndexTold:
    """Asks a voucher node, of an organisation that carries something out or only observes, for its index.

    Raises:
        IndexUntold: it does not answer, or not to this key.
    """
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    try:
        timeout = httpx.Timeout(_ANSWER_SECONDS, connect=30.0)
        answer = httpx.get(url.rstrip("/") + _PATH, headers=headers, timeout=timeout, trust_env=False)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise IndexUntold(f"{url} does not answer: {error}") from error
    try:
        told = orjson.loads(answer.content)
        if answer.status_code != httpx.codes.OK:
            raise IndexUntold(f"{url} answers {answer.status_code}: {told['title']}: {told['detail']}")
        tables = [(str(one["table"]), int(one["rows"]), str(one["digest"])) for one in told["tables"]]
        return IndexTold(int(told["block"]["number"]), str(told["block"]["hash"]).lower(), tables)
    except (KeyError, TypeError, ValueError) as error:
        raise IndexUntold(f"{url} is no voucher node: it answers {answer.status_code} at {_PATH}") from error


def told_where_final(own: RpcClient, ask: Callable[[], IndexTold], confirmations: int, until: float) -> IndexTold:
    """What another index held at a block that is final by now. It is asked again where that block was taken back meanwhile.

    Args:
        own: the node that joined.
        ask: asks for the other index.
        confirmations: blocks that must stand on one before it is final.
        until: how long to wait for them, by the monotonic clock.

    Returns: its block may still be another than the node's own: then the two follow different chains.

    Raises:
        ChainError: one of both does not answer.
        IndexUntold: no block is final in time.
    """
    for _ in range(_TIMES):
        told = ask()
        while quantity(own.call("eth_blockNumber")) < told.number + confirmations:
            if time.monotonic() > until:
                raise IndexUntold(f"{own.address} is not {confirmations} blocks beyond block {told.number} in time")
            time.sleep(_LOOK_EVERY)
        if own_hash(own, told) == told.hash:
            break
    return told


def own_hash(own: RpcClient, told: IndexTold) -> str:
    """The node's own block of that number."""
    return text(record(own.call("eth_getBlockByNumber", [hex(told.number), False]))["hash"]).lower()


def compare_index(own: RpcClient, told: IndexTold, build: Callable[[int], Digest]) -> Finding:
    """Whether the other index holds what one holds that is built from the own node; it names the tables that differ.

    Args:
        own: the node that joined.
        told: by the other.
        build: the digest of an own index up to a block of this number.

    Raises:
        ChainError: the node does not answer.
    """
    what, block = f"index at block {told.number}", own_hash(own, told)
    if block != told.hash:
        return Finding(what, f"of block {told.hash}", f"the node has block {block}", DIFFERS)
    ours = build(told.number)
    theirs = {name: (count, digest) for name, count, digest in told.tables}
    unlike = [
        f"{name}: {count:,} here, {theirs[name][0]:,} there" if name in theirs else f"{name}: not there"
        for name, count, digest in ours
        if theirs.get(name) != (count, digest)
    ]
    unlike += [f"{name}: not here" for name in theirs.keys() - {name for name, *_ in ours}]
    planned = digest_of(told.tables)
    return Finding(what, planned, ", ".join(unlike) if unlike else planned, DIFFERS if unlike else EQUAL)


def not_compared(why: str) -> Finding:
    """Where there is nothing to compare with."""
    return Finding("index", "another organisation's", f"not compared: {why}", UNKNOWN)
