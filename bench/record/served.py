"""The record over HTTP: a node that is served on the tailed chain, whose answers it gets from this process."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import orjson

from bench.record.chain import TailedChain
from bench.redemptions.town import process
from node_api.chain.rpc_errors import RpcError
from node_api.chain.rpc_values import Json
from node_api.config import Settings


@dataclass(frozen=True, slots=True)
class Serving:
    """A node that is served: its address, its process, and the seconds from its command to its telling the address."""

    url: str
    pid: int
    seconds: float


@contextmanager
def served(chain: TailedChain, settings: Settings, database: str) -> Iterator[Serving]:
    """A node on the chain, as long as the context lasts. Its database is indexed up to there."""
    with _relayed(chain) as url:
        named = {"DATA": str(settings.data), "CHAIN_URL": url, "DATABASE": database}
        kept = {name: value for name, value in os.environ.items() if not name.startswith("VOUCHERTRAIL_")}
        environment = {**kept, **{f"VOUCHERTRAIL_{name}": value for name, value in named.items()}}
        command = [sys.executable, "-m", "node_api", "serve", "--port", "0", "--json"]
        began = time.perf_counter()
        with process(command, Path(settings.data) / "record.log", environment) as (running, line):
            yield Serving(str(orjson.loads(line)["url"]), running.pid, time.perf_counter() - began)


@contextmanager
def _relayed(chain: TailedChain) -> Iterator[str]:
    """The chain as JSON-RPC over HTTP, answered by threads of this process."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # else the body waits for the head to be acknowledged, some 40 ms

        def do_POST(self) -> None:
            asked = orjson.loads(self.rfile.read(int(self.headers["content-length"])))
            many = isinstance(asked, list)
            answers = [_answer(chain, one) for one in (asked if many else [asked])]
            body = orjson.dumps(answers if many else answers[0])
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = False  # they end with the node's connections, and are waited for

    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()


def _answer(chain: TailedChain, asked: dict[str, Json]) -> dict[str, Json]:
    head: dict[str, Json] = {"jsonrpc": "2.0", "id": asked.get("id")}
    params = asked.get("params")
    try:
        return {**head, "result": chain.call(str(asked["method"]), params if isinstance(params, list) else [])}
    except RpcError as error:
        return {**head, "error": {"code": error.code, "message": error.message}}
