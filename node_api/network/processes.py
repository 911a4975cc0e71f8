"""The nodes of a network on this machine: what their supervisor says of them, and how it is started and stopped."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from node_api.chain.apart import leave_running
from node_api.chain.durable import private_folder, write_whole
from node_api.chain.status import supervisor_pid
from node_api.network.faults import NetworkFault
from node_api.network.plan import Engine, Network
from node_api.network.start_files import PROGRAMS

STOP_SECONDS = 120.0
_LOCAL, _STATUS, _LOG = "local", "supervisor.json", "supervisor.log"
_LOOK_EVERY = 0.05
NO_WATCH = "--no-watch"
"""Has a supervisor run the nodes without the watch for stalls."""


class NotRunning(NetworkFault):
    """The nodes cannot be started, or do not run."""


@dataclass(frozen=True, slots=True)
class Process:
    """The process of a node, or of a watch over the nodes.

    Attributes:
        name: of the node, or the watch.
        pid: 0 while it is not running.
        restarts: how often it died and was started anew.
        given_up: whether it died too often to be started again.
    """

    name: str
    pid: int
    restarts: int = 0
    given_up: bool = False


def local_folder(folder: Path) -> Path:
    """Where the supervisor of a network keeps its lock, its log and what it says."""
    return folder.resolve() / _LOCAL


def node_log(folder: Path, name: str) -> Path:
    """What a node printed."""
    return local_folder(folder) / f"{name}.log"


def paused(folder: Path, name: str) -> Path:
    """A file that is there while the node is to stand still."""
    return local_folder(folder) / "paused" / name


def find_program(engine: Engine, named: Path | None) -> Path:
    """The program that runs nodes: the named one, else the one on PATH, else the one `make geth` built.

    Raises:
        NotRunning: there is none; the message says how to get it.
    """
    name = PROGRAMS[engine]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    built = sorted(cache.glob(f"vouchertrail/{name}-*/{name}"))
    found = named or shutil.which(name) or (built[-1] if built else None)
    if found is None or not os.access(found, os.X_OK):
        how = "run `make geth` in the project, or " if engine is Engine.GETH_CLIQUE else ""
        what = f"{found} is not an executable file" if found else f"there is no {name}"
        raise NotRunning(f"{what}: {how}put {name} on PATH, or name it with {name.upper()}")
    return Path(found).resolve()


def running(folder: Path) -> dict[str, Process] | None:
    """The processes of the network's nodes, as their living supervisor says; None where none lives."""
    return _told(folder, "nodes")


def watching(folder: Path) -> dict[str, Process] | None:
    """The processes that watch over the nodes, as `running`; a supervisor of another release may say nothing of them."""
    return _told(folder, "watches")


def _told(folder: Path, what: str) -> dict[str, Process] | None:
    place = local_folder(folder)
    pid = supervisor_pid(place)
    try:
        found = orjson.loads((place / _STATUS).read_bytes())
    except FileNotFoundError:
        return None
    return {one["name"]: Process(**one) for one in found.get(what, ())} if pid and found["pid"] == pid else None


def tell(folder: Path, nodes: list[Process], watches: list[Process]) -> None:
    """Says how nodes and watches are; called by the supervisor alone."""
    said = {"pid": os.getpid(), "nodes": list(map(asdict, nodes)), "watches": list(map(asdict, watches))}
    write_whole(local_folder(folder) / _STATUS, [orjson.dumps(said, option=orjson.OPT_INDENT_2)])


def start(folder: Path, network: Network, program: Path, *, watch: bool = True) -> bool:
    """Starts the supervisor, where none lives, as a session of its own; says whether it did. It watches for stalls, or does not.

    Raises:
        NotRunning: a key is missing here, so that a node could not run.
    """
    for node in network.nodes:
        place = folder / node.seat.organisation.name / node.seat.role
        if not (place / "node.key").exists():
            raise NotRunning(f"{node.seat.name} has its keys elsewhere: start it there, with {place / 'start.sh'}")
    if supervisor_pid(local_folder(folder)) is not None:
        return False
    for still in paused(folder, "").glob("*"):
        still.unlink()
    command = [sys.executable, "-m", "node_api.network.supervisor", str(folder.resolve()), str(program)]
    command += [] if watch else [NO_WATCH]
    leave_running(command, private_folder(local_folder(folder)) / _LOG)
    return True


def start_anew(folder: Path, name: str) -> None:
    """Ends a node, which the supervisor starts again: it dials all its peers at once, and both sides tell of their branch.

    geth fetches a heavier one only from a peer that tells of it, which it does when it connects and when it has sealed.
    """
    process = (running(folder) or {}).get(name)
    if process is not None and process.pid:
        with suppress(ProcessLookupError):  # it has ended by itself
            os.kill(process.pid, signal.SIGTERM)


def stop(folder: Path) -> bool:
    """Stops the nodes in good order, and their supervisor; says whether they ran.

    Raises:
        NotRunning: they still run after two minutes.
    """
    place, deadline = local_folder(folder), time.monotonic() + STOP_SECONDS
    first = pid = supervisor_pid(place)
    while pid is not None and pid == first:
        if running(folder) is not None:  # it has its handlers set
            os.kill(pid, signal.SIGTERM)
        if time.monotonic() > deadline:
            raise NotRunning(f"the supervisor (pid {pid}) did not stop within {STOP_SECONDS:g} s")
        time.sleep(_LOOK_EVERY)
        pid = supervisor_pid(place)
    return first is not None
