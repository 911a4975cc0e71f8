"""Bears nodes: `vouchertrail serve` in a process of its own each, forked from one that has everything imported.

    python -m bench.chaos.node

takes one JSON line for each node (environment, log, processes that take in, where one of its processes is to die, a planted
fault) and tells its pid, its address, that it has come to where it is to die, and its end. It ends, and its node with it, when
whoever started it does.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
import time
from functools import partial
from pathlib import Path
from typing import NoReturn

import orjson

from bench.chaos.intake import DOOM, TIMEOUT, be_patient, tell
from bench.chaos.planted import PLANTED
from bench.chaos.points import IN_INTAKES, arm
from node_api.__main__ import cli
from node_api.intakes import Intakes

_LOOK_SECONDS = 0.005
_NEEDED = (
    "node_api.app",
    "node_api.serving",
    "node_api.cli.serve",
    "node_api.cli.deploy",
    "node_api.cli.keys",
    "uvloop",
    "httptools",
)
"""Imported once for all nodes: they start in a tenth of the time."""

Order = dict[str, str | int | float | dict[str, str] | None]


def main() -> None:
    """Bears one node after the other until there are no more orders."""
    for module in _NEEDED:
        importlib.import_module(module)
    starter = os.getppid()
    for line in sys.stdin:
        order = orjson.loads(line)
        child = os.fork()
        if child == 0:
            _serve(order)
        tell({"pid": child})
        tell({"ended": _end_of(child, starter)})


def _end_of(child: int, starter: int) -> int:
    """The exit code of the node, below zero for a signal."""
    while True:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        if os.getppid() != starter:
            os.kill(child, signal.SIGKILL)
            sys.exit(1)
        time.sleep(_LOOK_SECONDS)


def _serve(order: Order) -> NoReturn:
    """In the child: this is the node from here on."""
    os.environ.update(order["environment"])  # type: ignore[arg-type]
    log = os.open(Path(str(order["log"])), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 2)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    be_patient(float(str(order["timeout"])))
    intakes, point, count = int(str(order["intakes"])), order["point"], int(str(order["count"] or 0))
    if intakes:
        Intakes.command = (sys.executable, "-m", "bench.chaos.intake")
        os.environ[TIMEOUT] = str(order["timeout"])
    if intakes and point in IN_INTAKES:
        os.environ[DOOM] = f"{point} {count}"
    elif point is not None:
        arm(str(point), count, partial(tell, {"reached": os.getpid()}))
    if order["planted"] is not None:
        PLANTED[str(order["planted"])]()
    command = ["serve", "--port", "0", "--json", *(["--intake", str(intakes)] if intakes else [])]
    try:
        cli.main(command, prog_name="vouchertrail", standalone_mode=False)
    except BaseException as error:  # noqa: BLE001  a forked child never returns into its parent's program
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
        code = error.code if isinstance(error, SystemExit) and isinstance(error.code, int) else 1
        os._exit(code)
    os._exit(0)


if __name__ == "__main__":
    main()
