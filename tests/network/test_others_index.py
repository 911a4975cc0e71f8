"""What another's voucher node says its index holds, beside an index of one's own. On a network of geth: `test_runbooks.py`.

ask → tables and block; refused, no voucher node, nobody there → said
where final → at once, or once so many blocks stand on it; not in time → said
├── its block was taken back meanwhile → asked again
└── its block is another's for good → as told
compare → equal; a row more or less, a table more or less, another block → differs, and named
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from node_api.chain.rpc import RpcClient
from node_api.network.check import DIFFERS, EQUAL, Finding
from node_api.network.others_index import IndexTold, IndexUntold, ask_index, compare_index, told_where_final
from node_api.services.indexing import digest_of
from node_api.services.ports.indexing import Digest
from tests.network.besu_answers import Answers, answering

Api = dict[str, object]
TABLES = [("batches", 2, "aa"), ("redemptions", 7, "bb")]
TOLD = IndexTold(5, "0x05", TABLES)
REFUSED = {"title": "No API key.", "detail": "no Authorization header. Rule: one. Remedy: give it."}


@pytest.fixture
def answers() -> Answers:
    """Of the own node, which is at block 8."""
    return {
        "eth_blockNumber": "0x8",
        "eth_getBlockByNumber 0x5": {"hash": "0x05"},
        "eth_getBlockByNumber 0x6": {"hash": "0x06"},
    }


@pytest.fixture
def own(answers: Answers) -> Iterator[RpcClient]:
    with answering(answers) as url, RpcClient(url) as rpc:
        yield rpc


@pytest.fixture
def serve() -> Iterator[Callable[[int, object], str]]:
    """Starts a server that answers every GET alike, if the caller bears `vt_key`."""
    servers: list[ThreadingHTTPServer] = []

    def start(status: int, body: object) -> str:
        class Voucher(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                known = self.headers["Authorization"] == "Bearer vt_key" and self.path == "/v1/audit/index"
                content = body if isinstance(body, bytes) else json.dumps(body if known else REFUSED).encode()
                self.send_response(status if known else 401)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                pass

        servers.append(ThreadingHTTPServer(("127.0.0.1", 0), Voucher))
        threading.Thread(target=servers[-1].serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_address[1]}/"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_ask__when_it_tells__then_tables_and_block(serve: Callable[[int, object], str]) -> None:
    tables = [{"table": name, "rows": rows, "digest": digest} for name, rows, digest in TABLES]
    url = serve(200, {"digest": "cc", "tables": tables, "block": {"number": 5, "hash": "0x05", "timestamp": 1}})
    assert ask_index(url, "vt_key") == TOLD
    with pytest.raises(IndexUntold, match=r"answers 401: No API key\.: no Authorization header"):
        ask_index(url, None)


@pytest.mark.parametrize(("status", "body"), [(200, b"<html>"), (200, {"tables": 1}), (404, []), (200, {"tables": []})])
def test_ask__when_it_is_no_voucher_node__then_said(
    serve: Callable[[int, object], str], status: int, body: object
) -> None:
    with pytest.raises(IndexUntold, match=f"is no voucher node: it answers {status} at /v1/audit/index"):
        ask_index(serve(status, body), "vt_key")


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "ftp://127.0.0.1", "http://[::1"])
def test_ask__when_nobody_is_there__then_said(url: str) -> None:
    with pytest.raises(IndexUntold, match="does not answer"):
        ask_index(url, "vt_key")


def test_told__when_so_many_blocks_stand_on_it__then_at_once(own: RpcClient) -> None:
    assert told_where_final(own, lambda: TOLD, 3, time.monotonic()) == TOLD


def test_told__when_they_come_in_time__then_waits_for_them(own: RpcClient, answers: Answers) -> None:
    threading.Timer(0.2, lambda: answers.update({"eth_blockNumber": "0x9"})).start()
    assert told_where_final(own, lambda: TOLD, 4, time.monotonic() + 60) == TOLD


def test_told__when_they_do_not__then_said(own: RpcClient) -> None:
    with pytest.raises(IndexUntold, match="is not 4 blocks beyond block 5 in time"):
        told_where_final(own, lambda: TOLD, 4, time.monotonic())


def test_told__when_its_block_was_taken_back__then_asked_again(own: RpcClient) -> None:
    later = IndexTold(6, "0x06", TABLES)
    told = iter([IndexTold(5, "0x50", TABLES), later])
    assert told_where_final(own, lambda: next(told), 2, time.monotonic()) == later


def test_told__when_its_block_is_another_for_good__then_as_told_and_it_differs(own: RpcClient) -> None:
    other = IndexTold(5, "0x50", TABLES)
    assert told_where_final(own, lambda: other, 3, time.monotonic()) == other
    found = compare_index(own, other, lambda _: TABLES)
    assert found == Finding("index at block 5", "of block 0x50", "the node has block 0x05", DIFFERS)


def test_compare__when_every_table_is_the_same__then_equal(own: RpcClient) -> None:
    digest = digest_of(TABLES)
    found = compare_index(own, TOLD, lambda number: {TOLD.number: TABLES}[number])
    assert found == Finding("index at block 5", digest, digest, EQUAL)


@pytest.mark.parametrize(
    ("ours", "told"),
    [
        ([TABLES[0], ("redemptions", 8, "cc")], "redemptions: 8 here, 7 there"),
        ([TABLES[0], ("redemptions", 7, "cc")], "redemptions: 7 here, 7 there"),
        ([*TABLES, ("claims", 0, "dd")], "claims: not there"),
        (TABLES[:1], "redemptions: not here"),
    ],
)
def test_compare__when_a_table_differs__then_it_is_named(own: RpcClient, ours: Digest, told: str) -> None:
    assert compare_index(own, TOLD, lambda _: ours) == Finding("index at block 5", digest_of(TABLES), told, DIFFERS)
