"""Stands in for geth: takes its arguments, answers a few methods, makes blocks by the clock, ends by SIGTERM.

Started as `stand_in.py --datadir D init GENESIS`, it makes the folder of the chain; with `--http.port P`, it runs.
A file `die` in the node's folder has it end at its next start, a file `height` holds its newest block's number, `age` its age;
it seals nothing while there is a file `resting`, and does not say who sealed what while there is a file `forgetful`.
"""

from __future__ import annotations

import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

BLOCKS_A_SECOND = 10


def value(name: str) -> str:
    return sys.argv[sys.argv.index(name) + 1]


def height() -> int:
    if Path("height").exists():
        return int(Path("height").read_text())
    return int((time.time() - json.loads(Path("../shared/network.json").read_bytes())["genesis_at"]) * BLOCKS_A_SECOND)


def answer(method: str, params: list[object]) -> object:
    validators = json.loads(Path("../shared/network.json").read_bytes())["validators"]
    if method == "eth_getBlockByNumber":
        number = height() if params[0] == "latest" else int(str(params[0]), 16)
        age = int(Path("age").read_text()) if Path("age").exists() else 0
        return {
            "number": hex(number),
            "hash": f"0x{number:064x}",
            "timestamp": hex(int(time.time()) - age),
            "totalDifficulty": hex(2 * number),
        }
    if method == "eth_mining":
        return not Path("resting").exists()
    if method == "miner_start":
        Path("resting").unlink(missing_ok=True)
    if method == "clique_getSigner":
        if Path("forgetful").exists():
            return None
        return validators[int(str(params[0]), 16) % max(1, len(validators) - 1)].lower()  # the last one is silent
    return "0x3"


class Node(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        batch = asked if isinstance(asked, list) else [asked]
        answers = [{"jsonrpc": "2.0", "id": one["id"], "result": answer(one["method"], one["params"])} for one in batch]
        body = json.dumps(answers if isinstance(asked, list) else answers[0]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def main() -> None:
    if "init" in sys.argv:
        Path(value("--datadir"), "geth", "chaindata").mkdir(parents=True)
        return
    if Path("die").exists():
        sys.exit("Fatal: the disk is of another make")
    ThreadingHTTPServer(("127.0.0.1", int(value("--http.port"))), Node).serve_forever()


main()
