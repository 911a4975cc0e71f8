"""A node that answers over HTTP as Besu's documentation has it: forms and examples of its pages on JSON-RPC methods.

https://besu.hyperledger.org/private-networks/reference/api (`qbft_…`, `perm_…`, `clique_…`) and
https://besu.hyperledger.org/public-networks/reference/api (`eth_…`, `net_…`, `web3_…`).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answers = dict[str, object]
NOT_ENABLED = {"code": -32604, "message": "Method not enabled"}


@contextmanager
def answering(answers: Answers, token: str | None = None) -> Iterator[str]:
    """Serves these results by method, or by `method argument`; a method without one is not enabled.

    A result that is a `ValueError` is given as the error of its text. With a token, callers must bear it.
    """

    class Node(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if token is not None and self.headers["Authorization"] != f"Bearer {token}":
                self._send(
                    {"jsonrpc": "2.0", "id": asked["id"], "error": {"code": -40100, "message": "Unauthorized"}}, 401
                )
                return
            first = f"{asked['method']} {asked['params'][0]}" if asked["params"] else asked["method"]
            found = answers.get(first, answers.get(asked["method"], NOT_ENABLED))
            if isinstance(found, ValueError):
                found = {"code": -32000, "message": str(found)}
            part = "error" if isinstance(found, dict) and "message" in found else "result"
            self._send({"jsonrpc": "2.0", "id": asked["id"], part: found})

        def _send(self, answer: dict[str, object], status: int = 200) -> None:
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Node)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
