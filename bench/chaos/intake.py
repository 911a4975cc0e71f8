"""A process that takes in for a node that is born to die: `vouchertrail intake`, which kills itself where it was told to.

Only the first one of a node does; the one that takes its place says so, and lives.
"""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path

import orjson

from bench.chaos.points import arm
from node_api.__main__ import cli
from node_api.chain import nodes
from node_api.chain.rpc import RpcClient

DOOM, TIMEOUT = "CHAOS_DOOM", "CHAOS_TIMEOUT"
"""Variables of the environment: point and count, and seconds that it waits for an answer of the chain."""


def main() -> None:
    """Does as told by the environment and the command line."""
    be_patient(float(os.environ[TIMEOUT]))
    doom, node = os.environ.get(DOOM), os.getppid()
    fell = Path(os.environ["VOUCHERTRAIL_DATA"]) / f"fell-{node}"
    if fell.exists():
        tell({"replaced": node})
    elif doom is not None:
        point, _, count = doom.rpartition(" ")
        arm(point, int(count), partial(_last_words, fell, node))
    cli.main(["intake", *sys.argv[1:]], prog_name="vouchertrail", standalone_mode=False)


def be_patient(seconds: float) -> None:
    """Has this process wait so long for an answer of the chain."""
    assert RpcClient.__init__.__kwdefaults__ is not None
    RpcClient.__init__.__kwdefaults__["timeout"] = seconds
    setattr(nodes, "DEFAULT_TIMEOUT", seconds)  # noqa: B010  a constant is exchanged, not assigned by type


def tell(fields: dict[str, int]) -> None:
    """A line for whoever started the node."""
    os.write(1, orjson.dumps(fields) + b"\n")


def _last_words(fell: Path, node: int) -> None:
    """For the conductor, and for the process that comes next."""
    fell.touch()
    tell({"fell": node})


if __name__ == "__main__":
    main()
