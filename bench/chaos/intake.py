"""A process that takes in for a node that is born to die: `vouchertrail intake`, which kills itself where it was told to.

Only the first one of a node does; the one that takes its place lives.
"""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path

import orjson

from bench.chaos.points import arm
from node_api.__main__ import cli
from node_api.chain.rpc import RpcClient

DOOM, TIMEOUT = "CHAOS_DOOM", "CHAOS_TIMEOUT"
"""Variables of the environment: point and count, and seconds that it waits for an answer of the chain."""


def main() -> None:
    """Does as told by the environment and the command line."""
    assert RpcClient.__init__.__kwdefaults__ is not None
    RpcClient.__init__.__kwdefaults__["timeout"] = float(os.environ[TIMEOUT])
    doom = os.environ.get(DOOM)
    fell = Path(os.environ["VOUCHERTRAIL_DATA"]) / f"fell-{os.getppid()}"
    if doom is not None and not fell.exists():
        point, _, count = doom.rpartition(" ")
        arm(point, int(count), partial(_last_words, fell))
    cli.main(["intake", *sys.argv[1:]], prog_name="vouchertrail", standalone_mode=False)


def _last_words(fell: Path) -> None:
    """Tells whoever started the node, and the one that comes next."""
    fell.touch()
    os.write(1, orjson.dumps({"fell": os.getpid()}) + b"\n")


if __name__ == "__main__":
    main()
